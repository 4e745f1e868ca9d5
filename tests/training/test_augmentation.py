"""Each random change: what it may and may not do to an image."""

import keras
import numpy as np
import pytest

from heatproof.datasets.options import Augmentation
from heatproof.training import augmentation

SEED = 5
ALL = Augmentation(
    shift_pixels=2, flip=True, brightness=0.1, contrast=0.1, cutout_pixels=3, mixup_alpha=0.0
)


def images(n: int = 64, height: int = 6, width: int = 7, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).random((n, height, width, channels), dtype=np.float32)


def changed(layer, x) -> np.ndarray:
    return keras.ops.convert_to_numpy(layer(x, training=True))


@pytest.mark.parametrize("layer", augmentation.layers(ALL, SEED), ids=lambda layer: layer.name)
def test_nothing_changes_outside_training(layer):
    x = images()
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer(x, training=False)), x)
    assert not np.array_equal(changed(layer, x), x)


@pytest.mark.parametrize("layer", augmentation.layers(ALL, SEED), ids=lambda layer: layer.name)
def test_shape_and_range_are_kept(layer):
    x = images()
    y = changed(layer, x)
    assert y.shape == x.shape and y.min() >= 0 and y.max() <= 1


def test_only_what_is_asked_for():
    assert augmentation.layers(Augmentation(shift_pixels=0, flip=False), SEED) == []
    names = [layer.name for layer in augmentation.layers(ALL, SEED)]
    assert names == ["random_mirror", "random_shift", "colour_jitter", "cutout"]


def test_a_shift_moves_by_whole_pixels_and_fills_with_black():
    x = images(n=200)
    y = changed(augmentation.RandomShift(2, SEED), x)
    seen = set()
    for before, after in zip(x, y, strict=True):
        padded = np.pad(before, ((2, 2), (2, 2), (0, 0)))
        moves = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if np.array_equal(padded[2 + down : 8 + down, 2 + right : 9 + right], after)
        ]
        assert len(moves) == 1
        seen.add(moves[0])
    assert len(seen) == 25  # every shift up to two pixels along both axes


def test_a_flip_mirrors_about_half_of_the_images_left_to_right():
    x = images(n=400)
    y = changed(augmentation.RandomFlip(SEED), x)
    mirrored = np.array([np.array_equal(b[:, ::-1], a) for b, a in zip(x, y, strict=True)])
    kept = np.array([np.array_equal(b, a) for b, a in zip(x, y, strict=True)])
    assert np.all(mirrored ^ kept)
    assert 150 < mirrored.sum() < 250


def test_cutout_blacks_out_one_square_of_at_most_its_size():
    x = images(n=100) * 0.9 + 0.1
    y = changed(augmentation.Cutout(3, SEED), x)
    black = (y == 0).all(axis=-1)
    np.testing.assert_array_equal(y[~black], x[~black])
    sizes = set()
    for mask in black:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        assert mask.sum() == len(rows) * len(columns)
        assert len(rows) <= 3 and len(columns) <= 3
        sizes.add((len(rows), len(columns)))
    assert (3, 3) in sizes and len(sizes) > 1  # whole, and cut by the border


def test_jitter_is_one_linear_change_an_image():
    x = images(n=20) * 0.4 + 0.3  # far enough from 0 and 1 never to be clipped
    y = changed(augmentation.ColourJitter(0.1, 0.2, SEED), x)
    for before, after in zip(x, y, strict=True):
        slope, offset = np.polyfit(before.ravel(), after.ravel(), 1)
        assert 0.79 <= slope <= 1.21
        assert abs(after.mean() - before.mean()) <= 0.1 + 1e-5
        np.testing.assert_allclose(slope * before + offset, after, atol=1e-4)


def test_the_seed_decides():
    x = images()
    same = [changed(augmentation.RandomShift(2, seed), x) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(same[0], same[1])
    assert not np.array_equal(same[0], same[2])
