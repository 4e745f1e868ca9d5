"""The argument parser of each command, as the command itself makes it."""

import argparse
import importlib
import inspect
import runpy
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn
from unittest import mock

from heatproof.cli import COMMANDS
from heatproof.run import command


class _StartedError(Exception):
    """A program has started as `run.command.start` is told to, with what it is told."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told


class _MadeError(Exception):
    """A program has made its parser, and was about to read its command line."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


def of_commands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command of `heatproof`, by name."""
    return {name: of_module(module) for name, (module, _) in COMMANDS.items()}


def of_module(module: str) -> argparse.ArgumentParser:
    """Return the parser that a program reads its command line with.

    One without arguments makes none itself: `run.command.start` does, as it is told.
    """
    program = importlib.import_module(module)
    told = _started(program)
    if "purpose" in told:
        return command.without_arguments(told["purpose"], told["prog"])
    return _made_by(program.main)


def _started(program: ModuleType) -> dict[str, Any]:
    """Return what a program tells `run.command.start`, at its top, where it is stopped."""

    def caught(_: str, **told: Any) -> NoReturn:
        raise _StartedError(told)

    with mock.patch.object(command, "start", caught):
        try:
            runpy.run_path(str(inspect.getsourcefile(program)), run_name="__main__")
        except _StartedError as started:
            return started.told
    raise TypeError(f"{program.__name__} is no program")


def _made_by(main: Callable[[], Any]) -> argparse.ArgumentParser:
    def caught(parser: argparse.ArgumentParser, *_: Any, **__: Any) -> NoReturn:
        raise _MadeError(parser)

    with mock.patch.object(argparse.ArgumentParser, "parse_args", caught):
        try:
            main()
        except _MadeError as made:
            return made.parser
    raise TypeError(f"{main.__module__}.main reads no command line")
