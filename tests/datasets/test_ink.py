"""Ink on paper, found and brought to where training images have their subject."""

import numpy as np
import pytest
from PIL import Image

from heatproof.datasets import ink
from heatproof.datasets.photos import Placement

SHAPE = (16, 16, 1)
BRIGHT = Placement(side=0.5, by_mass=False, bright=True)


def bar(paper: float = 0.85, slope: float = 0.2, noise: float = 3.0) -> Image.Image:
    """Return a dark bar of 20×40 at the upper right of paper that is darker to the left."""
    _, columns = np.indices((120, 160))
    pixels = 255 * (paper + slope * (columns / 160 - 0.5))
    pixels[10:50, 100:120] = 40
    pixels += np.random.default_rng(0).normal(0, noise, pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def test_ink_is_inverted_scaled_and_centred() -> None:
    view = ink.view(bar(), SHAPE, BRIGHT)
    assert view is not None and view.inverted
    expected = np.zeros((16, 16), bool)
    expected[4:12, 6:10] = True
    np.testing.assert_array_equal(view.pixels[..., 0] > 127, expected)
    assert (view.pixels[5:11, 7:9] >= 250).all()
    assert not view.pixels[:3].any() and not view.pixels[13:].any()
    left, top, right, bottom = view.box
    assert left < 100 / 160 < 120 / 160 < right and top == 0 and bottom > 50 / 120
    for word in ("cut out", "50 % of 16×16", "by its box", "inverted", "ground was made black"):
        assert word in view.handling


def test_a_network_of_dark_subjects_sees_a_dark_one() -> None:
    view = ink.view(bar(), SHAPE, Placement(0.5, False, bright=False))
    assert view is not None and not view.inverted and "inverted" not in view.handling
    assert view.pixels[0, 0, 0] == 255 and view.pixels[8, 8, 0] < 30


def test_dirt_is_no_ink() -> None:
    dirty = np.asarray(bar()).copy()
    dirty[110:112, 5:7] = 0
    clean, seen = (ink.view(image, SHAPE, BRIGHT) for image in (bar(), Image.fromarray(dirty)))
    assert clean is not None and seen is not None
    np.testing.assert_allclose(seen.pixels.astype(int), clean.pixels, atol=3)


@pytest.mark.parametrize(
    "photo",
    [
        Image.new("L", (100, 80), 200),
        Image.fromarray(np.full((90, 90), 128, np.uint8) + np.tri(90, dtype=np.uint8) // 2),
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90)).astype(np.uint8)),
        Image.new("1", (1, 1)),
    ],
)
def test_without_ink_nothing_is_done(photo: Image.Image) -> None:
    assert ink.view(photo, SHAPE, BRIGHT) is None


def test_where_training_images_have_their_subject_is_measured() -> None:
    images = np.zeros((20, 20, 20, 1), np.uint8)
    images[:, 6:14, 6:14] = 200
    images[:, 14:19, 9] = 200  # a tail: the mass stays near the middle, the box does not
    found = ink.usual_placement(images, "dark")
    assert found == Placement(side=0.65, by_mass=True, bright=True)
    lighter = ink.usual_placement(255 - images, "light")
    assert lighter == Placement(side=0.65, by_mass=True, bright=False)


def test_subjects_that_lie_anywhere_have_no_place() -> None:
    images = np.zeros((20, 20, 20, 1), np.uint8)
    for number, image in enumerate(images):
        image[number % 17 : number % 17 + 3, (5 * number) % 17 : (5 * number) % 17 + 3] = 255
    assert ink.usual_placement(images, "dark") is None
    assert ink.usual_placement(np.zeros((3, 8, 8, 1), np.uint8), "dark") is None
