"""Files of named arrays, HDF5 and `.npz`, read a few rows at a time; nothing in them is executed.

A file may say of an array that it is far larger than memory, or than the file: shapes are known
before any value is read, rows come in batches, and an array that is read whole has to be small.
"""

import math
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from heatproof.run.errors import UserError, escaped

HDF5, NPZ = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"  # how such files begin
_BATCH_BYTES = 2**24
_WHOLE_BYTES = 2**28  # of an array, or a piece of it, that can only be read as a whole
_MAX_ARRAYS = 1000
_MAX_DEPTH = 4  # groups in groups of an HDF5 file


@dataclass(frozen=True)
class Stored:
    """An array in a file: its name there, its shape and type, and its rows in batches, in order."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    batches: Callable[[], Iterator[np.ndarray]]

    def whole(self) -> np.ndarray:
        """Return all of it. Raises UserError if it is too large for that."""
        if math.prod(self.shape) * self.dtype.itemsize > _WHOLE_BYTES:
            raise UserError(f"{self}: too large, expected one label of each image")
        parts = list(self.batches())
        return np.concatenate(parts) if parts else np.empty(self.shape, self.dtype)

    def __str__(self) -> str:
        return f"'{escaped(self.name)}' {self.dtype} {self.shape}"


def is_array_file(path: Path) -> bool:
    """Return whether a file is of one of the kinds that are read here, by how it begins."""
    with path.open("rb") as file:
        return file.read(len(HDF5)).startswith((HDF5, NPZ))


@contextmanager
def opened(path: Path) -> Iterator[list[Stored]]:
    """Open a file, and yield its arrays, which can be read until it is closed.

    Arrays of objects, and those that are kept in other files, cannot be read.

    Raises:
        UserError: the file is damaged, also if that shows while it is read, or is of another kind.
    """
    if not is_array_file(path):
        raise UserError(
            f"{path}: this is no HDF5 and no .npz file; expected one of them, or a folder of images"
        )
    with path.open("rb") as file:
        is_hdf5 = file.read(len(HDF5)) == HDF5
    try:
        with _hdf5(path) if is_hdf5 else _npz(path) as arrays:
            yield arrays
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, KeyError, RuntimeError,
            NotImplementedError, SyntaxError, zlib.error) as error:  # fmt: skip
        if isinstance(error, OSError) and error.errno is not None and not is_hdf5:
            raise  # the operating system's refusal
        reason = escaped(str(error).splitlines()[0][:200] if str(error) else type(error).__name__)
        raise UserError(f"{path}: the file is damaged ({reason}); save it again") from None


@contextmanager
def _npz(path: Path) -> Iterator[list[Stored]]:
    with zipfile.ZipFile(path) as archive:
        members = [each for each in archive.infolist() if each.filename.endswith(".npy")]
        if not members:
            raise UserError(f"{path}: no arrays in it; unpack it, if it is an archive of images")
        if len(members) > _MAX_ARRAYS:
            raise UserError(f"{path}: {len(members):,} arrays, more than {_MAX_ARRAYS:,}")
        yield [_member(archive, member) for member in members]


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Stored:
    with archive.open(member) as file:
        shape, by_columns, dtype = _header(file)
    name = member.filename.removesuffix(".npy")
    if dtype.hasobject:
        reason = "it holds Python objects, which are not read; save it as numbers or texts"
        return _refused(Path(str(archive.filename)), name, shape, dtype, reason)
    if math.prod(shape) * dtype.itemsize > member.file_size:
        raise UserError(f"{archive.filename}: '{escaped(name)}' is cut off; save the file again")

    def batches() -> Iterator[np.ndarray]:
        with archive.open(member) as file:
            _header(file)
            if by_columns and len(shape) > 1:
                if math.prod(shape) * dtype.itemsize > _WHOLE_BYTES:
                    raise UserError(
                        f"{archive.filename}: '{escaped(name)}' is in Fortran's order and too "
                        "large to be read as a whole; save it with numpy.ascontiguousarray"
                    )
                # As the file has it, the last axis comes first.
                yield _values(file, dtype, shape[::-1]).T
                return
            for start, stop in _steps(shape, dtype):
                yield _values(file, dtype, (stop - start, *shape[1:]))

    return Stored(name, shape, dtype, batches)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    readers: dict[tuple[int, int], Any] = {
        (1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0,
    }  # fmt: skip
    version = np.lib.format.read_magic(file)
    if version not in readers:
        raise ValueError(f"version {version} of numpy's format")
    shape, by_columns, dtype = readers[version](file)
    if min(shape, default=0) < 0:
        raise ValueError(f"shape {shape}")
    return shape, by_columns, dtype


def _values(file: IO[bytes], dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    wanted = math.prod(shape) * dtype.itemsize
    content = file.read(wanted)
    if len(content) < wanted:
        raise EOFError("it is cut off")
    return np.frombuffer(content, dtype).reshape(shape)


@contextmanager
def _hdf5(path: Path) -> Iterator[list[Stored]]:
    import h5py

    with h5py.File(path, "r") as file:
        found: list[Stored] = []
        _add_group(found, file, "", path)
        yield found


def _add_group(found: list[Stored], group: Any, above: str, path: Path) -> None:
    import h5py

    for key in group:
        name = f"{above}{key}"
        # A link may lead into another file, or in a circle.
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            continue
        each = group[key]
        if isinstance(each, h5py.Group) and above.count("/") < _MAX_DEPTH:
            _add_group(found, each, f"{name}/", path)
        elif isinstance(each, h5py.Dataset) and (stored := _dataset(each, name, path)):
            found.append(stored)
        if len(found) > _MAX_ARRAYS:
            raise UserError(f"{path}: more than {_MAX_ARRAYS:,} arrays")


def _dataset(dataset: Any, name: str, path: Path) -> Stored | None:
    """Return an array of an HDF5 file; None if there is nothing in it."""
    import h5py

    texts = h5py.check_string_dtype(dataset.dtype) is not None
    if dataset.shape is None:
        return None
    if dataset.is_virtual or dataset.external:
        reason = "its values are in other files; save them in this one"
        return _refused(path, name, dataset.shape, dataset.dtype, reason)
    if dataset.dtype.hasobject and not texts:
        reason = "its rows have different lengths; expected an array"
        return _refused(path, name, dataset.shape, dataset.dtype, reason)
    dtype = np.dtype("O") if texts else dataset.dtype

    def batches() -> Iterator[np.ndarray]:
        # A piece is unpacked as a whole, however little of it is asked for.
        if math.prod(dataset.chunks or ()) * dataset.dtype.itemsize > _WHOLE_BYTES:
            raise UserError(f"{path}: '{escaped(name)}' is in chunks that are too large")
        shown = dataset.asstr() if texts else dataset
        for start, stop in _steps(dataset.shape, dataset.dtype):
            yield np.asarray(shown[start:stop])

    return Stored(name, dataset.shape, dtype, batches)


def _refused(path: Path, name: str, shape: tuple[int, ...], dtype: np.dtype, reason: str) -> Stored:
    """Return an array of which only the name is known: to read it is refused."""

    def batches() -> Iterator[np.ndarray]:
        raise UserError(f"{path}: '{escaped(name)}': {reason}")

    return Stored(name, shape, dtype, batches)


def _steps(shape: tuple[int, ...], dtype: np.dtype) -> Iterator[tuple[int, int]]:
    """Yield the first and the last row, exclusive, of batches of a fair size."""
    row = math.prod(shape[1:]) * dtype.itemsize
    step = max(1, _BATCH_BYTES // max(row, 1))
    for start in range(0, shape[0] if shape else 0, step):
        yield start, min(start + step, shape[0])
