"""How arrays and numbers lie in files: npz and JSON, atomic and byte-stable.

The same content gives the same bytes on any day and any machine. Nothing is ever unpickled.

What a stage hands on is sealed: the file has a checksum of the stage's name and of all that it
holds, an npz as the archive's comment, JSON as the key `checksum`, weights as an attribute. A valid
file of something else, or a number in which a bit changed, is found where it is read, once for all
who read.
"""

import errno
import hashlib
import json
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from heatproof.run.errors import UserError, shown_value
from heatproof.storage.atomic import write, write_text
from heatproof.storage.seal import BROKEN, CHECKSUM, seal

DECIMALS = 6
# By the stage of a trained network: those of a saved and of a derived one which write the same.
_OF_OTHERS = {
    "train": {"saved": "open", "derived": "derive"},
    "evaluate": {"saved": "evaluate_saved", "derived": "evaluate_derived"},
}
# What NumPy and zipfile raise of a damaged file; an altered flag may say encrypted or compressed in
# a way of its own.
_DAMAGE = (ValueError, KeyError, TypeError, OSError, EOFError, RuntimeError, OverflowError,
           struct.error, zlib.error, zipfile.BadZipFile)  # fmt: skip


def write_arrays(path: Path, arrays: dict[str, np.ndarray], made_by: str) -> None:
    """Write named arrays as npz, sealed. Raises ValueError for an array of Python objects."""

    def fill(file: BinaryIO) -> None:
        np.savez(file, allow_pickle=False, **arrays)
        with zipfile.ZipFile(file, "a") as archive:
            archive.comment = seal(made_by, _members(archive)).encode()

    write(path, fill)


def read_arrays(
    path: Path, made_by: str, names: tuple[str, ...] | None = None
) -> dict[str, np.ndarray]:
    """Read an npz file, or only the named arrays of it.

    Raises:
        UserError: it is missing or damaged, or not what `made_by` wrote; that makes it.
    """
    require(path, made_by)
    try:
        return load_arrays(path, made_by, names)
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # the operating system's refusal
        reason = shown_value(str(error) or type(error).__name__)
        raise UserError(
            f"{path}: the file is damaged ({reason}); {remake(path, made_by)}"
        ) from error


def load_arrays(
    path: Path, made_by: str, names: tuple[str, ...] | None = None
) -> dict[str, np.ndarray]:
    """Do as `read_arrays`, but of a damaged file raise what NumPy or zipfile does."""
    with zipfile.ZipFile(path) as archive:
        if archive.comment != seal(made_by, _members(archive)).encode():
            raise ValueError(BROKEN)
        inside = names or [name.removesuffix(".npy") for name in archive.namelist()]
        try:
            return {name: _array(archive, name) for name in inside}
        except MemoryError:
            if archive.testzip() is None:  # it is as large as that
                raise
            raise ValueError(BROKEN) from None


def _members(archive: zipfile.ZipFile) -> str:
    return str([(member.filename, member.file_size, member.CRC) for member in archive.infolist()])


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(f"{name}.npy") as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
        # To the end: only there is the checksum compared, and a damaged header may ask for less.
        if file.read(1):
            raise ValueError(f"{name}.npy is longer than its header says")
    return array


def write_json(path: Path, content: Any) -> None:
    """Write JSON: floats rounded to 6 decimals, NaN and infinity as null."""
    write_text(path, f"{_as_text(_rounded(content))}\n")


def write_record(path: Path, content: dict[str, Any], made_by: str) -> None:
    """Write a stage's JSON object, as `write_json` does, sealed."""
    rounded = _rounded(content)
    write_json(path, rounded | {CHECKSUM: seal(made_by, _as_text(rounded))})


def _as_text(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)


def read_json(path: Path, made_by: str) -> Any:
    """Read JSON. Raises UserError if the file is missing or damaged; `made_by` makes it."""
    require(path, made_by)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON ({error}); {remake(path, made_by)}") from error


def read_object(path: Path, made_by: str) -> dict[str, Any]:
    """Read a JSON object. Raises UserError if the file is missing, damaged or something else."""
    content = read_json(path, made_by)
    if not isinstance(content, dict):
        raise UserError(
            f"{path}: expected a JSON object, found {shown_value(content)}; {remake(path, made_by)}"
        )
    return content


def read_record(path: Path, made_by: str) -> dict[str, Any]:
    """Read what `write_record` wrote.

    Raises:
        UserError: the file is missing, damaged, or not what the stage `made_by` wrote.
    """
    content = read_object(path, made_by)
    if content.pop(CHECKSUM, None) != seal(made_by, _as_text(content)):
        raise UserError(
            f"{path}: {BROKEN}: it is damaged, edited, another's or older than the code; "
            f"{remake(path, made_by)}"
        )
    return content


def require_keys(path: Path, content: Any, keys: Collection[str], made_by: str) -> None:
    """Raise UserError if what was read from `path` lacks a key; `made_by` is the stage to run."""
    lacking = [key for key in keys if key not in content]
    if lacking:
        raise UserError(
            f"{path}: {', '.join(lacking)} missing: the file is damaged or older than the code; "
            f"{remake(path, made_by)}"
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
        remedy = f"; make it with `dvc repro {_stage(made_by)}`" if made_by else ""
        raise UserError(f"{path}: there is no such file{remedy}")


def remake(path: Path, made_by: str) -> str:
    """Say how a file that is there, but not as it should be, is made again by the stage `made_by`.

    DVC keeps a copy of it in its cache, under the MD5 that dvc.lock has, and puts that in the place
    of a file that was made again with this MD5: a copy that is damaged too has to go first.
    """
    lock = Path("dvc.lock")
    written = lock.read_text(encoding="utf-8", errors="replace") if lock.is_file() else ""
    entry = rf"path: {re.escape(path.as_posix())}\n +hash: md5\n +md5: (\w\w)(\w{{30}})\n"
    copies = dict.fromkeys("/".join(match.groups()) for match in re.finditer(entry, written))
    first = "".join(f'rm -f "$(dvc cache dir)/files/md5/{copy}"; ' for copy in copies)
    return f"make it again with `{first}dvc repro -f {_stage(made_by)}`"


def _stage(made_by: str) -> str:
    """Return how DVC calls the stage: those of other than trained networks have their own."""
    from heatproof.config import params  # which needs what reads files

    kind, _, key = made_by.partition("@")
    if kind not in _OF_OTHERS:
        return made_by
    try:
        study = params.load()
    except UserError:  # of another study than that of the current folder
        return made_by
    place = "saved" if key in study.saved else "derived" if key in study.derived else ""
    return f"{_OF_OTHERS[kind][place]}@{key}" if place else made_by


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
