"""Superpixels."""

import numpy as np
import pytest

from heatproof.attribution.perturbation.superpixels import superpixels
from tests.attribution import networks


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("value", [None, 0.0, 0.5])
def test_numbered_from_zero_without_a_gap(channels: int, value: float | None) -> None:
    """About as many as asked for, also on black and constant images."""
    image = networks.images(1, 7, channels)[0].repeat(4, axis=0).repeat(4, axis=1)
    if value is not None:
        image = np.full_like(image, value)
    found = superpixels(image, 40, 20.0)
    assert found.shape == (28, 28) and found.dtype == np.int64
    assert np.unique(found).tolist() == list(range(found.max() + 1))
    assert 20 <= found.max() + 1 <= 60


def test_a_grey_image_is_one_of_three_equal_channels() -> None:
    grey = networks.images(1, 20, 1)[0]
    expected = superpixels(np.repeat(grey, 3, axis=-1), 15, 5.0)
    np.testing.assert_array_equal(superpixels(grey, 15, 5.0), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_edges_are_followed(channels: int) -> None:
    """A bright square on black, off the grid: no segment lies on both sides of its edge."""
    image = np.zeros((28, 28, channels), np.float32)
    image[5:16, 9:20] = 1
    inside = image[..., 0] > 0
    found = superpixels(image, 40, 20.0)
    assert not set(found[inside]) & set(found[~inside])
    assert len(set(found[inside])) > 1
