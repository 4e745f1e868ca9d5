"""The command `heatproof`: what a study's folder offers, by name."""

import argparse
import os
import sys
from importlib import metadata
from pathlib import Path

from heatproof.run import ending, study_folder
from heatproof.run.errors import UserError, require_known

# By name: the program that does it, and what it does.
COMMANDS = {
    "new": ("heatproof.new.command", "make a study of your own pictures, in a new folder"),
    "explain-model": (
        "heatproof.new.explain_model",
        "explain a Keras network that you have, in a study of its own",
    ),
    "update": ("heatproof.new.update", "bring a study's stages up to this version of heatproof"),
    "demo": ("tools.demo", "run the whole pipeline on bundled digits, in demo/"),
    "repro": ("tools.repro", "run the study, or the stages named"),
    "cluster": ("tools.cluster", "run the study on a Ray cluster, or see how it stands there"),
    "sweep": ("tools.sweep", "compare values of parameters as DVC experiments"),
    "tune": ("tools.tune", "search for better parameters of a cell, by validation images alone"),
    "experiments": ("tools.experiments", "write a page that compares all DVC experiments"),
    "compare": (
        "tools.compare",
        "write a page on two studies, or two versions of one: parameters, accuracy, maps",
    ),
    "report": ("stages.report", "write the report again from the results that are there"),
    "report-single": ("tools.single_file", "put the report into one HTML file"),
    "app": ("heatproof.app.command", "explain pictures of your own on a page in the browser"),
    "explain-image": ("heatproof.explain_image", "explain images of your own by a trained network"),
    "verify": ("tools.verify", "run a cell again and compare it with dvc.lock"),
    "export": ("tools.export", "write a trained network as .keras, ONNX and SavedModel"),
}
# They are of no study, or have an option --study themselves.
_OF_NO_FOLDER = ("new", "demo", "explain-model", "explain-image")
HELP = f"""usage: heatproof COMMAND [OPTION ...]

Heat maps, put to the proof. Commands, to be called in the study's folder:

{chr(10).join(f"  {name:15} {purpose}" for name, (_, purpose) in COMMANDS.items())}

`--study FOLDER` after a command names a study in another folder.
`heatproof COMMAND --help` tells a command's options, `heatproof --version` the version."""


def main() -> None:
    """Become the program that the command line names, or say which there are."""
    ending.run(lambda: _dispatch(sys.argv[1:]))


def _dispatch(words: list[str]) -> None:
    if not words or words[0] in ("-h", "--help", "help"):
        print(HELP)
        return
    name, *options = words
    if name == "--version":
        print(f"heatproof {metadata.version('heatproof')}")
        return
    require_known(f"heatproof {name}: no such command", name, COMMANDS)
    module = COMMANDS[name][0]
    if _needs_study(name, options):
        options = _in_study(options)
        if name != "compare":  # which says itself what A and B may be
            study_folder.require(Path())
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *options])


def _needs_study(name: str, options: list[str]) -> bool:
    """Return whether a command works in a study's folder; to tell its help, none does."""
    asks_for_help = "-h" in options or "--help" in options
    of_no_folder = name in _OF_NO_FOLDER or [name, *options[:1]] == ["cluster", "demo"]
    return not (asks_for_help or of_no_folder)


def _in_study(options: list[str]) -> list[str]:
    """Go to the folder that `--study` names, if it is among the options, and return the others.

    Raises:
        UserError: there is no such folder.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--study", type=Path)
    chosen, others = parser.parse_known_args(options)
    if chosen.study is not None:
        if not chosen.study.is_dir():
            raise UserError(f"--study {chosen.study}: there is no such folder")
        os.chdir(chosen.study)
    return others


if __name__ == "__main__":
    main()
