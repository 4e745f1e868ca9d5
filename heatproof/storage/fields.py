"""A record's fields as the arrays of a sealed npz file; its images have files of their own."""

from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np

from heatproof.run.errors import UserError
from heatproof.storage.formats import read_arrays, remake, require_keys, write_arrays
from heatproof.storage.records import IN_FILES, misfit


def write(
    path: Path, record: Any, made_by: str, more: Mapping[str, np.ndarray] | None = None
) -> None:
    """Write a record without its images, and more arrays.

    Args:
        path: of the file.
        record: a dataclass of `records`.
        made_by: the stage that writes it.
        more: name -> array, of what is not among the record's fields.
    """
    content = {f.name: getattr(record, f.name) for f in fields(record) if f.name not in IN_FILES}
    for name, value in content.items():
        if isinstance(value, tuple):
            content[name] = np.array(value, dtype=np.str_) if value else None
    content = {name: array for name, array in content.items() if array is not None}
    write_arrays(path, content | dict(more or {}), made_by)


def read(kind: type, path: Path, made_by: str) -> Any:
    """Read a record. Raises UserError if it is missing or damaged, or not of this kind."""
    return built(kind, read_arrays(path, made_by), path, made_by)


def arrays(path: Path, made_by: str, names: Collection[str]) -> dict[str, Any]:
    """Read a file's arrays. Raises UserError if it is missing or damaged, or lacks one of these."""
    found = read_arrays(path, made_by)
    require_keys(path, found, names, made_by)
    return found


def built(kind: type, found: dict[str, Any], path: Path, made_by: str) -> Any:
    """Return a record of the arrays that were found in a file; the others are left out.

    Raises:
        UserError: one is missing, or not as the record's fields describe it.
    """
    missing = [f.name for f in fields(kind) if f.default is MISSING and f.name not in found]
    require(path, f"{', '.join(missing)} missing" if missing else misfit(kind, found), made_by)
    for name in ("class_names", "annotations", "remarks"):
        if name in found:
            found[name] = tuple(str(text) for text in found[name])
    return kind(**{f.name: found[f.name] for f in fields(kind) if f.name in found})


def require(path: Path, problem: str, made_by: str) -> None:
    """Raise UserError where there is a problem with a file that a stage made."""
    if problem:
        raise UserError(
            f"{path}: {problem}: the file is another's, older or damaged; {remake(path, made_by)}"
        )
