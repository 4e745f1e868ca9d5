"""Studies for benches: small ones in scratch copies, and what a finished one has made."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from heatproof.run.errors import UserError
from tests import overlay
from tests.scratch import Scratch, cell

ROOT = Path(__file__).resolve().parents[1]
TINY_CELLS = ("simple_cnn-digits", "baseline_cnn-digits")


def small(path: Path, tiny: bool) -> Scratch:
    """Make a small study at `path`, committed, nothing run yet.

    Args:
        path: a new folder.
        tiny: two tiny cells, to try whether a bench works, in which starting takes nearly all the
            time; else three cells on scikit-learn's digits, as `make demo` has them.
    """
    scratch = Scratch.make(path, *TINY_CELLS)
    if not tiny:
        models = overlay.read(ROOT / "examples" / "digits" / "study.yaml")["models"]
        cells = {"cells": {f"{model}-digits": cell(f"{model}-digits") for model in models}}
        scratch.write_params(overlay.overlaid(overlay.read(ROOT / "params.yaml"), cells))
        scratch.git("commit", "-q", "-a", "-m", "As the demo")
    return scratch


def parameters(study: Path) -> dict[str, Any]:
    """Return a study's params.yaml.

    Raises:
        UserError: it has none.
    """
    _require(study / "params.yaml")
    return overlay.read(study / "params.yaml")


def copy_finished(study: Path, scratch: Path, names: Iterable[str]) -> None:
    """Copy files and folders of a study, of which nothing is changed.

    Raises:
        UserError: one is missing: the study was not made, or its folder is none.
    """
    for name in names:
        source, target = study / name, scratch / name
        _require(source)
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy2(source, target)


def _require(source: Path) -> None:
    if not source.exists():
        raise UserError(f"{source}: there is no such file; run `make repro` there first")
