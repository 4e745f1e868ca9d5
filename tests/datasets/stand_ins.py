"""Small generated files in the official formats, for tests without the real ones."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from heatproof.datasets import official_files
from heatproof.run.errors import UserError

TRAIN, TEST = 60, 20  # images in each part


def idx(array: np.ndarray) -> bytes:
    """Return uint8 `array` in the IDX format, gzipped; the same bytes every time."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes()
    return gzip.compress(header + array.tobytes(), mtime=0)


def idx_arrays(seed: int = 0) -> list[np.ndarray]:
    """Return training images and labels, then test images and labels, in the files' order."""
    random = np.random.default_rng(seed)
    arrays = []
    for count in (TRAIN, TEST):
        arrays.append(random.integers(0, 256, (count, 28, 28)).astype(np.uint8))
        arrays.append(random.integers(0, 10, count).astype(np.uint8))
    return arrays


def write_idx(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Write stand-ins for mnist or fashion_mnist, whose checksums then are the official ones."""
    folder.mkdir(parents=True)
    arrays, md5 = idx_arrays(), {}
    for file, array in zip(official_files.IDX_FILES[name], arrays, strict=True):
        content = idx(array)
        (folder / file).write_bytes(content)
        md5[file] = hashlib.md5(content, usedforsecurity=False).hexdigest()
    monkeypatch.setitem(official_files.IDX_FILES, name, md5)
    return arrays


def cifar_members(monkeypatch: pytest.MonkeyPatch, count: int = 4) -> dict[str, bytes]:
    """Return stand-ins for the members of the CIFAR-10 archive, and make their checksums count."""
    random = np.random.default_rng(0)
    members = {}
    for name in official_files.CIFAR_MEMBERS:
        records = random.integers(0, 256, (count, 3073)).astype(np.uint8)
        records[:, 0] = random.integers(0, 10, count)
        members[name] = records.tobytes()
        md5 = hashlib.md5(members[name], usedforsecurity=False).hexdigest()
        monkeypatch.setitem(official_files.CIFAR_MEMBERS, name, md5)
    return members


def member(name: str, content: bytes = b"", **more: object) -> tuple[tarfile.TarInfo, bytes]:
    """Return an archive's member; `more` are attributes such as `type` and `linkname`."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in more.items():
        setattr(info, key, value)
    return info, content


def write_archive(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    """Write a tar.gz with these members."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))


def refusal(name: str, mirror: Path) -> str:
    """Read what has to be refused, which leaves every file as it was; return what is said."""
    before = sorted(mirror.parent.rglob("*"))
    with pytest.raises(UserError) as mistake:
        official_files.read(name, mirror)
    assert sorted(mirror.parent.rglob("*")) == before
    return str(mistake.value)
