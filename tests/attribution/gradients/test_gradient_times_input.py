"""Gradient × input, where its answer is known."""

import numpy as np
import pytest

from heatproof.attribution.core.network import Network
from heatproof.attribution.gradients.gradient_times_input import gradient_times_input
from tests.attribution import networks


@pytest.mark.parametrize("channels", [1, 3])
def test_linear_network(channels: int) -> None:
    """Each pixel's own part of the logit, which is all of it."""
    weights = np.random.default_rng(0).normal(size=(5, 7, channels, 4)).astype(np.float32)
    network, targets = Network(networks.linear(weights)), np.array([2, 0, 3, 2])
    images = np.random.default_rng(1).random((4, 5, 7, channels)).astype(np.float32)
    maps = gradient_times_input(network, images, targets).maps
    assert maps.dtype == np.float32
    parts = weights[..., targets].transpose(3, 0, 1, 2) * images
    np.testing.assert_allclose(maps, parts.sum(axis=-1), rtol=1e-5, atol=1e-7)
    logits = network.logits(images)[np.arange(4), targets]
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), logits, rtol=1e-5)


def test_everything_lies_in_the_patch_that_decides() -> None:
    weights = np.zeros((8, 8, 1, 2), np.float32)
    weights[2:4, 5:7, 0, 0] = [[1, -2], [3, 0.5]]
    images = networks.images(3, 8, 1)
    maps = gradient_times_input(Network(networks.linear(weights)), images, np.zeros(3, int)).maps
    np.testing.assert_allclose(maps[:, 2:4, 5:7], (weights[..., 0] * images)[:, 2:4, 5:7, 0])
    maps[:, 2:4, 5:7] = 0
    np.testing.assert_array_equal(maps, 0)


def test_black_images_and_a_network_that_looks_at_nothing() -> None:
    targets, black = np.array([0, 1]), np.zeros((2, 6, 6, 1), np.float32)
    network = Network(networks.averaged(np.ones((3, 2), np.float32)))
    np.testing.assert_array_equal(gradient_times_input(network, black, targets).maps, 0)
    network = Network(networks.averaged(np.zeros((3, 2), np.float32)))
    np.testing.assert_array_equal(gradient_times_input(network, black + 0.5, targets).maps, 0)
