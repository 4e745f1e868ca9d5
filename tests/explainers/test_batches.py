"""Batches stay small, and what a method returns is checked."""

import numpy as np
import pytest

from stages.explainers.batches import BATCH_PIXELS, in_batches


def test_batches_hold_no_more_pixels_than_allowed_and_keep_the_order() -> None:
    side, count = 64, 21
    sizes = []

    def attribute(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
        sizes.append(len(images))
        return images[..., 0] + targets[:, None, None]

    images = np.random.default_rng(0).random((count, side, side, 3)).astype(np.float32)
    maps = in_batches(attribute, images, np.arange(count), (side, side))
    assert sizes == [8, 8, 5]
    assert max(sizes) * side * side <= BATCH_PIXELS
    np.testing.assert_allclose(maps, images[..., 0] + np.arange(count)[:, None, None], rtol=1e-6)


def test_one_huge_image_is_a_batch() -> None:
    images = np.zeros((2, 400, 400, 1), np.float32)
    maps = in_batches(lambda i, _: i[..., 0] + 1, images, np.zeros(2, np.int64), (400, 400))
    assert maps.min() == 1


def test_a_map_that_is_not_finite_is_an_error() -> None:
    images = np.full((1, 2, 2, 1), np.nan, np.float32)
    with pytest.raises(FloatingPointError):
        in_batches(lambda i, _: i[..., 0], images, np.zeros(1, np.int64), (2, 2))
