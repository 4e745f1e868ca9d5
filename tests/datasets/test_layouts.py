"""Folders as people have them: split into parts, with odd files, cached by DVC."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from pydantic import ValidationError

from heatproof.datasets.canonical import in_canonical_order
from heatproof.datasets.preparation import split
from heatproof.datasets.sources import image_folder
from heatproof.datasets.split import training_rows
from heatproof.storage.records import RawDataset
from tests.datasets.own_images import content, fetched, flat_image, options, refusal, table

CLASSES = ("cat", "dog")


def written(root: Path, *parts: str, images: int = 2) -> Path:
    """Class folders in each part; images are told apart by their values."""
    value = 0
    for part in parts:
        for label in CLASSES:
            for number in range(images):
                flat_image(root / part / label / f"{number}.png", value := value + 1)
    return root


def gray(root: Path, **more: object) -> RawDataset:
    return image_folder.fetch(options(root, colour="gray", **more))


def values(images: np.ndarray) -> list[int]:
    return sorted(images[:, 0, 0, 0].tolist())


@pytest.mark.parametrize("parts", [("train", "test"), ("Training", "testing")])
def test_a_test_part_of_ones_own(tmp_path: Path, parts: tuple[str, str]) -> None:
    raw = gray(written(tmp_path, *parts))
    assert (values(raw.images), values(raw.test_images)) == ([1, 2, 3, 4], [5, 6, 7, 8])
    assert raw.test_labels.tolist() == [0, 0, 1, 1]
    assert raw.validation is None
    assert raw.remarks == ("the images' own split is kept: 4 training, 4 test",)


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_what_is_to_validate_tests_where_nothing_else_does(tmp_path: Path, name: str) -> None:
    raw = gray(written(tmp_path, "train", name))
    assert (values(raw.images), values(raw.test_images)) == ([1, 2, 3, 4], [5, 6, 7, 8])
    assert raw.remarks == (
        "the images' own split is kept: 4 training, 4 validation; there is no test part: "
        "validation is used as it",
    )


def test_three_parts_stay_apart_up_to_the_training(tmp_path: Path) -> None:
    raw = in_canonical_order(gray(written(tmp_path, "train", "val", "test")))
    dataset = split(raw, test_fraction=0.5, seed=1)
    assert values(dataset.test_images) == [9, 10, 11, 12]
    trained, validated = training_rows(dataset.train_labels, dataset.validation, None, 0.5, seed=1)
    assert values(dataset.train_images[trained]) == [1, 2, 3, 4]
    assert values(dataset.train_images[validated]) == [5, 6, 7, 8]
    assert raw.remarks == ("the images' own split is kept: 4 training, 4 validation, 4 test",)


def test_a_column_says_the_part(folder: Path) -> None:
    table(folder, "id,label,split\n1,cat,train\n2,dog,TRAIN\n3,cat,val\n04,dog,test\n")
    raw = fetched(folder)
    assert (values(raw.images), values(raw.test_images)) == ([10, 20, 30], [40])
    assert raw.validation is not None
    assert raw.images[raw.validation == 1][:, 0, 0, 0].tolist() == [30]


def test_what_is_left_out_beside_a_split_is_said(tmp_path: Path) -> None:
    written(tmp_path, "train", "val")
    flat_image(tmp_path / "test" / "unknown.png", 9)
    (tmp_path / "notes").mkdir()
    raw = gray(tmp_path)
    assert any("test: 1 images without a class are left out" in line for line in raw.remarks)
    assert any("folders beside" in line and "notes" in line for line in raw.remarks)
    assert values(raw.test_images) == [5, 6, 7, 8]


def test_one_train_folder_is_all_there_is(tmp_path: Path) -> None:
    raw = gray(written(tmp_path, "train"))
    assert (len(raw.labels), len(raw.test_labels)) == (4, 0)


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for label in ("bus", "train"):
        flat_image(tmp_path / label / "1.png", 5)
    assert gray(tmp_path).class_names == ("bus", "train")


@pytest.mark.parametrize(
    ("parts", "said"),
    [(("train", "val", "valid"), "two folders of the same part"), (("val", "test"), "only in its")],
)
def test_a_split_that_is_none(tmp_path: Path, parts: tuple[str, ...], said: str) -> None:
    assert said in refusal(written(tmp_path, *parts), images=".", labels=None)


def test_a_class_that_is_only_tested(tmp_path: Path) -> None:
    written(tmp_path, "train", "test")
    flat_image(tmp_path / "test" / "cow" / "1.png", 5)
    assert "no training image of 'cow'; add" in refusal(tmp_path, images=".", labels=None)


def test_tiny_imagenets_own_layout(tmp_path: Path) -> None:
    for number, label in enumerate(("n01443537", "n02129165")):
        flat_image(tmp_path / "train" / label / "images" / "1.JPEG", 100 * number)
        (tmp_path / "train" / label / f"{label}_boxes.txt").write_text("1.JPEG\t0\t0\t7\t7\n")
        flat_image(tmp_path / "val" / "images" / f"val_{number}.JPEG", 100 * number + 50)
    lines = ("val_0.JPEG\tn01443537\t0\t0\t7\t7\n", "val_1.JPEG\tn02129165\t1\t1\t2\t2\n")
    (tmp_path / "val" / "val_annotations.txt").write_text("".join(lines))
    words = "n00000001\tentity\nn01443537\tgoldfish, Carassius auratus\nn02129165\tlion\n"
    (tmp_path / "words.txt").write_text(words)
    raw = gray(tmp_path)
    assert raw.class_names == ("goldfish", "lion")
    assert values(raw.images) == [0, 100]
    assert dict(zip(values(raw.test_images), raw.test_labels, strict=True)) == {50: 0, 150: 1}
    assert raw.remarks[-1] == "boxes of 4 of 4 images: maps are measured against them"
    (tmp_path / "words.txt").rename(tmp_path.parent / "words.txt")
    (tmp_path / "words.txt").symlink_to(tmp_path.parent / "words.txt")
    assert gray(tmp_path).class_names == ("n01443537", "n02129165"), "it leads out of the folder"


# Odd files


def test_an_id_with_a_subfolder(folder: Path) -> None:
    flat_image(folder / "photos" / "deep" / "er" / "7.png", 70)
    table(folder, "id,label\n1,cat\ndeep/er/7,dog\n")
    assert content(fetched(folder)) == {10: "cat", 70: "dog"}
    remarks = fetched(folder).remarks
    assert remarks == ("3 images have no row and are left out: 04.png, 2.png, 3.png",)


def test_columns_that_are_not_used_are_named(folder: Path) -> None:
    table(folder, "id,label,age,fur\n1,cat,3,a\n2,dog,4,b\n3,dog,4,b\n04,dog,4,b\n")
    assert fetched(folder).remarks == ("columns of the table that are not used: age, fur",)


def test_a_patient_is_on_one_side_only(folder: Path) -> None:
    rows = [f"{n},{('cat', 'dog')[n % 2]},p{n // 4}\n" for n in range(5, 85)]
    for number in range(5, 85):
        flat_image(folder / "photos" / f"{number}.png", 100 + number)
    table(folder, f"id,label,Patient\n{''.join(rows)}1,cat,\n2,dog,\n")
    raw = in_canonical_order(fetched(folder))
    dataset = split(raw, test_fraction=0.25, seed=0)
    assert dataset.validation is None
    trained, validated = training_rows(dataset.train_labels, None, dataset.groups, 0.1, seed=0)
    parts = [dataset.train_images[trained], dataset.train_images[validated], dataset.test_images]
    patients = [{value // 4 for value in values(part) if value > 100} for part in parts]
    # Of 82 a quarter, and a tenth of the rest, in groups of four (and one image of each class).
    assert [len(part) for part in parts] == [56, 6, 20]
    assert not (patients[0] & patients[1] or patients[0] & patients[2] or patients[1] & patients[2])
    assert raw.remarks[-1] == "23 groups of images are kept together"
    table(folder, "id,label,patient,split\n1,cat,a,train\n2,dog,a,test\n3,dog,b,train\n")
    assert "group 'a' is in training and in test; put all of it into one" in refusal(folder)


def test_what_is_no_image_is_counted_and_images_in_folders_belong_to_the_class(
    tmp_path: Path,
) -> None:
    written(tmp_path, "")
    flat_image(tmp_path / "cat" / "black" / "1.png", 77)
    for name in ("cat/notes.txt", "dog/list.csv", "README.md"):
        (tmp_path / name).write_text("mine")
    raw = gray(tmp_path)
    assert values(raw.images) == [1, 2, 3, 4, 77]
    assert raw.remarks == (
        f"{tmp_path}/cat: images in its folders (black) are of its class",
        "3 files are no image: README.md, notes.txt, list.csv",
    )


ODD = {
    "phone.heic": b"\0\0\0\x18ftypheic", "camera.dng": b"II*\0", "broken.jfif": b"\xff\xd8\xff",
    "empty.avif": b"", "drawing.svg": b"<svg/>",
}  # fmt: skip


def test_a_few_images_that_cannot_be_read_are_left_out_and_named(tmp_path: Path) -> None:
    written(tmp_path, "", images=3)
    for name, start in ODD.items():
        (tmp_path / "dog" / name).write_bytes(start)
    flat_image(tmp_path / "loose.png", 9)
    (tmp_path / "dog" / "gone.png").symlink_to("nowhere.png")
    raw = gray(tmp_path, skip_unreadable=0.6)
    assert values(raw.images) == [1, 2, 3, 4, 5, 6]
    assert raw.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert raw.remarks[0] == "7 of 13 images cannot be used and are left out:"
    assert [line.split("/")[-1].split(":")[0] for line in raw.remarks[1:]] == [
        "loose.png", "gone.png", "broken.jfif", "camera.dng", "drawing.svg", "empty.avif",
        "phone.heic",
    ]  # fmt: skip
    message = refusal(tmp_path, images=".", labels=None)
    assert len(message.splitlines()) == 7
    assert message.endswith("(7 of 13 images; `skip_unreadable` allows 1 %)")


@pytest.mark.parametrize("ending", ["jfif", "jpe", "pjpeg", "apng", "avif", "jp2", "webp", "bmp"])
def test_an_image_of_any_ending_counts(tmp_path: Path, ending: str) -> None:
    written(tmp_path, "")
    flat_image(tmp_path / "x.png", 60).rename(tmp_path / "cat" / f"3.{ending}")
    assert values(gray(tmp_path).images) == [1, 2, 3, 4, 60]


# Images that DVC keeps as links into its cache


def cached(root: Path, path: Path) -> Path:
    """Move a file into a cache as DVC does, and leave a link."""
    md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    place = root.parent / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]
    place.parent.mkdir(parents=True, exist_ok=True)
    path.rename(place)
    path.symlink_to(place)
    return place


@pytest.mark.parametrize("labels", ["labels.csv", None])
def test_links_into_a_cache_of_dvc_are_followed(folder: Path, labels: str | None) -> None:
    if labels:
        table(folder, "id,label\n1,cat\n2,dog\n3,cat\ntwin,dog\n")
        cached(folder, folder / labels)
    else:
        written(folder / "photos", "")
        for path in (folder / "photos").glob("*.png"):
            path.unlink()
    files = sorted((folder / "photos").rglob("*.png"))
    for path in files:
        cached(folder, path)
    # The same image under two names is one object of the cache, and two images.
    twin = files[-1].with_stem("twin")
    twin.symlink_to(files[-1].readlink())
    raw = gray(folder, images="photos", labels=labels)
    assert len(raw.labels) == (4 if labels else 5)


def test_a_link_to_what_only_looks_like_a_cache_is_refused(folder: Path) -> None:
    place = cached(folder, folder / "photos" / "2.png")
    place.write_bytes(place.read_bytes() + b"more")
    assert "leads out of the folder" in refusal(folder)


# Black and white of images of more than 8 bits


def test_one_range_for_all_images_of_a_dataset(tmp_path: Path) -> None:
    for label, value in (("cat", 1000), ("dog", 4000)):
        (tmp_path / label).mkdir()
        tifffile.imwrite(tmp_path / label / "1.tif", np.full((8, 8), value, np.uint16))
        flat_image(tmp_path / label / "2.png", 200)
    raw = gray(tmp_path)
    assert values(raw.images) == [62, 200, 200, 249]  # of 4095
    assert raw.value_range is not None
    assert raw.value_range.tolist() == [0, 4095]
    assert raw.remarks == ("in images of more than 8 bits 0 is black, 4095 white",)
    assert values(gray(tmp_path, value_range=[0, 65535]).images) == [4, 16, 200, 200]
    tifffile.imwrite(tmp_path / "dog" / "3.tif", np.full((8, 8), 0.5, np.float32))
    message = refusal(tmp_path, images=".", labels=None)
    assert "some images hold whole numbers of more than 8 bits, others floats" in message


@pytest.mark.parametrize("wrong", [[1, 1], [5, 0], [0], [0, float("inf")]])
def test_a_range_that_is_none(tmp_path: Path, wrong: list[float]) -> None:
    with pytest.raises(ValidationError):
        options(tmp_path, value_range=wrong)
