"""The argument parser of each command, as the command itself makes it."""

import argparse
import importlib
import inspect
from collections.abc import Callable
from typing import Any, NoReturn
from unittest import mock

from heatproof.cli import COMMANDS


class _MadeError(Exception):
    """A program has made its parser, and was about to read its command line."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


def of_commands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command of `heatproof`, by name."""
    return {
        name: of_module(module, f"heatproof {name}", purpose)
        for name, (module, purpose) in COMMANDS.items()
    }


def of_module(module: str, prog: str, purpose: str = "") -> argparse.ArgumentParser:
    """Return the parser that a module's `main` reads its command line with.

    A program without options makes none there (`run.command.start` does): it gets a plain one.
    """
    program = importlib.import_module(module)
    plain = argparse.ArgumentParser(prog=prog, description=purpose)
    if "argparse" not in inspect.getsource(program):
        return plain
    parser = _made_by(program.main)
    parser.prog = prog
    return parser


def _made_by(main: Callable[[], Any]) -> argparse.ArgumentParser:
    def caught(parser: argparse.ArgumentParser, *_: Any, **__: Any) -> NoReturn:
        raise _MadeError(parser)

    with mock.patch.object(argparse.ArgumentParser, "parse_args", caught):
        try:
            main()
        except _MadeError as made:
            return made.parser
    raise TypeError(f"{main.__module__}.main reads no command line")
