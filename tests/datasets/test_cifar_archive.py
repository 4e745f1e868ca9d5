"""CIFAR-10's archive, or its folder: read by its members' names, verified, never unpacked."""

import gzip
import tarfile
from pathlib import Path

import numpy as np
import pytest

from heatproof.datasets import official_files
from heatproof.run.errors import UserError
from tests.datasets import stand_ins
from tests.datasets.stand_ins import refusal


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
