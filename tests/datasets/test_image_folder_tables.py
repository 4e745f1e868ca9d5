"""A table of labels or a place that is wrong: every mistake in one message."""

from pathlib import Path

import pytest

from heatproof.datasets import decoding
from heatproof.datasets.sources import image_folder
from tests.datasets.own_images import content, flat_image, options, refusal, table


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["labels.csv: the file is empty", "`id,label`"]),
        ("\n\n", ["labels.csv: the file is empty"]),
        ("id,label\n", ["labels.csv: the table has no rows"]),
        ("id,labels\n1,cat\n", ["no column for labels", "did you mean 'label'", "`id,label`"]),
        (
            "name,label\n1,cat\n",
            ["no column for images in `name,label`", "did you mean 'filename'"],
        ),
        ("id,label,split\n1,cat,a\n", ["row 2: id '1': split 'a'", "expected train, val or test"]),
        ("id\n1\n", ["no column for labels in `id`", "`id,label`"]),
        ("id,ID,label\n1,1,cat\n", ["two columns are called 'id'"]),
        ("id,label\n1,cat\n2\n3,cat,x\n", ["row 3: 1 fields, expected 2", "row 4: 3 fields"]),
        ("id,label\n1,cat\n2,\n", ["row 3", "id '2'", "the label is empty"]),
        ("id,label\n1,cat\n,dog\n", ["row 3", "id ''"]),
        ("id,label\n1,cat\n2,do\x07g\n", ["row 3", r"'do\x07g'", "cannot be shown"]),
        ("id,label\n1,cat\n9,dog\n", ["row 3", "id '9'", "there is no such image in"]),
        ("id,label\n1,cat\n4,dog\n", ["row 3", "id '4'", "there is no such image in"]),
        ("id,label\n1,cat\n2.jpg,dog\n", ["row 3", "2.jpg", "there is no such image in"]),
        ("filename,label\n1.png,cat\n2.jpg,dog\n", ["row 3", "'2.jpg'", "there is no"]),
        ("filename,label\n1.png,cat\n.,dog\n", ["row 3", "'.'", "there is no"]),
        ("filename,label\n1.png,cat\n\0,dog\n", ["row 3", "there is no"]),
        (f"filename,label\n1.png,cat\n{'x' * 5000},dog\n", ["row 3", "there is no"]),
        ("id,label\n1,cat\n2,dog\n1,cat\n", ["row 4", "id '1'", "a duplicate of row 2"]),
        ("filename,label\n1.png,a\n2.png,b\n../photos/1.png,a\n", ["row 4", "duplicate of row 2"]),
        ("id,label\n1,cat\n2,cat\n", ["labels.csv: all images are 'cat'", "two classes"]),
        ('id,label\n1,"cat\n2,dog\n', ["line 3", "not valid CSV"]),
    ],
)
def test_a_wrong_table(folder: Path, text: str, said: list[str]) -> None:
    table(folder, text)
    message = refusal(folder)
    assert str(folder / "labels.csv") in message
    for words in said:
        assert words in message


def test_a_table_that_is_not_utf_8(folder: Path) -> None:
    table(folder, "id,label\n1,cat\n2,zèbre\n".encode("latin-1"))
    message = refusal(folder)
    assert "labels.csv: line 3 is not UTF-8 (byte 0xe8); save the table as UTF-8" in message
    table(folder, "id,label\n1,cat\n2,dog\n".encode("utf-16"))
    assert "line 1 is not UTF-8" in refusal(folder)


def test_two_files_for_one_id(folder: Path) -> None:
    flat_image(folder / "photos" / "1.jpg", 10)
    message = refusal(folder)
    assert "row 2: id '1': 1.jpg and 1.png are both in" in message


def test_of_a_million_wrong_rows_few_are_read(folder: Path) -> None:
    table(folder, "id,label\n" + "1,cat,x\n" * 1_000_000)
    assert refusal(folder).endswith("… and 9,995 more; no further row was read")


def test_of_many_mistakes_the_first_few_are_shown(folder: Path) -> None:
    table(folder, "id,label\n" + "".join(f"x{n},cat\n" for n in range(1200)))
    message = refusal(folder)
    assert len(message.splitlines()) == 6
    for number in range(5):
        assert f"row {number + 2}: id 'x{number}'" in message
    assert message.endswith("… and 1,195 more")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"images": "fotos"}, ["fotos: there is no such folder", "`images`"]),
        ({"images": "labels.csv"}, ["labels.csv: there is no such folder", "`images`"]),
        ({"labels": "tabel.csv"}, ["tabel.csv: there is no such file", "`labels`"]),
        ({"labels": "photos"}, ["photos: there is no such file", "`labels`"]),
        ({"images": ".."}, ["lies outside", "`images`"]),
        ({"images": "/"}, ["lies outside", "`images`"]),
        ({"labels": "../x.csv"}, ["lies outside", "`labels`"]),
    ],
)
def test_a_place_that_is_not_there(folder: Path, more: dict[str, str], said: list[str]) -> None:
    message = refusal(folder, **more)
    for words in [*said, "params.yaml"]:
        assert words in message


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    message = refusal(tmp_path / "nowhere")
    assert f"{tmp_path / 'nowhere'}: there is no such folder" in message
    assert "`reads`" in message


def test_a_path_in_the_table_that_leads_out_is_refused(folder: Path) -> None:
    flat_image(folder.parent / "secret.png", 99)
    table(folder, "filename,label\n1.png,cat\n../../secret.png,dog\n")
    message = refusal(folder)
    assert "row 3: filename '../../secret.png'" in message
    assert "leads out of the folder" in message


def test_no_subfolders_and_no_table(folder: Path) -> None:
    message = refusal(folder, labels=None)
    assert "photos: there are no subfolders" in message
    assert "`labels`" in message


def test_one_subfolder_only(tmp_path: Path) -> None:
    flat_image(tmp_path / "cat" / "1.png", 1)
    message = refusal(tmp_path, images=".", labels=None)
    assert f"{tmp_path}: all images are 'cat'; two classes are needed: add a subfolder" in message


def test_ten_thousand_classes_are_refused_before_an_image_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "opened", lambda path: pytest.fail(f"{path} is read"))
    for number in range(10_000):
        (folder / "photos" / f"{number}.jpg").write_bytes(b"")
    for number in (1, 2, 3):  # else there are two files of the name
        (folder / "photos" / f"{number}.png").unlink()
    rows = "".join(f"{number},class {number}\n" for number in range(10_000))
    table(folder, f"id,label\n{rows}")
    message = refusal(folder)
    assert "labels.csv: 10,000 classes ('class 0', 'class 1', 'class 10' …), more than" in message
    for place in (folder / "photos").iterdir():
        place.unlink()
    for number in range(1_001):
        (folder / "photos" / str(number)).mkdir()
        (folder / "photos" / str(number) / "1.png").write_bytes(b"")
    assert "photos: 1,001 classes" in refusal(folder, labels=None)


def test_the_current_folder_with_images_beside_the_table(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number, label in enumerate("ab"):
        flat_image(Path(f"{label}.png"), 100 + number)
    table(Path(), "id,label\na,x\nb,y\n")
    raw = image_folder.fetch(options(Path(), labels="labels.csv", colour="gray"))
    assert content(raw) == {100: "x", 101: "y"}
    assert raw.origins is not None and raw.origins.files.tolist() == ["a.png", "b.png"]
