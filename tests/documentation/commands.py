"""Whether a shell command of the documentation would be accepted: nothing of it is run."""

import ast
import contextlib
import importlib.util
import io
import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import yaml
from dvc.cli.parser import get_main_parser

from heatproof.cli import COMMANDS
from tests.scratch import ROOT, real_params
from tools.reference import make_targets, parsers

_ASSIGNMENT = re.compile(r"([A-Z_]+)=(.*)")
# Programs that need no more than to be there.
_PLAIN = ("cd", "source", "git", "export", "mkdir", "cp", "docker", "xdg-open")


class WrongCommandError(Exception):
    """A command that would be refused, and why."""


def check(script: str) -> int:
    """Check each command of a script, and return how many there are.

    Raises:
        WrongCommandError: one would be refused, or is of a program that is not known here.
    """
    commands = list(_commands(script))
    for words in commands:
        _check(words)
    return len(commands)


def _commands(script: str) -> Iterator[list[str]]:
    """Yield the words of each command, without the variables that are set for it."""
    for line in script.replace("\\\n", " ").splitlines():
        command: list[str] = []
        for word in [*shlex.split(line, comments=True), "&&"]:
            if word != "&&":
                command.append(word)
                continue
            while command and _ASSIGNMENT.fullmatch(command[0]):
                command.pop(0)
            if command:
                yield command
            command = []


def _check(words: list[str]) -> None:
    program, *rest = words
    name = program.rpartition("/")[2]
    if name in _PROGRAMS:
        _PROGRAMS[name](rest)
    elif name not in _PLAIN:
        raise WrongCommandError(f"{program}: what would accept it is not known to this test")


def _make(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for word in words:
        assignment = _ASSIGNMENT.fullmatch(word)
        if assignment is None and word not in make_targets.targets():
            raise WrongCommandError(f"make {word}: no such target")
        if assignment and not re.search(rf"\$[({{]{assignment[1]}\b", makefile):
            raise WrongCommandError(f"make {word}: the Makefile has no {assignment[1]}")
        if assignment and assignment[1] in ("TARGET", "CELL"):
            _stage_or_cell(assignment[2])


def _heatproof(words: list[str]) -> None:
    name, *options = words
    if name not in COMMANDS:
        raise WrongCommandError(f"heatproof {name}: no such command")
    if "--study" in options and name != "explain-image":
        place = options.index("--study")
        del options[place : place + 2]
    given = _parsed(_parsers()[name], options, f"heatproof {name}")
    for each in [getattr(given, "cell", None), *getattr(given, "targets", ())]:
        if each:
            _stage_or_cell(each)
    for model in filter(None, getattr(given, "models", "").split(",")):
        if model not in real_params()["models"]:
            raise WrongCommandError(f"heatproof {name} --models {model}: no such model")


def _dvc(words: list[str]) -> None:
    given = _parsed(get_main_parser(), words, "dvc")
    for change in getattr(given, "set_param", None) or ():
        _parameter(change.partition("=")[0])
    if words[0] in ("repro", "exp"):
        for target in getattr(given, "targets", None) or ():
            _stage_or_cell(target)


def _python(words: list[str]) -> None:
    if words[0] == "-c":
        ast.parse(words[1])
        return
    if words[:1] != ["-m"]:
        raise WrongCommandError(f"python {words[0]}: the documentation calls modules, with -m")
    module, *options = words[1:]
    if module == "pip":
        _pip(options)
    elif module not in ("venv", "notebook") and importlib.util.find_spec(module) is None:
        raise WrongCommandError(f"python -m {module}: no such module")


def _pip(words: list[str]) -> None:
    for option, name in pairwise(words):
        if option == "-r" and not (ROOT / name).is_file():
            raise WrongCommandError(f"pip install -r {name}: no such file")


_PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    "make": _make, "heatproof": _heatproof, "dvc": _dvc, "pip": _pip,
    "python": _python, "python3": _python,
}  # fmt: skip


def _parsed(parser: Any, words: list[str], name: str) -> Any:
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told), contextlib.redirect_stdout(told):
            return parser.parse_args(words)
    except SystemExit as end:
        if end.code in (0, None):  # --help
            return None
        raise WrongCommandError(f"{name} {shlex.join(words)}: {told.getvalue()}") from end
    except Exception as error:
        raise WrongCommandError(f"{name} {shlex.join(words)}: {error}") from error


def _stage_or_cell(name: str) -> None:
    """Refuse a stage, or what a stage is of, that neither the study nor an example has."""
    stage, _, entry = name.partition("@")
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]
    if not ((stage in stages and (not entry or entry in _entries())) or name in _entries()):
        raise WrongCommandError(f"{name}: no such stage, cell, run or dataset")


@cache
def _entries() -> set[str]:
    study = real_params()
    lists = ("cells", "runs", "derived", "datasets", "corrupted", "evaluate_on")
    entries = {name for each in lists for name in study.get(each, {})}
    entries |= {f"{cell}-on-{domain}" for cell in study["cells"] for domain in study["datasets"]}
    for path in (ROOT / "examples").glob("*/study.yaml"):
        example = yaml.safe_load(path.read_text("utf-8"))
        entries |= {f"{m}-{d}" for m in example["models"] for d in example["datasets"]}
    return entries


def _parameter(key: str) -> None:
    value: Any = real_params()
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            raise WrongCommandError(f"-S {key}: params.yaml has no such key")
        value = value[part]


@cache
def _parsers() -> dict[str, Any]:
    return parsers.of_commands()
