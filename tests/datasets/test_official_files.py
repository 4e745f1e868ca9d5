"""The official files: parsed by hand, verified, and refused when they are anything else."""

import gzip
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from stages.datasets import official_files, tfds
from stages.errors import UserError
from tests.datasets import stand_ins

MIRROR = os.environ.get("DATASETS_MIRROR")
FILES = list(official_files.IDX_FILES["mnist"])


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with stand-ins for mnist."""
    stand_ins.write_idx(tmp_path / "mirror" / "mnist", "mnist", monkeypatch)
    return tmp_path / "mirror"


def refusal(name: str, mirror: Path) -> str:
    before = sorted(mirror.parent.rglob("*"))
    with pytest.raises(UserError) as mistake:
        official_files.read(name, mirror)
    assert sorted(mirror.parent.rglob("*")) == before
    return str(mistake.value)


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


# CIFAR-10


def test_cifar_planes_by_hand() -> None:
    red, green, blue = np.arange(3 * 1024, dtype=np.int64).reshape(3, 32, 32) % 251
    record = bytes([7]) + bytes((np.stack([red, green, blue]).astype(np.uint8)).tobytes())
    images, labels = official_files.parse_cifar(record + bytes([255]) * 3073)
    assert labels.tolist() == [7, 255]
    assert images.shape == (2, 32, 32, 3)
    assert images.dtype == np.uint8
    # Row 1, column 2: byte 34 of each plane of 1024, the planes' starts being 0, 20, 40 mod 251.
    assert images[0, 1, 2].tolist() == [34, (1024 + 34) % 251, (2048 + 34) % 251]
    np.testing.assert_array_equal(images[0], np.stack([red, green, blue], axis=-1))


@pytest.mark.parametrize("length", [1, 3072, 3074, 2 * 3073 - 1])
def test_records_cut_short(length: int) -> None:
    with pytest.raises(ValueError):
        official_files.parse_cifar(bytes(length))


@pytest.mark.parametrize("form", ["archive", "archive with ./", "folder"])
def test_cifar_in_either_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    members = stand_ins.cifar_members(monkeypatch)
    folder = tmp_path / "cifar10"
    if form == "folder":
        (folder / official_files.CIFAR_FOLDER).mkdir(parents=True)
        for name, content in members.items():
            (folder / official_files.CIFAR_FOLDER / name).write_bytes(content)
    else:
        # In another order: the parts are told by their names.
        place = ("./" if "./" in form else "") + official_files.CIFAR_FOLDER
        wanted = [stand_ins.member(f"{place}/{n}", c) for n, c in reversed(members.items())]
        stand_ins.write_archive(folder / official_files.CIFAR_ARCHIVE, wanted)
    raw = official_files.read("cifar10", tmp_path)
    assert raw.images.shape == (20, 32, 32, 3)
    assert raw.test_images.shape == (4, 32, 32, 3)
    assert raw.labels.tolist() == [
        members[f"data_batch_{batch}.bin"][3073 * row] for batch in range(1, 6) for row in range(4)
    ]
    assert raw.test_labels.tolist() == [members["test_batch.bin"][3073 * row] for row in range(4)]
    assert raw.class_names[3] == "cat"


def archive_of(tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    path = tmp_path / "mirror" / "cifar10" / official_files.CIFAR_ARCHIVE
    stand_ins.write_archive(path, members)
    return path


def inside(members: dict[str, bytes]) -> list[tuple[tarfile.TarInfo, bytes]]:
    folder = official_files.CIFAR_FOLDER
    return [stand_ins.member(f"{folder}/{name}", content) for name, content in members.items()]


def test_members_that_would_land_elsewhere_are_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = stand_ins.cifar_members(monkeypatch)
    secret = tmp_path / "secret"
    secret.write_bytes(members["data_batch_2.bin"])
    target = f"{official_files.CIFAR_FOLDER}/data_batch_2.bin"
    left = {name: content for name, content in members.items() if name != "data_batch_2.bin"}
    for odd in (
        stand_ins.member(f"../{target}", members["data_batch_2.bin"]),
        stand_ins.member(f"/{target}", members["data_batch_2.bin"]),
        stand_ins.member(f"{official_files.CIFAR_FOLDER}/../{target}", b"x"),
        stand_ins.member(target, type=tarfile.SYMTYPE, linkname=str(secret)),
        stand_ins.member(target, type=tarfile.LNKTYPE, linkname=str(secret)),
        stand_ins.member(target, type=tarfile.DIRTYPE),
        stand_ins.member(target, type=tarfile.FIFOTYPE),
    ):
        path = archive_of(tmp_path, [odd, *inside(left)])
        message = refusal("cifar10", tmp_path / "mirror")
        assert f"{path}: data_batch_2.bin missing in cifar-10-batches-bin/" in message
        # Beside the real member, an odd one does no harm.
        archive_of(tmp_path, [*inside(members), odd])
        assert len(official_files.read("cifar10", tmp_path / "mirror").labels) == 20
        assert sorted(tmp_path.iterdir()) == [tmp_path / "mirror", secret]


def test_an_altered_member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = stand_ins.cifar_members(monkeypatch)
    members["test_batch.bin"] = bytes([members["test_batch.bin"][0] ^ 1]) + bytes(3072)
    archive_of(tmp_path, inside(members))
    message = refusal("cifar10", tmp_path / "mirror")
    assert "cifar-10-batches-bin/test_batch.bin: the file is damaged" in message


def test_a_member_that_unpacks_to_far_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = stand_ins.cifar_members(monkeypatch)
    monkeypatch.setattr(official_files, "LARGEST_MEMBER", 5 * 3073)
    members["test_batch.bin"] += bytes(2**20)
    archive_of(tmp_path, inside(members))
    message = refusal("cifar10", tmp_path / "mirror")
    assert "15,365 bytes" in message  # of the million, no more were read
    assert "test_batch.bin: the file is damaged" in message


@pytest.mark.parametrize("kept", [0, 1, 10, 1000, 0.5, 0.95])
def test_a_cut_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: float) -> None:
    path = archive_of(tmp_path, inside(stand_ins.cifar_members(monkeypatch)))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept) if 0 < kept < 1 else kept])
    message = refusal("cifar10", tmp_path / "mirror")
    assert message.startswith(f"{path}: the archive is damaged or cut short")
    assert "fetch it again" in message
    assert len(message.splitlines()) == 1


def test_an_archive_of_garbage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive_of(tmp_path, inside(stand_ins.cifar_members(monkeypatch)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :][:100] = bytes(100)
    for wrong in (
        b"<html>not found</html>",
        gzip.compress(b"no tar at all"),
        bytes(content[: len(content) // 2])
        + bytes(100)
        + bytes(content[len(content) // 2 + 100 :]),
    ):
        path.write_bytes(wrong)
        message = refusal("cifar10", tmp_path / "mirror")
        assert str(path) in message
        assert "again" in message


def test_no_archive(tmp_path: Path) -> None:
    (tmp_path / "mirror" / "cifar10").mkdir(parents=True)
    path = tmp_path / "mirror" / "cifar10" / official_files.CIFAR_ARCHIVE
    message = refusal("cifar10", tmp_path / "mirror")
    assert f"{path}: there is no such file" in message
    path.mkdir()
    assert f"{path}: there is no such file" in refusal("cifar10", tmp_path / "mirror")


def test_a_missing_file_of_the_unpacked_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mirror" / "cifar10" / official_files.CIFAR_FOLDER
    folder.mkdir(parents=True)
    for name, content in stand_ins.cifar_members(monkeypatch).items():
        (folder / name).write_bytes(content)
    (folder / "data_batch_5.bin").unlink()
    message = refusal("cifar10", tmp_path / "mirror")
    assert "data_batch_5.bin: there is no such file" in message


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


def test_members_in_each_others_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = stand_ins.cifar_members(monkeypatch)
    one, other = "data_batch_1.bin", "test_batch.bin"
    members[one], members[other] = members[other], members[one]
    archive_of(tmp_path, inside(members))
    assert "data_batch_1.bin: the file is damaged" in refusal("cifar10", tmp_path / "mirror")


def test_a_flipped_bit_anywhere_in_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive_of(tmp_path, inside(stand_ins.cifar_members(monkeypatch, count=1)))
    whole = official_files.read("cifar10", tmp_path / "mirror")
    content = path.read_bytes()
    refused = 0
    # Of the tar beneath the compression and of the compression; tar has room that means nothing.
    for packed, step in ((content, 53), (gzip.decompress(content), 211)):
        for place in range(0, len(packed), step):
            altered = bytearray(packed)
            altered[place] ^= 1 << place % 8
            path.write_bytes(altered if packed is content else gzip.compress(altered, 1))
            try:
                found = official_files.read("cifar10", tmp_path / "mirror")
            except UserError as mistake:
                assert str(path) in str(mistake) or "_batch" in str(mistake)
                refused += 1
            else:
                np.testing.assert_array_equal(found.images, whole.images)
                np.testing.assert_array_equal(found.labels, whole.labels)
    assert refused > 100


# DATASETS_MIRROR


def test_the_mirror_is_used_where_it_is_named(
    mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATASETS_MIRROR", str(mirror))
    raw = tfds.fetch(tfds.Options(source="tfds", name="mnist", reads=""))
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
