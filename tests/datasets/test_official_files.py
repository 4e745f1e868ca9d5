"""The official files: parsed by hand, verified, and refused when they are anything else."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from heatproof.datasets import official_files
from heatproof.datasets.sources import tfds
from heatproof.run.errors import UserError
from tests.datasets import stand_ins
from tests.datasets.stand_ins import refusal

MIRROR = os.environ.get("DATASETS_MIRROR")
FILES = list(official_files.IDX_FILES["mnist"])


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with stand-ins for mnist."""
    stand_ins.write_idx(tmp_path / "mirror" / "mnist", "mnist", monkeypatch)
    return tmp_path / "mirror"


# IDX


def test_an_idx_file_by_hand() -> None:
    content = (
        b"\0\0\x08\x03" + b"\0\0\0\2" + b"\0\0\0\1" + b"\0\0\0\3" + bytes([1, 2, 3, 254, 5, 6])
    )
    np.testing.assert_array_equal(
        official_files.parse_idx(content), np.array([[[1, 2, 3]], [[254, 5, 6]]], dtype=np.uint8)
    )
    labels = official_files.parse_idx(b"\0\0\x08\x01" + b"\0\0\0\3" + bytes([7, 0, 9]))
    assert labels.tolist() == [7, 0, 9]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08",
        b"\x89PNG",
        b"\0\0\x0d\x01\0\0\0\0",  # of floats
        b"\0\0\x08\x03\0\0\0\1",  # a header cut short
        b"\0\0\x08\x01\0\0\0\3\1\2",  # too short
        b"\0\0\x08\x01\0\0\0\3\1\2\3\4",  # too long
        b"\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff\1",  # absurd
    ],
)
def test_what_is_no_idx_file(content: bytes) -> None:
    with pytest.raises(ValueError):
        official_files.parse_idx(content)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_idx_files_as_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    arrays = stand_ins.write_idx(tmp_path / name, name, monkeypatch)
    raw = official_files.read(name, tmp_path)
    for found, stored in zip(
        (raw.images, raw.labels, raw.test_images, raw.test_labels), arrays, strict=True
    ):
        np.testing.assert_array_equal(found.reshape(stored.shape), stored)
    assert raw.images.shape == (60, 28, 28, 1)
    assert raw.images.dtype == raw.test_images.dtype == np.uint8
    assert raw.labels.dtype == raw.test_labels.dtype == np.int64
    assert len(raw.class_names) == 10


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file(mirror: Path, file: str) -> None:
    (mirror / "mnist" / file).unlink()
    message = refusal("mnist", mirror)
    assert f"mnist/{file}: there is no such file" in message
    assert "unset DATASETS_MIRROR" in message


@pytest.mark.parametrize("file", FILES)
def test_a_cut_file(mirror: Path, file: str) -> None:
    path = mirror / "mnist" / file
    path.write_bytes(path.read_bytes()[:-1])
    message = refusal("mnist", mirror)
    assert f"{path}: the file is damaged or not the official one (MD5 " in message
    assert "fetch it again" in message
    path.write_bytes(b"")
    assert "0 bytes" in refusal("mnist", mirror)


def test_an_altered_file(mirror: Path) -> None:
    # A change that gzip does not notice: the name in the header.
    path = mirror / "mnist" / FILES[1]
    labels = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(labels, mtime=1))
    assert f"{FILES[1]}: the file is damaged or not the official one" in refusal("mnist", mirror)


def test_files_in_each_others_place(mirror: Path) -> None:
    one, other = (mirror / "mnist" / FILES[index] for index in (0, 2))
    one.rename(mirror / "aside")
    other.rename(one)
    (mirror / "aside").rename(other)
    assert "not the official one" in refusal("mnist", mirror)


def test_a_folder_in_a_files_place(mirror: Path) -> None:
    path = mirror / "mnist" / FILES[0]
    path.unlink()
    path.mkdir()
    assert f"{path}: there is no such file" in refusal("mnist", mirror)


def test_a_missing_folder(mirror: Path) -> None:
    message = refusal("fashion_mnist", mirror)
    assert f"DATASETS_MIRROR={mirror}: there is no folder fashion_mnist" in message
    assert "unset DATASETS_MIRROR" in message


# Damage anywhere


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("place", [0, 9, 0.5, -1])
def test_a_flipped_bit_in_any_file(mirror: Path, file: str, place: float) -> None:
    path = mirror / "mnist" / file
    content = bytearray(path.read_bytes())
    content[int(place * len(content)) if isinstance(place, float) else place] ^= 1
    path.write_bytes(content)
    assert f"{path}: the file is damaged or not the official one" in refusal("mnist", mirror)


def test_another_dataset_in_its_place(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (mirror / "mnist").rename(mirror / "fashion_mnist")
    assert "not the official one" in refusal("fashion_mnist", mirror)


# DATASETS_MIRROR


def test_the_mirror_is_used_where_it_is_named(
    mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATASETS_MIRROR", str(mirror))
    raw = tfds.read("mnist")
    np.testing.assert_array_equal(raw.images, official_files.read("mnist", mirror).images)


def test_a_mirror_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    for wrong in (tmp_path / "nowhere", tmp_path / "file"):
        monkeypatch.setenv("DATASETS_MIRROR", str(wrong))
        with pytest.raises(
            UserError, match=r"DATASETS_MIRROR=.*: there is no such folder; .*unset"
        ):
            official_files.mirror()
    monkeypatch.setenv("DATASETS_MIRROR", "")
    assert official_files.mirror() is None
    monkeypatch.delenv("DATASETS_MIRROR")
    assert official_files.mirror() is None


@pytest.mark.skipif(not MIRROR, reason="DATASETS_MIRROR is not set")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10"])
def test_the_real_files(name: str) -> None:
    raw = official_files.read(name, Path(MIRROR))
    train, test = (50_000, 10_000) if name == "cifar10" else (60_000, 10_000)
    side, channels = (32, 3) if name == "cifar10" else (28, 1)
    assert raw.images.shape == (train, side, side, channels)
    assert raw.test_images.shape == (test, side, side, channels)
    # As published: mnist's classes are uneven, the others' are even.
    share = [6742, 5421] if name == "mnist" else [train // 10] * 2
    counts = np.bincount(raw.labels)
    assert [counts.max(), counts.min()] == share
    # The first training images: a 5, an ankle boot, a frog.
    assert raw.class_names[raw.labels[0]] == {"mnist": "5", "fashion_mnist": "Ankle boot"}.get(
        name, "frog"
    )
