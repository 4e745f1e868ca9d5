"""Pictures side by side as one PNG."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from heatproof.report.charts import sheet, sprites
from heatproof.report.charts.sheet import Shown

RED = np.full((4, 4, 3), (250, 10, 20), np.uint8)
BLUE = np.full((4, 4, 3), (10, 20, 250), np.uint8)
MAP = np.linspace(-1, 2, 16, dtype=np.float32).reshape(4, 4)


def drawn(*rows: list[Shown], **options: object) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(sheet.picture(rows, **options).png)).convert("RGB"))


def places(picture: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Where a colour is, (n, 2) rows and columns."""
    return np.argwhere((picture == colour[0, 0]).all(axis=-1))


def test_pictures_stand_in_reading_order() -> None:
    picture = drawn([Shown(RED, "a"), Shown(BLUE, "b")])
    assert places(picture, RED)[:, 1].max() < places(picture, BLUE)[:, 1].min()
    picture = drawn([Shown(RED, "a"), Shown(BLUE, "b")], columns=1)
    assert places(picture, RED)[:, 0].max() < places(picture, BLUE)[:, 0].min()
    picture = drawn([Shown(RED, "a")], [Shown(BLUE, "b")])
    assert places(picture, RED)[:, 0].max() < places(picture, BLUE)[:, 0].min()


def test_pixels_are_drawn_as_they_are() -> None:
    counted = len(places(drawn([Shown(RED, "")]), RED))
    assert counted > 150**2
    assert np.ptp(places(drawn([Shown(RED[:2], "")]), RED), axis=0).tolist()[0] < 100


def test_a_map_is_coloured_by_its_own_largest_value() -> None:
    shown = sheet.heatmap(MAP, "saliency")
    np.testing.assert_array_equal(shown.pixels, sprites.colour(MAP, "saliency", True))
    assert shown.note == "−2.00 to 2.00"
    assert sheet.heatmap(np.abs(MAP), "saliency").note == "0 to 2.00"
    assert sheet.heatmap(0 * MAP, "saliency").note == "all zero"


def test_a_coarse_map_lies_over_the_image_in_grey() -> None:
    flat = np.ones((4, 4), np.float32)
    shown = sheet.heatmap(flat, "gradcam", over=RED)
    heat, grey = sprites.colour(flat, "gradcam", False)[0, 0], RED[0, 0].mean()
    expected = 0.55 * heat.astype(float) + 0.45 * grey
    np.testing.assert_allclose(shown.pixels[0, 0], expected, atol=1)
    fine = sheet.heatmap(flat, "saliency", over=RED)
    np.testing.assert_array_equal(fine.pixels, sprites.colour(flat, "saliency", False))


def test_a_methods_own_error_stands_below() -> None:
    shown = sheet.heatmap(MAP, "lime", own={"r2": 0.834, "segments": 38.0})
    assert shown.note == "−2.00 to 2.00, R² 0.83"


@pytest.mark.parametrize("name", ["$x^2$", "$\\frac{1}{0}$", "🦉", "a\nb", "\u202egnp", "x" * 500])
def test_any_name_can_be_written(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = drawn([Shown(RED, name, name)], titles=[name])
    assert len(places(picture, RED)) > 150**2


def test_the_same_pictures_give_the_same_bytes() -> None:
    first, second = (sheet.picture([[sheet.heatmap(MAP, "lime")]]).png for _ in range(2))
    assert first == second
    assert sheet.Picture(first)._repr_png_() == first
