"""A PyTorch weights file: its tensors are read, and nothing that it says is run."""

import pickle
import struct
import sys
from collections import OrderedDict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from heatproof.models.torch_file import read_tensors
from heatproof.run.errors import UserError

MAGIC = 0x1950A86A20F9469CFC6C


def rebuild(*parts: Any) -> Any:
    raise AssertionError(f"{parts}: only its name is used")


class Tensor:
    """Pickles as a tensor of a storage does."""

    def __init__(self, storage: "Storage", offset: int, shape: tuple, strides: tuple) -> None:
        self.parts = (storage, offset, shape, strides, False, OrderedDict())

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild, self.parts


class FloatStorage:
    """Only its name is used."""


class Storage:
    def __init__(self, key: str, values: np.ndarray) -> None:
        self.key, self.values = key, values.astype("<f4")


class Writer(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, Storage):
            return ("storage", FloatStorage, obj.key, "cpu", len(obj.values), None)
        return None


@pytest.fixture(autouse=True)
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the names that a file uses, for as long as one is written."""
    modules = {name: ModuleType(name) for name in ("torch", "torch._utils")}
    monkeypatch.setattr(modules["torch._utils"], "_rebuild_tensor_v2", rebuild, raising=False)
    monkeypatch.setattr(rebuild, "__module__", "torch._utils")
    monkeypatch.setattr(rebuild, "__qualname__", "_rebuild_tensor_v2")
    monkeypatch.setattr(modules["torch"], "FloatStorage", FloatStorage, raising=False)
    monkeypatch.setattr(FloatStorage, "__module__", "torch")
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)


def written(path: Path, named: dict[str, Any], storages: list[Storage]) -> Path:
    with path.open("wb") as file:
        for part in (MAGIC, 1001, {"little_endian": True}):
            pickle.dump(part, file, protocol=2)
        Writer(file, protocol=2).dump(OrderedDict(named))
        pickle.dump([storage.key for storage in storages], file, protocol=2)
        for storage in storages:
            file.write(struct.pack("<q", len(storage.values)) + storage.values.tobytes())
    return path


def test_tensors_are_read_as_they_lie(tmp_path: Path) -> None:
    storage = Storage("7", np.arange(12))
    tensors = {
        "rows": Tensor(storage, 0, (2, 3), (3, 1)),
        "columns": Tensor(storage, 6, (2, 3), (1, 2)),  # transposed
        "one": Tensor(storage, 11, (), ()),
    }
    read = read_tensors(written(tmp_path / "a.pth", tensors, [storage]))
    np.testing.assert_array_equal(read["rows"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(read["columns"], [[6, 8, 10], [7, 9, 11]])
    assert read["one"] == 11
    assert {array.dtype for array in read.values()} == {np.dtype(np.float32)}


class Calls:
    """Pickles as a call of a function of Python's own."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.mark.parametrize("function", [exec, eval, __import__, getattr])
def test_a_call_is_refused_and_not_made(tmp_path: Path, function: Any) -> None:
    path = written(
        tmp_path / "a.pth", {"a": Calls(function, f"open({str(tmp_path / 'x')!r}, 'w')")}, []
    )
    with pytest.raises(UserError, match=f"names .*{function.__name__}, which is no tensor"):
        read_tensors(path)
    assert not (tmp_path / "x").exists()


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    storage = Storage("7", np.arange(6))
    whole = written(tmp_path / "a.pth", {"a": Tensor(storage, 0, (6,), (1,))}, [storage])
    content = whole.read_bytes()
    others = {
        "cut off": content[:-4],
        "empty": b"",
        "other": b"PK\x03\x04 zipped",
        "text": b"hello\n" * 9,
    }
    for name, other in others.items():
        (tmp_path / name).write_bytes(other)
        with pytest.raises(UserError, match="not the weights of a network as PyTorch"):
            read_tensors(tmp_path / name)
    with pytest.raises(UserError, match="no such file"):
        read_tensors(tmp_path / "missing.pth")


@pytest.mark.parametrize(
    "part", [(4, (3,), (1,)), (0, (3,), (3,)), (-1, (2,), (1,)), (0, (2,), (-1,)), (0, (0,), (1,))]
)
def test_a_tensor_outside_its_storage_is_refused(tmp_path: Path, part: tuple) -> None:
    storage = Storage("7", np.arange(6))
    path = written(tmp_path / "a.pth", {"a": Tensor(storage, *part)}, [storage])
    with pytest.raises(UserError, match="does not lie in its storage"):
        read_tensors(path)
