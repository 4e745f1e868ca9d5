"""How arrays and numbers lie in files: npz and JSON, atomic and byte-stable.

The same content gives the same bytes on any day and any machine. Nothing is ever unpickled.
"""

import errno
import hashlib
import json
import math
import struct
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from heatproof.run.errors import UserError, shown_value
from heatproof.storage.atomic import write, write_text

DECIMALS = 6
# What NumPy and zipfile raise of a damaged file; an altered flag may say encrypted or compressed in
# a way of its own, an altered header that the array is larger than the memory.
_DAMAGE = (ValueError, KeyError, TypeError, OSError, EOFError, RuntimeError, MemoryError,
           OverflowError, struct.error, zlib.error, zipfile.BadZipFile)  # fmt: skip


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write named arrays as npz. Raises ValueError for an array of Python objects."""
    write(path, lambda file: np.savez(file, allow_pickle=False, **arrays))


def read_arrays(
    path: Path, made_by: str, names: tuple[str, ...] | None = None
) -> dict[str, np.ndarray]:
    """Read an npz file, or only the named arrays of it.

    Raises:
        UserError: it is missing or damaged, or lacks an array; `made_by` makes it.
    """
    require(path, made_by)
    try:
        with zipfile.ZipFile(path) as archive:
            inside = names or [name.removesuffix(".npy") for name in archive.namelist()]
            return {name: _array(archive, name) for name in inside}
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # the operating system's refusal
        reason = shown_value(str(error) or type(error).__name__)
        raise UserError(
            f"{path}: the file is damaged ({reason}); make it again with `dvc repro -f {made_by}`"
        ) from error


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(f"{name}.npy") as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
        # To the end: only there is the checksum compared, and a damaged header may ask for less.
        if file.read(1):
            raise ValueError(f"{name}.npy is longer than its header says")
    return array


def write_json(path: Path, content: Any) -> None:
    """Write JSON: floats rounded to 6 decimals, NaN and infinity as null."""
    text = json.dumps(_rounded(content), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, f"{text}\n")


def read_json(path: Path, made_by: str) -> Any:
    """Read JSON. Raises UserError if the file is missing or damaged; `made_by` makes it."""
    require(path, made_by)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path}: not valid JSON ({error}); make it again with `dvc repro -f {made_by}`"
        ) from error


def read_object(path: Path, made_by: str) -> dict[str, Any]:
    """Read a JSON object. Raises UserError if the file is missing, damaged or something else."""
    content = read_json(path, made_by)
    if not isinstance(content, dict):
        raise UserError(
            f"{path}: expected a JSON object, found {shown_value(content)}; make it again with "
            f"`dvc repro -f {made_by}`"
        )
    return content


def require_keys(path: Path, content: Any, keys: Collection[str], made_by: str) -> None:
    """Raise UserError if what was read from `path` lacks a key; `made_by` is the stage to run."""
    lacking = [key for key in keys if key not in content]
    if lacking:
        raise UserError(
            f"{path}: {', '.join(lacking)} missing: the file is damaged or older than the code; "
            f"make it again with `dvc repro -f {made_by}`"
        )


def _rounded(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key): _rounded(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_rounded(value) for value in content]
    if isinstance(content, np.ndarray):
        return _rounded(content.tolist())
    if isinstance(content, np.generic):
        return _rounded(content.item())
    if isinstance(content, float):
        return round(content, DECIMALS) if math.isfinite(content) else None
    return content


def require(path: Path, made_by: str) -> None:
    """Raise UserError if there is no such file; `made_by` is the stage to run."""
    if not path.exists():
        remedy = f"; make it with `dvc repro {made_by}`" if made_by else ""
        raise UserError(f"{path}: there is no such file{remedy}")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
