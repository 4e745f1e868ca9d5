"""The page about photos of a reader's own, read back."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heatproof.attribution import registry
from heatproof.report.charts import sheet, sprites
from heatproof.report.pages import image_page
from heatproof.report.pages.image_page import Photo, Subject
from heatproof.trust.verdict import CellVerdict, MethodVerdict
from tests.photos import shown
from tests.report import read_pages

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven")
SUBJECT = Subject("simple_cnn-digits", "simple_cnn", "digits", NAMES, (0.9731, 360, 0.1))
HOSTILE = (
    "<img src=x onerror=alert(1)>.png",
    '"><svg onload=alert(2)>.png',
    "two\nlines.png",
    "{{ 7 * 7 }}.png",
    "\udcff\udcfe.png",
    "x" * 200 + ".png",
)


def photo(name: str = "photo.png", channels: int = 1, **changes: object) -> Photo:
    random = np.random.default_rng(0)
    probabilities = np.array([0.02, 0.5, 0.1, 0.2, 0.15, 0.01, 0.005, 0.015])
    maps = {
        "saliency": random.random((8, 8)).astype(np.float32),
        "gradcam": random.random((8, 8)).astype(np.float32),
        "lime": random.normal(size=(8, 8)).astype(np.float32),
    }
    usual = Photo(
        name=name,
        preview=random.integers(0, 256, (30, 40, 3)).astype(np.uint8),
        box=(0.125, 0.0, 0.875, 1.0),
        seen=random.integers(0, 256, (8, 8, channels)).astype(np.uint8),
        handling="40×30 pixels; brought to 8×8.",
        warnings=("Its ground is grey.",),
        probabilities=probabilities,
        target=1,
        maps=maps,
        own={"lime": {"r2": 0.834, "segments": 38.0, "stability": float("nan")}},
    )
    return replace(usual, **changes)


def read(*photos: Photo, subject: Subject = SUBJECT) -> tuple[read_pages.Page, str]:
    html = image_page.page(subject, photos)
    return read_pages.parse(html), html


def test_a_saved_network_was_not_trained_here() -> None:
    assert "This network was trained on digits" in read(photo())[0].text
    page, _ = read(photo(), subject=replace(SUBJECT, saved=True))
    assert "This network was opened from a file, for the images of digits" in page.text


def test_the_section_of_the_report_that_it_names_is_there(small_site: Path) -> None:
    cell = (small_site / "reports/cells/simple_cnn-digits.html").read_text(encoding="utf-8")
    for named in re.findall("“(.*?)”", read(photo())[0].text):
        assert f">{named}</a></h2>" in cell, named


def test_under_a_map_stands_what_to_do_with_its_method() -> None:
    found = {"saliency": MethodVerdict("do not use", "Noise is as good.", ())}
    judged = replace(SUBJECT, verdict=CellVerdict(found, (), float("nan")))
    page, html = read(photo(), subject=judged)
    assert html.count("do not use") == 1 and "Noise is as good." in page.text
    assert "what to do with its method" not in read(photo())[0].text


@pytest.mark.parametrize("channels", [1, 3])
def test_the_pictures_are_those_of_the_arrays(channels: int) -> None:
    one = photo(channels=channels)
    pictures = shown(read(one)[1])
    wanted = [one.preview, one.seen, *(sprites.levels(one.maps[n], n == "lime") for n in one.maps)]
    for picture in map(sprites.to_rgb, wanted):
        assert any(np.array_equal(picture, found) for found in pictures)


def test_it_holds_everything_it_shows() -> None:
    page, html = read(photo(), photo("other.png"))
    assert page.pictures and all(address.startswith("data:") for address in page.pictures)
    sources = re.findall(r"(?:src|href)=\"([^\"]*)\"", html)
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert "://" not in html.replace("http://www.w3.org/2000/svg", ""), "a name, not an address"
    assert ("style", "") not in page.attributes and not re.search(r"<[^>]+ style=", html)
    [policy] = [value for _, value in page.attributes if "default-src" in value]
    assert "default-src 'none'; " in policy and "; img-src data:; " in policy
    assert len(page.ids) == len(set(page.ids))
    assert page.headings[0] == 1 and page.headings.count(1) == 1


def test_the_probable_classes_are_listed() -> None:
    page, _ = read(photo())
    for words in (
        "one 50.0 %", "three 20.0 %", "All 8 classes", "test images is 97.3 %",
        "360 test images", "with 8 classes", "40×30 pixels; brought to 8×8.",
        "Its ground is grey.", "Why one?", "dimmed part cropped",
    ):  # fmt: skip
        assert words in page.text, words
    assert "the class you chose" not in page.text


def test_a_class_the_reader_chose_is_marked() -> None:
    page, _ = read(photo(target=6), subject=replace(SUBJECT, chosen=True))
    assert "Why six? the class you chose, probability 0.5 %" in page.text


def test_every_map_has_its_scale_and_its_own_error() -> None:
    maps = {
        "saliency": np.linspace(0, 1.5, 64, dtype=np.float32).reshape(8, 8),
        "lime": np.linspace(-2, 1, 64, dtype=np.float32).reshape(8, 8),
    }
    page, _ = read(photo(maps=maps))
    assert "Saliency 0 to 1.50" in page.text
    assert "LIME −2.00 to 2.00 local R² 0.834 superpixels 38" in page.text
    assert "stability" not in page.text, "there is no number"
    assert registry.numbers()["r2"].meaning in page.text


def test_maps_have_a_text_alternative() -> None:
    corner = np.zeros((8, 8), np.float32)
    corner[7, 0] = 3
    page, _ = read(photo(maps={"gradcam": corner, "saliency": 0 * corner}))
    labels = [value for key, value in page.attributes if key in ("alt", "aria-label")]
    assert "Grad-CAM map for the class one, largest at the bottom left, over the image" in labels
    assert "Saliency map for the class one (all zero)" in labels
    assert "The photo photo.png as supplied" in labels
    assert "all zero" in page.text


def test_a_photo_kept_whole_has_no_frame() -> None:
    _, html = read(photo(box=(0.0, 0.0, 1.0, 1.0), warnings=()))
    assert "cropped" not in html and "Unlike the training images" not in html


def test_an_unsupported_method_is_shown_with_the_reason() -> None:
    reason = "ReLU6 & <b>depthwise</b> convolutions"
    page, html = read(photo(), subject=replace(SUBJECT, unsupported={"deep_shap": reason}))
    assert f"DeepSHAP: {reason}" in page.text
    assert "<b>depthwise" not in html


def test_without_any_map_there_is_still_a_page() -> None:
    one = photo(maps={}, own={})
    page, _ = read(one, subject=replace(SUBJECT, accuracy=None))
    assert "No method has a map" in page.text and "Its accuracy" not in page.text
    assert image_page.panel(SUBJECT, [one]).png.startswith(b"\x89PNG")


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_and_nothing_else(name: str) -> None:
    usual, _ = read(photo())
    subject = replace(SUBJECT, class_names=(*NAMES[:7], name), dataset=name, model=name)
    page, html = read(photo(name, target=7), subject=subject)
    assert page.tags.count("script") == 1
    assert set(page.tags) == set(usual.tags)
    assert not [key for key, _ in page.attributes if key.startswith("on")]
    html.encode()  # a file name may hold bytes that are no text
    assert image_page.panel(subject, [photo(name, target=7)]).png


def test_the_panel_has_every_picture_and_own_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[list[list[sheet.Shown]]] = []
    monkeypatch.setattr(sheet, "picture", lambda rows, **_: drawn.append(rows))
    image_page.panel(SUBJECT, [photo(), photo("other.png")])
    [[row, _]] = drawn
    assert [shown.title for shown in row] == [
        "photo", "network input", "Saliency", "Grad-CAM", "LIME",
    ]  # fmt: skip
    assert row[-1].note.endswith(", R² 0.83")


def test_a_large_photo_is_packed_well() -> None:
    ramp = np.linspace(0, 255, 560 * 420 * 3).reshape(420, 560, 3)
    noise = np.random.default_rng(0).normal(0, 12, ramp.shape)
    grainy = np.clip(ramp + noise, 0, 255).astype(np.uint8)
    _, html = read(photo(preview=grainy))
    assert len(html) < 250_000
    drawing = np.full((420, 560, 3), 255, np.uint8)
    drawing[100:300, 250:300] = 0
    np.testing.assert_array_equal(shown(read(photo(preview=drawing))[1])[0], drawing)


def test_the_same_photo_gives_the_same_bytes() -> None:
    assert read(photo())[1] == read(photo())[1]
    assert image_page.panel(SUBJECT, [photo()]).png == image_page.panel(SUBJECT, [photo()]).png
