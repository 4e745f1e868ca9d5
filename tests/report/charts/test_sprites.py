import io

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Sprite


def opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_every_tile_comes_back_from_its_place():
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (7, 5, 4, 3), dtype=np.uint8)
    sprite = Sprite(5, 4, 7)
    places = [sprite.add(picture) for picture in pictures]
    sheet = opened(sprite.png())
    assert sheet.shape == (sprite.size[1], sprite.size[0], 3)
    for place, picture in zip(places, pictures, strict=True):
        found = sheet[place.y : place.y + place.height, place.x : place.x + place.width]
        np.testing.assert_array_equal(found, picture)
        # The border repeats the edge, for browsers that sample beyond it.
        np.testing.assert_array_equal(sheet[place.y - 1, place.x], picture[0, 0])


def test_a_sprite_refuses_a_picture_of_another_size():
    with pytest.raises(ValueError, match="uint8"):
        Sprite(5, 4, 1).add(np.zeros((4, 4, 3), np.uint8))


def test_a_large_picture_is_drawn_small_in_its_proportions():
    assert sprites.reduced(192, 96, 96) == (96, 48) and sprites.reduced(28, 20, 96) == (28, 20)
    assert sprites.reduced(1, 1000, 10) == (1, 10)
    picture = np.zeros((192, 96, 1), np.uint8)
    picture[:96] = 200
    for channels in (1, 3):
        sprite = Sprite(96, 48, 1, channels)
        drawn = sprite.fitted(picture)
        assert drawn.shape == (96, 48, channels)
        assert (drawn[:48] == 200).all() and not drawn[48:].any()
        assert sprite.fitted(drawn) is drawn


def test_an_unsigned_map_runs_from_nothing_to_its_own_maximum():
    values = np.array([[0.0, 2.0], [4.0, 1.0]], np.float32)
    drawn = sprites.colour(values, "saliency", signed=False)
    magma = colormaps["magma"]
    assert tuple(drawn[0, 0]) == magma(0.0, bytes=True)[:3]
    assert tuple(drawn[1, 0]) == magma(1.0, bytes=True)[:3]
    assert tuple(drawn[0, 1]) == magma(0.5, bytes=True)[:3]
    np.testing.assert_array_equal(drawn, sprites.colour(values * 1000, "saliency", signed=False))


def test_zero_is_the_middle_of_a_signed_map():
    values = np.array([[-2.0, 0.0], [1.0, 2.0]], np.float32)
    drawn = sprites.colour(values, "saliency", signed=True)
    diverging = colormaps["RdBu_r"]
    assert tuple(drawn[0, 1]) == diverging(0.5, bytes=True)[:3]
    assert tuple(drawn[0, 0]) == diverging(0.0, bytes=True)[:3]
    assert tuple(drawn[1, 1]) == diverging(1.0, bytes=True)[:3]


def test_a_map_that_cannot_be_read_is_marked():
    zero = np.zeros((2, 2), np.float32)
    broken = np.array([[np.nan, 1.0]], np.float32)
    assert sprites.defect(zero) == "all zero"
    assert sprites.defect(broken) == "not finite"
    assert sprites.defect(zero + 1) == ""
    lowest = colormaps["viridis"](0.0, bytes=True)[:3]
    assert (sprites.colour(zero, "gradcam", signed=False) == lowest).all()
    assert tuple(sprites.colour(broken, "gradcam", signed=False)[0, 0]) == lowest


def test_grey_and_colour_images_become_rgb():
    grey = np.arange(4, dtype=np.uint8).reshape(2, 2, 1)
    np.testing.assert_array_equal(sprites.to_rgb(grey)[..., 2], grey[..., 0])
    colour = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    np.testing.assert_array_equal(sprites.to_rgb(colour), colour)


def test_levels_run_over_what_a_filter_colours():
    values = np.array([[-2.0, 0.0], [1.0, 2.0]], np.float32)
    assert sprites.levels(values, signed=True)[..., 0].tolist() == [[1, 128], [192, 255]]
    assert sprites.levels(np.abs(values), signed=False)[..., 0].tolist() == [[255, 0], [128, 255]]
    assert sprites.peak(values) == 2
    broken = np.array([[np.nan, np.inf, 3.0]], np.float32)
    assert sprites.levels(broken, signed=False)[..., 0].tolist() == [[0, 0, 255]]
    assert (sprites.levels(0 * values, signed=True) == sprites.ZERO_LEVEL).all()


def test_a_grey_sprite_has_one_channel():
    sprite = Sprite(2, 2, 1, channels=1)
    sprite.add(np.full((2, 2, 1), 77, np.uint8))
    assert Image.open(io.BytesIO(sprite.png())).mode == "L"
    assert (opened(sprite.png()) == 77).all()
