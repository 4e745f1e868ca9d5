"""Expected Gradients, where they are known."""

import numpy as np

from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.attribution.gradients.expected_gradients import METHODS, draws
from tests.attribution import networks

TRAINING = np.random.default_rng(7).integers(0, 256, (12, 6, 6, 1), np.uint8)


def explain(network: Network, image: np.ndarray, samples: int, seed: int = 0):
    chosen = METHODS[0].options(samples=samples)
    return METHODS[0].with_options(chosen, Context(TRAINING, seed))(network, image, np.array([1]))


def test_linear_network() -> None:
    """The gradient is the weight everywhere: w (x - the mean training image), and no gap."""
    weights = np.random.default_rng(0).normal(size=(6, 6, 1, 2)).astype(np.float32)
    image = networks.images(1, 6, 1)
    found = explain(Network(networks.linear(weights)), image, samples=12)
    mean = (TRAINING.astype(np.float32) / 255).mean(axis=0)
    expected = ((image[0] - mean) * weights[..., 1]).sum(axis=-1)
    np.testing.assert_allclose(found.maps[0], expected, rtol=1e-4, atol=1e-5)
    assert found.numbers["additivity_gap"][0] < 1e-4


def test_squares() -> None:
    """S = Σ v x²: the mean of (x - x') 2 v (x' + t (x - x')) over the draws themselves."""
    squares = np.random.default_rng(2).normal(size=(6, 6, 1, 2)).astype(np.float32)
    network = Network(networks.polynomial(0 * squares, squares))
    image, training = networks.images(1, 6, 1)[0], TRAINING.astype(np.float32) / 255
    found = explain(network, image[None], samples=12, seed=5)
    points = draws(12, seed=5)[:, None, None, None]
    way = image - training
    expected = (way * 2 * squares[..., 1] * (training + points * way)).mean(axis=0).sum(axis=-1)
    np.testing.assert_allclose(found.maps[0], expected, rtol=1e-4, atol=1e-5)
    logits = network.logits(np.concatenate([image[None], training]))[:, 1]
    missing = abs(found.maps[0].sum() - (logits[0] - logits[1:].mean()))
    np.testing.assert_allclose(
        found.numbers["additivity_gap"], missing / abs(logits[0] - logits[1:].mean()), rtol=1e-3
    )
    # The more points of the way, the smaller it gets: training images come again.
    assert explain(network, image[None], 1200).numbers["additivity_gap"] < 0.1


def test_points_are_anywhere_on_the_way() -> None:
    points = draws(4000, seed=0)
    assert points.dtype == np.float32 and points.min() >= 0 and points.max() < 1
    assert abs(points.mean() - 0.5) < 0.02 and abs(points.var() - 1 / 12) < 0.005
