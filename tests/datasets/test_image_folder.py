"""Anyone's images: which files belong to which class, and every mistake in one message."""

import os
import re
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from stages.artifacts import RawDataset
from stages.datasets import decoding, image_folder, official_files
from stages.errors import UserError
from stages.fetch import in_canonical_order

MIRROR = os.environ.get("DATASETS_MIRROR")


def options(root: Path, **more: object) -> image_folder.Options:
    settings = {"reads": str(root), "size": [8, 8], **more}
    return image_folder.Options(source="image_folder", **settings)


def flat_image(path: Path, value: int) -> Path:
    """Write an 8×8 grey image of one value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), value).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four images in two classes, one of them with a space and an accent, called by number."""
    root = tmp_path / "my images é"
    for number, value in (("1", 10), ("2", 20), ("3", 30), ("04", 40)):
        flat_image(root / "photos" / f"{number}.png", value)
    table(root, "id,label\n1,cat\n2,dog\n3,cat\n04,dog\n")
    return root


def table(root: Path, content: str | bytes) -> Path:
    path = root / "labels.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def fetched(root: Path) -> RawDataset:
    return image_folder.fetch(options(root, images="photos", labels="labels.csv", colour="gray"))


def content(raw: RawDataset) -> dict[int, str]:
    """Return the class of each image, which is named by its first pixel."""
    values = raw.images[:, 0, 0, 0].tolist()
    return dict(zip(values, [raw.class_names[label] for label in raw.labels], strict=True))


def refusal(root: Path, **more: object) -> str:
    """Fetch what has to be refused; return what is said."""
    settings = {"images": "photos", "labels": "labels.csv", **more}
    with pytest.raises(UserError) as mistake:
        image_folder.fetch(options(root, **settings))
    return str(mistake.value)


# What belongs where


def test_a_table_of_ids(folder: Path) -> None:
    raw = fetched(folder)
    assert content(raw) == {10: "cat", 20: "dog", 30: "cat", 40: "dog"}
    assert raw.class_names == ("cat", "dog")
    assert raw.images.shape == (4, 8, 8, 1)
    assert raw.images.dtype == np.uint8
    assert raw.labels.dtype == raw.test_labels.dtype == np.int64
    assert raw.test_images.shape == (0, 8, 8, 1)
    assert raw.test_labels.shape == (0,)


@pytest.mark.parametrize(
    "text",
    [
        "label,id\ncat,1\ndog,2\n",
        "id,label\r\n1,cat\r\n\r\n2,dog\r\n",
        "\ufeffid,label\n1,cat\n2,dog",
        ' id , label \n 1 ,  "cat"\n2,dog \n,\n',
        "filename,label\n1.png,cat\n2.png,dog\n",
        "filename,label\n./1.png,cat\n../photos/2.png,dog\n",
    ],
)
def test_tables_as_people_write_them(folder: Path, text: str) -> None:
    table(folder, text)
    assert content(fetched(folder)) == {10: "cat", 20: "dog"}


def test_a_quoted_label_may_hold_a_comma(folder: Path) -> None:
    table(folder, 'id,label\n1,"cat, black"\n2,dog\n')
    assert content(fetched(folder)) == {10: "cat, black", 20: "dog"}


def test_an_id_finds_png_and_jpeg_in_any_case(folder: Path) -> None:
    for name in ("a.jpg", "b.JPEG", "c.PNG", "d.x.png"):
        flat_image(folder / "photos" / name, 200)
    table(folder, "id,label\na,cat\nb,dog\nc,dog\nd.x,dog\n")
    assert len(fetched(folder).labels) == 4


def test_classes_are_sorted_whatever_order_they_come_in(folder: Path) -> None:
    table(folder, "id,label\n1,10\n2,2\n3,zèbre\n04,Ant\n")
    raw = fetched(folder)
    assert raw.class_names == ("10", "2", "Ant", "zèbre")
    assert content(raw) == {10: "10", 20: "2", 30: "zèbre", 40: "Ant"}


def test_the_order_of_the_rows_leaves_no_trace(folder: Path) -> None:
    one = in_canonical_order(fetched(folder))
    table(folder, "id,label\n04,dog\n3,cat\n2,dog\n1,cat\n")
    other = in_canonical_order(fetched(folder))
    assert one.images.tobytes() == other.images.tobytes()
    assert one.labels.tolist() == other.labels.tolist() == [0, 0, 1, 1]


def test_one_subfolder_per_class(tmp_path: Path) -> None:
    flat_image(tmp_path / "a dog" / "1.png", 10)
    flat_image(tmp_path / "a dog" / "2.JPG", 20)
    flat_image(tmp_path / "Katze ß" / "1.png", 30)
    flat_image(tmp_path / "__unknown__" / "1.png", 40)
    (tmp_path / "README.txt").write_text("mine")
    (tmp_path / "a dog" / "notes.txt").write_text("good dog")
    flat_image(tmp_path / ".cache" / "1.png", 90)
    flat_image(tmp_path / "__MACOSX" / "._1.png", 90)
    (tmp_path / "a dog" / "._1.png").write_bytes(b"\0\5\26\7")
    raw = image_folder.fetch(options(tmp_path, colour="gray"))
    assert raw.class_names == ("Katze ß", "__unknown__", "a dog")
    assert content(raw) == {10: "a dog", 20: "a dog", 30: "Katze ß", 40: "__unknown__"}


def test_a_link_within_the_folder_is_followed(folder: Path) -> None:
    (folder / "photos" / "5.png").symlink_to("1.png")
    (folder / "photos" / "1.png").rename(folder / "original.png")
    (folder / "photos" / "1.png").symlink_to(folder / "original.png")
    assert content(fetched(folder)) == {10: "cat", 20: "dog", 30: "cat", 40: "dog"}


@pytest.mark.skipif(not MIRROR, reason="DATASETS_MIRROR is not set")
@pytest.mark.slow
def test_cifar10_as_png_is_cifar10() -> None:
    """The first 2,000 of the public PNG form are the first 2,000 of the official files."""
    root = Path(MIRROR) / "cifar10_png"
    settings = options(root, images="cifar10", labels="cifar10Labels.csv", size=[32, 32])
    raw = image_folder.fetch(settings)
    assert raw.class_names == official_files.CIFAR_NAMES

    archive = Path(MIRROR) / "cifar10" / official_files.CIFAR_ARCHIVE
    with tarfile.open(archive) as tar:
        first = tar.extractfile(f"{official_files.CIFAR_FOLDER}/data_batch_1.bin").read()
    images, labels = official_files.parse_cifar(first)

    def pairs(images: np.ndarray, labels: np.ndarray) -> list[tuple[int, bytes]]:
        both = zip(labels.tolist(), images, strict=True)
        return sorted((label, image.tobytes()) for label, image in both)

    found = pairs(raw.images, raw.labels)
    assert len(found) == 2000
    assert found == pairs(images[:2000], labels[:2000])


def test_height_comes_before_width(tmp_path: Path) -> None:
    flat_image(tmp_path / "a" / "1.png", 1)
    flat_image(tmp_path / "b" / "1.png", 2)
    raw = image_folder.fetch(options(tmp_path, size=[8, 12]))
    assert raw.images.shape == (2, 8, 12, 3)


# Mistakes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["labels.csv: the file is empty", "`id,label`"]),
        ("\n\n", ["labels.csv: the file is empty"]),
        ("id,label\n", ["labels.csv: the table has no rows"]),
        ("id,labels\n1,cat\n", ["unknown column 'labels'", "did you mean 'label'", "`id,label`"]),
        ("ID,Label\n1,cat\n", ["unknown column 'ID'", "did you mean 'id'"]),
        ("id,label,split\n1,cat,a\n", ["unknown column 'split'"]),
        ("id;label\n1;cat\n2;dog\n", ["semicolons", "commas"]),
        ("id\tlabel\n1\tcat\n2\tdog\n", ["tabs", "commas"]),
        ("id\n1\n", ["the columns are `id`", "`id,label`"]),
        ("id,id,label\n1,1,cat\n", ["the columns are `id,id,label`"]),
        ("id,filename,label\n1,1.png,cat\n", ["the columns are `id,filename,label`"]),
        ("id,label\n1,cat\n2\n3,cat,x\n", ["row 3: 1 fields, expected 2", "row 4: 3 fields"]),
        ("id,label\n1,cat\n2,\n", ["row 3", "id '2'", "the label is empty"]),
        ("id,label\n1,cat\n,dog\n", ["row 3", "id ''"]),
        ("id,label\n1,cat\n2,do\x07g\n", ["row 3", r"'do\x07g'", "cannot be shown"]),
        ("id,label\n1,cat\n9,dog\n", ["row 3", "id '9'", "there is no 9.png, .jpg or .jpeg in"]),
        ("id,label\n1,cat\n4,dog\n", ["row 3", "id '4'", "there is no 4.png"]),
        ("id,label\n1,cat\n2.png,dog\n", ["row 3", "2.png", "`filename`"]),
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


def write_bomb(path: Path) -> None:
    """A PNG of a few hundred bytes that says it has 30,000 × 30,000 pixels."""
    Image.new("1", (8, 8)).save(path)
    data = bytearray(path.read_bytes())
    data[16:24] = (30000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    path.write_bytes(data)


def write_cut(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path, path.suffix[1:].replace("jpg", "jpeg"))
    path.write_bytes(path.read_bytes()[:2000])


UNDECODABLE = {
    "an empty file": (lambda path: path.write_bytes(b""), "2.png: the file is empty"),
    "text": (lambda path: path.write_text("<html>not found</html>"), "cannot be decoded"),
    "a cut file": (write_cut, "cannot be decoded"),
    "a header only": (lambda path: path.write_bytes(path.read_bytes()[:20]), "cannot be decoded"),
    "an altered file": (
        lambda path: path.write_bytes(path.read_bytes().replace(b"IDAT", b"IDAX")),
        "cannot be decoded",
    ),
    "a GIF called PNG": (lambda path: Image.new("L", (8, 8)).save(path, "GIF"), "PNG or JPEG"),
    "far too large": (write_bomb, "far too many pixels"),
}


@pytest.mark.parametrize("kind", UNDECODABLE)
def test_an_image_that_cannot_be_decoded(folder: Path, kind: str) -> None:
    damage, said = UNDECODABLE[kind]
    damage(folder / "photos" / "2.png")
    message = refusal(folder)
    assert "labels.csv: row 3: id '2'" in message
    assert str(folder / "photos" / "2.png") in message
    assert said in message
    assert len(message.splitlines()) == 1


def test_a_cut_jpeg(folder: Path) -> None:
    write_cut(folder / "photos" / "5.jpg")
    table(folder, "id,label\n1,cat\n5,dog\n")
    assert "5.jpg: cannot be decoded" in refusal(folder)


def test_many_undecodable_images(folder: Path) -> None:
    for number in range(10, 30):
        (folder / "photos" / f"{number}.png").write_bytes(b"")
    rows = "".join(f"{number},dog\n" for number in range(10, 30))
    table(folder, f"id,label\n1,cat\n{rows}")
    message = refusal(folder)
    assert "14.png" in message
    assert "15.png" not in message
    assert message.endswith("there may be more")


@pytest.mark.parametrize("labels", ["labels.csv", None])
def test_a_link_out_of_the_folder_is_refused(folder: Path, labels: str | None) -> None:
    outside = flat_image(folder.parent / "elsewhere" / "secret.png", 99)
    inside = folder / "photos" / ("2.png" if labels else "dog/2.png")
    if labels is None:
        flat_image(folder / "photos" / "cat" / "1.png", 10)
        for path in (folder / "photos").glob("*.png"):
            path.unlink()
        inside.parent.mkdir()
    inside.unlink(missing_ok=True)
    inside.symlink_to(outside)
    message = refusal(folder, labels=labels)
    assert str(inside) in message
    assert f"leads out of the folder, to {outside}" in message


@pytest.mark.parametrize("place", ["photos", "labels.csv"])
def test_a_linked_folder_or_table_is_refused(folder: Path, place: str) -> None:
    (folder / place).rename(folder.parent / place)
    (folder / place).symlink_to(folder.parent / place)
    assert "lies outside" in refusal(folder)


def test_a_path_in_the_table_that_leads_out_is_refused(folder: Path) -> None:
    flat_image(folder.parent / "secret.png", 99)
    table(folder, "filename,label\n1.png,cat\n../../secret.png,dog\n")
    message = refusal(folder)
    assert "row 3: filename '../../secret.png'" in message
    assert "leads out of the folder" in message


def test_links_that_lead_nowhere(folder: Path) -> None:
    classes = folder / "photos"
    for path in classes.glob("*.png"):
        path.unlink()
    flat_image(classes / "cat" / "1.png", 10)
    (classes / "dog").mkdir()
    (classes / "dog" / "circle.png").symlink_to("circle.png")
    (classes / "dog" / "gone.png").symlink_to("nowhere.png")
    message = refusal(folder, labels=None)
    assert "circle.png" in message
    assert "gone.png" in message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_does_not_make_it_wait(folder: Path) -> None:
    os.mkfifo(folder / "photos" / "5.png")
    table(folder, "id,label\n1,cat\n5,dog\n")
    assert "there is no 5.png" in refusal(folder)
    for path in (folder / "photos").glob("?.png"):
        (folder / "photos" / f"class {path.stem}").mkdir()
        path.rename(folder / "photos" / f"class {path.stem}" / path.name)
    (folder / "photos" / "04.png").unlink()
    assert "class 5/5.png" in refusal(folder, labels=None)


def test_subfolders_that_are_no_classes(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    flat_image(tmp_path / "cat" / "1.png", 1)
    flat_image(tmp_path / "cat" / "black" / "1.png", 1)
    flat_image(tmp_path / "loose.jpg", 1)
    (tmp_path / "cat" / "1.webp").write_bytes(b"RIFF")
    message = refusal(tmp_path, images=".", labels=None)
    assert re.search(r"empty: no PNG or JPEG in it", message)
    assert re.search(r"cat/black: a folder in a class folder", message)
    assert re.search(r"loose.jpg: an image beside the class folders", message)
    assert re.search(r"1.webp: not PNG or JPEG; convert it", message)


def test_no_subfolders_and_no_table(folder: Path) -> None:
    message = refusal(folder, labels=None)
    assert "photos: there are no subfolders" in message
    assert "`labels`" in message


def test_one_subfolder_only(tmp_path: Path) -> None:
    flat_image(tmp_path / "cat" / "1.png", 1)
    message = refusal(tmp_path, images=".", labels=None)
    assert f"{tmp_path}: all images are 'cat'; two classes are needed: add a subfolder" in message


def test_more_than_memory_holds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_folder, "MOST_BYTES", 4 * 8 * 8 * 3 - 1)
    assert "choose a smaller `size` in params.yaml" in refusal(folder)


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": [8]},
        {"size": [8, 8, 3]},
        {"size": [7, 8]},
        {"size": 8},
        {"size": [8, 513]},
        {"colour": "cmyk"},
        {"reads": ""},
        {"labels": ""},
        {"lables": "labels.csv"},
    ],
)
def test_settings_out_of_range(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        options(tmp_path, **wrong)


# Names that nobody expects

ODD_NAMES = ("a\nb", "a\x1b[2Jb", "a\tb", "a\u202eb")
FINE_NAMES = (
    'say "cheese"',
    "it's",
    "<img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}",
    "🙂",
    "数字",
    "a;b|c$(d)",
)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_class_whose_name_cannot_be_shown_is_refused_on_one_line(
    tmp_path: Path, name: str
) -> None:
    flat_image(tmp_path / name / "1.png", 1)
    flat_image(tmp_path / "cat" / "1.png", 2)
    message = refusal(tmp_path, images=".", labels=None)
    assert "has characters that cannot be shown; rename the class" in message
    assert message.isprintable()


def test_names_with_quotes_html_and_emoji_stay_as_they_are(tmp_path: Path) -> None:
    for value, name in enumerate(FINE_NAMES):
        flat_image(tmp_path / name / f"{name} 1.png", value)
    raw = image_folder.fetch(options(tmp_path, colour="gray"))
    assert content(raw) == dict(enumerate(FINE_NAMES))


def test_a_damaged_image_of_an_odd_name_costs_one_line(tmp_path: Path) -> None:
    flat_image(tmp_path / "cat" / "1.png", 1)
    flat_image(tmp_path / "dog" / "1.png", 2)
    (tmp_path / "dog" / "line\nbreak\x1b[31m.png").write_bytes(b"")
    message = refusal(tmp_path, images=".", labels=None)
    assert r"dog/line\nbreak\x1b[31m.png: the file is empty" in message
    assert message.isprintable()


@pytest.mark.parametrize("key", ["images", "labels"])
def test_a_path_that_is_none(folder: Path, key: str) -> None:
    message = refusal(folder, **{key: "a\0b"})
    assert f"no such path; correct `{key}`" in message
    (folder / "circle").symlink_to("circle")
    assert f"correct `{key}`" in refusal(folder, **{key: "circle"})


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
