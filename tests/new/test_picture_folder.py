"""What `heatproof new` finds in folders, tables, files and datasets of pictures, and says of it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic.fields import FieldInfo

from heatproof.config import params
from heatproof.datasets import official_files
from heatproof.datasets.sources import image_folder
from heatproof.new import (
    picture_folder,
    sample,
)
from heatproof.run.errors import UserError
from tests.datasets import stand_ins
from tests.new.studies import made, pictures


def test_a_split_and_what_is_left_out_are_said(tmp_path: Path, monkeypatch, capsys) -> None:
    for part in ("train", "val"):
        pictures(tmp_path / "own" / part, False, *[(20, 28)] * 4)
    (tmp_path / "own" / "train" / "class 0" / "notes.txt").write_text("mine")
    assert made(monkeypatch, tmp_path / "study", "--images", tmp_path / "own") == 0
    said = capsys.readouterr().out
    assert said.startswith("16 pictures of 2 classes: class 0 8, class 1 8\n")
    assert "layout: one folder per class, in those of a split\n" in said
    assert "the images' own split is kept: 8 training, 8 validation; there is no test part" in said
    assert "1 file is no image: notes.txt\n" in said


def test_pictures_that_cannot_be_read_are_a_message(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"1.png: the file is empty.*none of 2 pictures"):
        picture_folder.of_folder(tmp_path, None)


def test_a_set_of_tensorflow_datasets(tmp_path: Path, monkeypatch, capsys) -> None:
    stand_ins.write_idx(tmp_path / "mnist", "mnist", monkeypatch)
    monkeypatch.setenv(official_files.MIRROR, str(tmp_path))
    assert made(monkeypatch, tmp_path / "s", "--tfds", "mnist", "--models", "lenet5") == 0
    said = capsys.readouterr().out
    assert "all 28×28 pixels; grey" in said
    assert f"the dataset's own test part is kept: {stand_ins.TEST} pictures\n" in said
    fetch = params.load(tmp_path / "s" / "params.yaml").datasets["s"].fetch
    assert (fetch.source, fetch.name, fetch.size) == ("tfds", "mnist", [28, 28])
    assert made(monkeypatch, tmp_path / "t", "--tfds", "no such") == 2
    assert "--tfds: name = 'no such'" in capsys.readouterr().err


def test_a_labels_table_beside_the_folder_of_its_pictures(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    source = pictures(tmp_path / "all", True, *[(30, 30)] * 4, classes=1)
    (source / "labels.csv").write_text("id,label\n0,ant\n1,bee\n2,ant\n3,bee\n")
    assert made(monkeypatch, tmp_path / "s", "--images", source, "--labels", "labels.csv") == 0
    fetch = params.load(tmp_path / "s" / "params.yaml").datasets["s"].fetch
    assert (fetch.images, fetch.labels) == ("class 0", "labels.csv")
    assert "layout: the labels table labels.csv, images in class 0/\n" in capsys.readouterr().out
    (source / "labels.csv").write_text("id,label\n0,ant\n7,bee\n")
    assert made(monkeypatch, tmp_path / "t", "--images", source, "--labels", "labels.csv") == 2
    told = capsys.readouterr().err
    assert f"id '7': there is no such image in {source / 'class 0'};" in told
    assert told.count("\n") == 1, "the other row is right"


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (["test"] * 4, "labels.csv: no training image of 'a', 'b'; add some"),
        (["train", "train", "test", "test"], "labels.csv: no training image of 'b'; add some"),
        (["val", "val", "val", "test"], "labels.csv: no training image of 'a', 'b'; add some"),
        (["train"] * 3, "labels.csv: fewer than two images of 'b'; each class needs one to train"),
    ],
)
def test_what_cannot_be_trained_on_is_no_study(
    tmp_path: Path, monkeypatch, capsys, splits: list[str], message: str
) -> None:
    source = pictures(tmp_path / "all", True, *[(30, 30)] * 4, classes=1)
    rows = [f"class 0/{row},{'aabb'[row]},{split}\n" for row, split in enumerate(splits)]
    (source / "labels.csv").write_text(f"id,label,split\n{''.join(rows)}")
    assert made(monkeypatch, tmp_path / "s", "--images", source, "--labels", "labels.csv") == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1
    assert not (tmp_path / "s").exists()


def test_boxes_and_masks_are_found_and_said(tmp_path: Path, monkeypatch, capsys) -> None:
    source = pictures(tmp_path / "photos", True, *[(30, 30)] * 3)
    pictures(source / "masks", False, *[(30, 30)] * 2)
    assert made(monkeypatch, tmp_path / "masked", "--images", source) == 0
    said = capsys.readouterr().out
    assert said.startswith("6 pictures of 2 classes: class 0 3, class 1 3\n"), "masks are no class"
    assert "masks of 4 of 6 images: maps are measured against them; none of 2.png, 2.png\n" in said
    study = params.load(tmp_path / "masked" / "params.yaml")
    assert study.datasets["masked"].fetch.masks == "masks"
    rows = [f"class {c}/{n}.png,{c},1,2,9,9" for c in range(2) for n in range(3)]
    (source / "t.csv").write_text("\n".join(["file,label,xmin,ymin,xmax,ymax", *rows]))
    shutil.rmtree(source / "masks")
    assert made(monkeypatch, tmp_path / "boxes", "--images", source, "--labels", "t.csv") == 0
    assert "boxes of 6 of 6 images: maps are measured against them\n" in capsys.readouterr().out
    assert params.load(tmp_path / "boxes" / "params.yaml").datasets["boxes"].fetch.masks is None


def test_boxes_and_masks_that_are_wrong_are_told(tmp_path: Path, monkeypatch, capsys) -> None:
    source = pictures(tmp_path / "photos", True, *[(30, 30)] * 3)
    boxes = ["1,2,9,9", "1,2,40,9", "31,2,40,9", *["1,2,9,9"] * 3]
    rows = [f"class {n // 3}/{n % 3}.png,{n // 3},{boxes[n]}" for n in range(6)]
    (source / "t.csv").write_text("\n".join(["file,label,xmin,ymin,xmax,ymax", *rows]))
    assert made(monkeypatch, tmp_path / "boxes", "--images", source, "--labels", "t.csv") == 0
    said = capsys.readouterr().out
    first, second = source / "class 0" / "1.png", source / "class 0" / "2.png"
    assert f"1 of them cannot be used:\n{second}: its boxes lie outside its 30×30 pixels\n" in said
    assert f"1 of them may be wrong:\n{first}: its box 1 2 40 9 reaches beyond" in said
    (source / "t.csv").unlink()
    pictures(source / "masks", False, *[(30, 30)] * 3)
    black = source / "masks" / "class 1" / "0.png"
    Image.new("L", (30, 30)).save(black)
    assert made(monkeypatch, tmp_path / "masked", "--images", source) == 0
    told = f"1 of them may be wrong:\n{source / 'class 1' / '0.png'}: its mask {black} is black:"
    assert told in capsys.readouterr().out


def test_a_file_of_arrays(tmp_path: Path, monkeypatch, capsys) -> None:
    draw = np.random.default_rng(0)
    images, labels = draw.random((10, 144)), np.arange(10)[:, np.newaxis] % 2
    file = tmp_path / "mine.npz"
    np.savez(file, train_images=images, train_labels=labels, test_images=images, test_labels=labels)
    assert made(monkeypatch, tmp_path / "study", "--images", file) == 0
    said = capsys.readouterr().out
    assert said.startswith("20 pictures of 2 classes: 0 10, 1 10\nall 12×12 pixels; grey\n")
    for line in (
        "the file's own split is kept: 10 training, 10 test\n",
        "rows of 144 values are taken as 12×12 pixels, grey\n",
        "of the values in the file 0 is black, 1 white\n",
    ):
        assert line in said
    fetch = params.load(tmp_path / "study" / "params.yaml").datasets["study"].fetch
    assert (fetch.source, fetch.reads, fetch.size) == ("array_file", str(file), [12, 12])
    options = ("--value-range", "-1", "1")
    assert made(monkeypatch, tmp_path / "wide", "--images", file, *options) == 0
    dataset = params.load(tmp_path / "wide" / "params.yaml").datasets["wide"]
    assert dataset.fetch.value_range == [-1, 1]
    for words, message in (
        (("--labels", "y.csv"), "holds the labels itself"),
        (("--value-range", "1", "0"), "expected the value of black first"),
    ):
        assert made(monkeypatch, tmp_path / "none", "--images", file, *words) == 2
        assert message in capsys.readouterr().err


def test_what_fetch_will_leave_out_or_refuse_is_said_before(tmp_path: Path, monkeypatch) -> None:
    place = pictures(tmp_path, False, *[(20, 20)] * 4)
    monkeypatch.setattr(sample, "DECODED", 4)  # every other picture of these eight
    checked = "4 of 8 pictures were decoded, of the others it was read what they begin with"
    assert picture_folder.of_folder(place, None).remarks[1:] == [f"{checked}: none is damaged"]
    cut_off, no_image = place / "class 0" / "0.png", place / "class 1" / "3.png"
    cut_off.write_bytes(cut_off.read_bytes()[:-50])  # its beginning is as it should be
    no_image.write_text("no image")
    pictures_found = picture_folder.of_folder(place, None)
    assert pictures_found.remarks == [
        "layout: one folder per class",
        f"2 of 8 pictures cannot be used ({checked}); more than 1 %, so that `fetch` will refuse "
        "them all: take them away, or raise `skip_unreadable` in params.yaml:",
        f"{cut_off}: the image is damaged or cut off; save it again",
        f"{no_image}: this is no image of a known kind; export it as PNG or JPEG",
    ]
    monkeypatch.setitem(image_folder.Options.model_fields, "skip_unreadable", FieldInfo(default=1))
    assert "; `fetch` leaves them out:" in picture_folder.of_folder(place, None).remarks[1]
