"""What a finished study has made, copied for a bench that runs in a scratch folder."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from heatproof.run.errors import UserError
from tools import overlay


def parameters(study: Path) -> dict[str, Any]:
    """Return a study's params.yaml.

    Raises:
        UserError: it has none.
    """
    _require(study / "params.yaml")
    return overlay.read(study / "params.yaml")


def copy(study: Path, scratch: Path, names: Iterable[str]) -> None:
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
