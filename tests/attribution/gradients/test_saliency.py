"""Saliency, where its answer is known."""

import numpy as np
import pytest

from heatproof.attribution.core.network import Network
from heatproof.attribution.gradients.saliency import saliency
from tests.attribution import networks


@pytest.mark.parametrize("channels", [1, 3])
def test_linear_network(channels: int) -> None:
    """The gradient is the weights, on any image: |w|, the largest of the channels."""
    weights = np.random.default_rng(0).normal(size=(5, 7, channels, 4)).astype(np.float32)
    network = Network(networks.linear(weights))
    images = np.random.default_rng(1).random((4, 5, 7, channels)).astype(np.float32)
    targets = np.array([2, 0, 3, 2])
    maps = saliency(network, images, targets).maps
    assert maps.dtype == np.float32
    expected = np.abs(weights).max(axis=2)[..., targets].transpose(2, 0, 1)
    np.testing.assert_array_equal(maps, expected)


def test_everything_lies_in_the_patch_that_decides() -> None:
    weights = np.zeros((8, 8, 1, 2), np.float32)
    weights[2:4, 5:7, 0, 0] = [[1, -2], [3, 0.5]]
    network = Network(networks.linear(weights))
    maps = saliency(network, networks.images(3, 8, 1), np.zeros(3, np.int64)).maps
    assert maps[:, 2:4, 5:7].sum() == maps.sum() == pytest.approx(3 * 6.5)


def test_pixels_count_where_the_network_pads() -> None:
    """Saliency has the image's size and places, also where the network sees a padded image."""
    network = Network(networks.blob_detector(side=6, padding=1, pool=2))
    maps = saliency(network, networks.images(2, 6, 1), np.zeros(2, np.int64)).maps
    np.testing.assert_allclose(maps, np.full((2, 6, 6), 1 / 64), rtol=1e-6)
