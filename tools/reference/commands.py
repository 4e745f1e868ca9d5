"""The reference of the command line: commands from their parsers, stages from dvc.yaml."""

import argparse
import os
import re
from pathlib import Path
from unittest import mock

from heatproof.cli import COMMANDS
from heatproof.config.yaml_file import read_yaml
from tools.reference import parsers
from tools.reference.markdown import sentence, table, text

STAGES = Path("dvc.yaml")
# What one of a stage's entries is called, by the list of params.yaml; else it is a cell.
_ENTRIES = {"datasets": "dataset", "runs": "run", "evaluate_on": "cell-on-domain"}


def page() -> str:
    """Return the page."""
    overview = [
        (f"[`heatproof {name}`](#{name})", text(what)) for name, (_, what) in COMMANDS.items()
    ]
    parts = [
        "# Commands\n\nCalled in a study’s folder; `--study FOLDER` after a command names another. "
        "`heatproof --version` prints the version, `heatproof COMMAND --help` what stands here.\n",
        table(("command", "what it does"), overview),
    ]
    # Help is wrapped at the terminal's width.
    with mock.patch.dict(os.environ, {"COLUMNS": "90"}):
        parts += [_command(name, parser) for name, parser in parsers.of_commands().items()]
    stages = [(f"`{name}`", text(what)) for name, what in _stages()]
    parts += [
        "\n## Stages\n\nWhat DVC runs. `heatproof repro STAGE` runs one with those before it, such "
        "as `heatproof repro train@simple_cnn-digits`.\n",
        table(("stage", "what it does"), stages),
    ]
    return "\n".join(parts)


def _command(name: str, parser: argparse.ArgumentParser) -> str:
    first = "usage: "
    usage = parser.format_usage().strip().replace(f"\n{' ' * len(first)}", "\n")
    parts = [
        f"\n## heatproof {name} {{ #{name} }}\n",
        text(sentence(" ".join((parser.description or "").split()))),
        f"\n```text\n{usage.removeprefix(first)}\n```\n",
    ]
    parts += [
        f"{_called(action)}\n:   {text(explained(parser, action))}\n"
        for action in arguments(parser)
    ]
    return "\n".join(parts)


def arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return a parser's arguments and options, without `--help` and those that are hidden.

    In the place of commands of its own are these, each followed by its options.
    """
    found: list[argparse.Action] = []
    for each in parser._actions:
        if isinstance(each, argparse._SubParsersAction):
            for command in each._choices_actions:
                found += [command, *arguments(each.choices[command.dest])]
        elif each.dest != "help" and each.help != argparse.SUPPRESS:
            found.append(each)
    return found


def explained(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return an option's help as a sentence, with its default where it has one worth telling."""
    words = (action.help or "") % {**vars(action), "prog": parser.prog}
    value = _value(action.default) if action.default else ""
    default = f" (default: {value})" if value and value not in words else ""
    return sentence(f"{words}{default}")


def _called(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{action.metavar or action.dest}`"
    value = "" if action.nargs == 0 else f" {_metavar(action)}"
    return ", ".join(f"`{option}{value}`" for option in action.option_strings)


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, tuple):
        return " ".join(action.metavar)
    choices = f"{{{','.join(map(str, action.choices))}}}" if action.choices else ""
    name = action.metavar or choices or action.dest.upper()
    return f"{name} …" if action.nargs in ("+", "*") else name


def _value(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _stages() -> list[tuple[str, str]]:
    """Return each stage's name, with what stands for its entry, and what it does."""
    listed = []
    for name, stage in read_yaml(STAGES)["stages"].items():
        inner = stage.get("do", stage)
        each = stage.get("foreach", "").strip("${}")
        entry = _ENTRIES.get(each, "cell")
        words = re.sub(r"\$\{(?:item\.)?(\w+)\}", r"<\1>", inner["desc"])
        listed.append((f"{name}@<{entry}>" if each else name, words.replace("<key>", f"<{entry}>")))
    return listed
