"""Images, links and subfolders that are refused: every mistake in one message."""

import os
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heatproof.datasets.sources import image_folder
from tests.datasets.own_images import content, flat_image, options, refusal, table


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
    "text": (lambda path: path.write_text("<html>not found</html>"), "no image of a known kind"),
    "a cut file": (write_cut, "damaged or cut off"),
    "a header only": (lambda path: path.write_bytes(path.read_bytes()[:20]), "damaged or cut off"),
    "an altered file": (
        lambda path: path.write_bytes(path.read_bytes().replace(b"IDAT", b"IDAX")),
        "damaged or cut off",
    ),
    "an icon called PNG": (
        lambda path: Image.new("L", (16, 16)).save(path, "ICO"),
        "an image of the format ICO",
    ),
    "far too large": (write_bomb, "too many pixels"),
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
    assert "5.jpg: the image is damaged or cut off" in refusal(folder)


def test_many_undecodable_images(folder: Path) -> None:
    for number in range(10, 40):
        (folder / "photos" / f"{number}.png").write_bytes(b"")
    rows = "".join(f"{number},dog\n" for number in range(10, 40))
    table(folder, f"id,label\n1,cat\n{rows}")
    message = refusal(folder)
    assert "29.png" in message
    assert "30.png" not in message
    assert message.endswith("and 10 more (30 of 31 images; `skip_unreadable` allows 1 %)")


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
    assert "there is no such image" in refusal(folder)
    for path in (folder / "photos").glob("?.png"):
        (folder / "photos" / f"class {path.stem}").mkdir()
        path.rename(folder / "photos" / f"class {path.stem}" / path.name)
    (folder / "photos" / "04.png").unlink()
    assert "class 5/5.png" in refusal(folder, labels=None)


def test_subfolders_that_are_no_classes(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    flat_image(tmp_path / "cat" / "1.png", 1)
    for name in ("cat", "dog"):
        flat_image(tmp_path / "animals" / name / "1.png", 1)
    message = refusal(tmp_path, images=".", labels=None)
    assert re.search(r"empty: no image in it", message)
    assert re.search(r"animals: images only in its folders \(cat, dog\);.*`images`", message)


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
