"""The page prepares a picture exactly as `heatproof explain_image` does."""

import base64
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from selenium.webdriver import Chrome

from heatproof.attribution.core.baselines import blurred
from heatproof.datasets import ink, photos
from heatproof.datasets.photos import Placement, Preparation
from tests.browser.test_pages import visit

pytestmark = pytest.mark.browser

VIEW = """
const [bytes, width, height, cases] = arguments;
const data = Uint8ClampedArray.from(atob(bytes), (letter) => letter.charCodeAt(0));
return cases.map(([input, usual, choices]) => {
  const { pixels, box, inverted } = Photo.view({ width, height, data }, input, usual, choices);
  return [Array.from(pixels), box, inverted];
});
"""
SHAPES = ((28, 28, 1), (16, 16, 1), (32, 32, 3), (24, 40, 3))
CHOICES: tuple[dict[str, Any], ...] = (
    {}, {"fit": "crop"}, {"fit": "pad", "invert": True}, {"levels": True}, {"fit": "squash"},
    {"asIs": True},
)  # fmt: skip


def drawn(size: tuple[int, int], paper: int, pen: int, width: int, grain: float) -> np.ndarray:
    """Draw strokes on paper with some grain and light from one side."""
    random = np.random.default_rng(size[0] + paper)
    picture = Image.new("RGB", size, (paper,) * 3)
    points = [(int(size[0] * x), int(size[1] * y)) for x, y in random.uniform(0.25, 0.75, (5, 2))]
    ImageDraw.Draw(picture).line(points, fill=(pen,) * 3, width=width, joint="curve")
    lit = np.asarray(picture) + grain * np.linspace(-4, 4, size[0])[None, :, None]
    return np.clip(lit + random.normal(0, grain, lit.shape), 0, 255).astype(np.uint8)


RANDOM = np.random.default_rng(1).integers(0, 256, (47, 63, 4)).astype(np.uint8)
PICTURES = {
    "a drawing": drawn((224, 224), 0, 255, 20, 0),
    "a photo of paper": drawn((400, 300), 225, 30, 12, 4),
    "a small drawing": drawn((28, 28), 0, 255, 3, 0),
    "a high picture": drawn((31, 50), 255, 0, 3, 0),
    "a photo": RANDOM[..., :3],
    "a transparent picture": RANDOM,
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_becomes_the_same_pixels(browser: Chrome, site: Path, name: str) -> None:
    visit(browser, site / "playground.html")
    picture = Image.fromarray(PICTURES[name])
    cases = [
        (shape, placement, choices)
        for shape in SHAPES
        for placement in (
            None,
            *((Placement(0.71, True, True), Placement(0.8, False, False)) if shape[2] == 1 else ()),
        )
        for choices in CHOICES
    ]
    asked = [
        (shape, {"placement": placement and asdict(placement), "fit": "pad"}, choices)
        for shape, placement, choices in cases
    ]
    pixels = base64.b64encode(np.asarray(picture.convert("RGBA")).tobytes()).decode()
    answers = browser.execute_script(VIEW, pixels, picture.width, picture.height, asked)
    for (shape, placement, choices), (values, box, inverted) in zip(cases, answers, strict=True):
        expected = seen(picture, shape, placement, choices)
        # Squeezed, a picture may be off by one level: Pillow chooses which side to resize first.
        apart = np.abs(expected.pixels.ravel() - np.array(values, np.int64)).max()
        assert apart <= (1 if choices.get("fit") == "squash" else 0), (shape, placement, choices)
        assert box == pytest.approx(expected.box)
        assert inverted == expected.inverted


def seen(
    picture: Image.Image,
    shape: tuple[int, int, int],
    placement: Placement | None,
    choices: dict[str, Any],
) -> photos.View:
    """Prepare a picture as `TrainedCell.view` does, where padding suits the dataset."""
    if placement and not choices and (found := ink.view(picture, shape, placement)):
        return found
    preparation = Preparation(
        choices.get("fit", "pad"), choices.get("invert", False), choices.get("levels", False)
    )
    return photos.view(picture, shape, preparation)


def test_what_is_erased_becomes_the_studys_blurred_image(browser: Chrome, site: Path) -> None:
    visit(browser, site / "playground.html")
    image = np.random.default_rng(2).random((12, 9, 3)).astype(np.float32)
    code = """
    const image = Float32Array.from(arguments[0]);
    return Array.from(Removal.ground(image, [12, 9, 3], "blurred"));
    """
    found = browser.execute_script(code, image.ravel().tolist())
    np.testing.assert_allclose(found, blurred(image[None], 0.25).ravel(), atol=1e-6)


def test_pixels_go_in_the_order_of_the_map(browser: Chrome, site: Path) -> None:
    visit(browser, site / "playground.html")
    code = """
    const map = Float32Array.from([0.5, -1, 0, 0, 2, 0]);
    return ["most", "least", "random"].map((kind) => Array.from(Removal.order(map, kind)));
    """
    most, least, random = browser.execute_script(code)
    assert most[:2] == [4, 0] and most[-1] == 1
    assert least[0] == 1 and least[-2:] == [0, 4]
    assert most[2:5] == least[1:4], "of tied pixels the same ones go first"
    assert sorted(random) == list(range(6)) != random
