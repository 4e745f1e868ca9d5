"""The peers' environment, where what runs on PyTorch is: made of bench/requirements-peers.txt."""

import argparse
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What is measured there, by the names under which it is installed.
LIBRARIES = ("torch", "keras", "captum", "grad-cam", "shap", "lime")
_WHICH = "the peers' environment"
_ASK = """
import importlib.util, json, sys
from importlib import metadata
modules, libraries = json.loads(sys.argv[1])
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
print(json.dumps({
    "lacking": [name for name in modules if importlib.util.find_spec(name) is None],
    "versions": {name: version(name) for name in libraries},
}))
"""


@dataclass(frozen=True)
class Environment:
    """An environment as it was found.

    python: its interpreter. absent: why it cannot be used, without a path, since results keep it;
    empty where it can. versions: of its LIBRARIES, those that are there.
    """

    python: Path
    absent: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Name the versions, as a reader of the results should know them."""
        return ", ".join(f"{name} {version}" for name, version in self.versions.items())


def option(parser: argparse.ArgumentParser) -> None:
    """Add `--peers` to a bench's command line."""
    parser.add_argument(
        "--peers", type=Path, default=ROOT / ".venv-peers", help="environment with PyTorch"
    )


def find(folder: Path, modules: Sequence[str]) -> Environment:
    """Look whether an environment has what a bench needs of it.

    Args:
        folder: the environment's.
        modules: their names, without parents.
    """
    python = folder / "bin" / "python"
    if not python.exists():
        return Environment(python, f"{_WHICH} is not there")
    done = subprocess.run(
        [python, "-c", _ASK, json.dumps([modules, LIBRARIES])], capture_output=True, text=True
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["its Python ended without a word"])[-1]
        return Environment(python, f"{_WHICH} does not start: {reason}")
    answer = json.loads(done.stdout)
    lacking = ", ".join(answer["lacking"])
    versions = {name: version for name, version in answer["versions"].items() if version}
    return Environment(python, f"{_WHICH} has no {lacking}" if lacking else "", versions)


def how_to_make(folder: Path) -> str:
    """Return the commands that make the environment, each on a line of its own."""
    return (
        f"    python -m venv {folder}\n"
        f"    PIP_EXTRA_INDEX_URL=<PyTorch's CPU index> {folder}/bin/pip install "
        "-r bench/requirements-peers.txt"
    )
