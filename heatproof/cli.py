"""The command `heatproof`: what a study's folder offers, by name."""

import os
import sys
from importlib import metadata
from pathlib import Path

from heatproof.run import ending
from heatproof.run.errors import UserError, require_known

# By name: the program that does it, and what it does.
COMMANDS = {
    "new": ("heatproof.new.command", "make a study of your own pictures, in a new folder"),
    "update": ("heatproof.new.update", "bring a study's stages up to this version of heatproof"),
    "demo": ("tools.demo", "run the whole pipeline on bundled digits, in demo/"),
    "repro": ("tools.repro", "run the study, or the stages named"),
    "sweep": ("tools.sweep", "compare values of parameters as DVC experiments"),
    "experiments": ("tools.experiments", "write a page that compares all DVC experiments"),
    "report": ("stages.report", "write the report again from the results that are there"),
    "report-single": ("tools.single_file", "put the report into one HTML file"),
    "explain-image": ("heatproof.explain_image", "explain images of your own by a trained network"),
    "verify": ("tools.verify", "run a cell again and compare it with dvc.lock"),
    "export": ("tools.export", "write a trained network as .keras, ONNX and SavedModel"),
}
HELP = f"""usage: heatproof COMMAND [OPTION ...]

Heat maps, put to the proof. Commands, to be called in the study's folder:

{chr(10).join(f"  {name:15} {purpose}" for name, (_, purpose) in COMMANDS.items())}

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
    elsewhere = module.startswith("heatproof.") or name == "demo"
    if not elsewhere and not Path("params.yaml").exists():
        raise UserError(
            f"heatproof {name}: {Path.cwd()} is not a study, it has no params.yaml: go to a "
            "study's folder first, or make one of your own pictures: `heatproof new`"
        )
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *options])


if __name__ == "__main__":
    main()
