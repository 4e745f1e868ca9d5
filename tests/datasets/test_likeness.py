"""How a photo differs from training images: what is said, and what is not."""

import numpy as np
import pytest

from heatproof.datasets.likeness import Usual, colour, differences, usual

RANDOM = np.random.default_rng(0)


def digits(count: int = 200) -> np.ndarray:
    """Return bright squares of many sizes on black, uint8 (n, 16, 16, 1)."""
    images = np.zeros((count, 16, 16, 1), np.uint8)
    for image in images:
        side = RANDOM.integers(4, 12)
        image[2 : 2 + side, 2 : 2 + side] = RANDOM.integers(150, 256)
    return images


def scenes(count: int = 200) -> np.ndarray:
    """Return coloured noise of many brightnesses, uint8 (n, 16, 16, 3)."""
    levels = RANDOM.uniform(40, 215, (count, 1, 1, 3))
    noise = RANDOM.normal(0, RANDOM.uniform(10, 40, (count, 1, 1, 1)), (count, 16, 16, 3))
    return np.clip(levels + noise, 0, 255).astype(np.uint8)


def said(seen: np.ndarray, known: Usual, photo: np.ndarray | None = None, **more: object) -> str:
    if photo is None:
        photo = np.broadcast_to(seen, (*seen.shape[:2], 3))
    options = {"size": (640, 480), "inverted": False} | more
    return " ".join(differences(seen, photo, known=known, **options))


def test_a_plain_ground_is_known() -> None:
    assert usual(digits()).ground == "dark"
    assert usual(255 - digits()).ground == "light"
    assert usual(scenes()).ground == "mixed"


def test_training_images_themselves_give_almost_no_warnings() -> None:
    for images in (digits(), scenes()):
        known = usual(images)
        told = [said(image, known) for image in images]
        assert sum(bool(text) for text in told) <= 0.05 * len(images), set(told)


@pytest.mark.parametrize("inverted", [False, True])
def test_paper_is_noticed_where_the_ground_is_black(inverted: bool) -> None:
    known = usual(digits())
    text = said(255 - digits(1)[0], known, inverted=inverted)
    assert "border is bright, while the training images are bright on a dark ground" in text
    assert ("leave out --invert" if inverted else "add --invert") in text
    text = said(digits(1)[0], usual(255 - digits()), inverted=inverted)
    assert "border is dark, while the training images are dark on a light ground" in text


def test_a_grey_ground_is_noticed() -> None:
    grey = np.maximum(digits(1)[0], 60)
    text = said(grey, usual(digits()))
    assert "ground is grey (0.24 on a scale" in text and "--levels" in text


def test_a_colour_photo_for_a_grey_network() -> None:
    seen = digits(1)[0]
    photo = np.zeros((16, 16, 3), np.uint8)
    photo[..., 0] = 200
    assert colour(photo) > 0.5
    assert "The photo is in colour." in said(seen, usual(digits()), photo)
    assert "in colour" not in said(seen, usual(digits()))


def test_a_grey_photo_for_a_network_of_coloured_scenes() -> None:
    images = scenes()
    images[..., 2] = images[..., 0] // 4  # every one has colour
    grey = np.repeat(images[0, ..., :1], 3, axis=-1)
    assert "less colour than nearly all" in said(grey, usual(images))


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.zeros((16, 16, 1), np.uint8), "all of one colour"),
        (np.pad([[[250]]], ((8, 7), (8, 7), (0, 0))).astype(np.uint8), "mean brightness, 0.00, is"),
    ],
)
def test_next_to_nothing_is_noticed(pixels: np.ndarray, words: str) -> None:
    assert words in said(pixels, usual(digits()))


def test_a_photo_smaller_than_the_networks_input() -> None:
    assert "7×16 pixels, fewer than" in said(digits(1)[0], usual(digits()), size=(7, 16))
