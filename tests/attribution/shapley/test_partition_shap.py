"""PartitionSHAP: its divisions, and the `shap` package's."""

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.core.method import Attribution
from heatproof.attribution.core.network import Network
from heatproof.attribution.libraries import shap_package
from heatproof.attribution.shapley.owen_values import halves
from heatproof.attribution.shapley.partition_shap import partition_shap
from tests.attribution import architectures, networks, passes


def product(side: int, channels: int) -> keras.Model:
    """Return a small network in which pixels act together."""
    inputs = keras.Input((side, side - 1, channels))
    x = layers.Conv2D(4, 3, padding="same", name="conv")(inputs)
    x = layers.Activation("relu", name="conv_relu")(x)
    x = layers.Dense(6, name="dense")(layers.Flatten()(x))
    x = layers.Activation("tanh", name="dense_tanh")(x)
    model = keras.Model(inputs, layers.Dense(3, name="logits")(x))
    random = np.random.default_rng(0)
    model.set_weights([random.normal(size=w.shape) / 2 for w in model.get_weights()])
    return model


def assert_agreement(found: Attribution, expected: Attribution) -> None:
    scale = np.abs(expected.maps).max()
    np.testing.assert_allclose(found.maps, expected.maps, rtol=1e-4, atol=1e-5 * scale)
    assert scale > 0


@pytest.mark.parametrize("channels", [1, 3])
def test_it_agrees_with_shap_when_everything_is_divided(channels: int) -> None:
    """In the end shap divides a pixel's channels too, which changes nothing for the pixel."""
    network = Network(product(4, channels))
    images = networks.images(2, 4, channels)[:, :, :3]
    baseline, targets = networks.images(1, 4, channels, seed=6)[0, :, :3], np.array([0, 2])
    found = partition_shap(network, images, targets, baseline, evaluations=200, batch_size=10)
    expected = shap_package.partition_shap(network, images, targets, baseline, 100_000, 200)
    assert_agreement(found, expected)


@pytest.mark.parametrize(("evaluations", "batch"), [(2, 10), (10, 2), (60, 10), (150, 64)])
def test_it_agrees_with_shap_when_the_evaluations_are_few(evaluations: int, batch: int) -> None:
    """Both divide the same parts in the same order."""
    network = Network(product(9, 1))
    images, targets = networks.images(3, 9, 1)[:, :, :8], np.array([0, 2, 1])
    baseline = networks.images(1, 9, 1, seed=6)[0, :, :8]
    given = network, images, targets, baseline, evaluations, batch
    assert_agreement(partition_shap(*given), shap_package.partition_shap(*given))


@pytest.mark.parametrize("name", ["simple_cnn", "mobilenet_v2"])
def test_it_agrees_with_shap_on_the_networks_of_the_study(name: str) -> None:
    architecture = architectures.shared(name)
    images, targets = architecture.images(2), architecture.targets(2)
    baseline = architecture.images(5)[2:].mean(axis=0)
    given = architecture.network, images, targets, baseline, 100, 10
    assert_agreement(partition_shap(*given), shap_package.partition_shap(*given))


def test_it_sums_to_the_difference() -> None:
    architecture = architectures.shared("mobilenet_v2")
    images, targets = architecture.images(2), architecture.targets(2)
    baseline = architecture.images(3)[2]
    found = partition_shap(architecture.network, images, targets, baseline, 20, 4)
    logits = architecture.network.logits(np.stack([*images, baseline]))
    difference = (logits[:2] - logits[2])[[0, 1], targets]
    np.testing.assert_allclose(found.maps.sum(axis=(1, 2)), difference, rtol=1e-4, atol=1e-5)
    assert found.numbers["additivity_gap"].max() < 1e-4


def test_two_pixels_by_hand() -> None:
    """A ReLU of their sum: what each adds alone and to the other, averaged."""
    inputs = keras.Input((1, 2, 1))
    x = layers.Dense(1, name="dense")(layers.Flatten()(inputs))
    x = layers.Activation("relu", name="dense_relu")(x)
    model = keras.Model(inputs, layers.Dense(1, name="logits")(x))
    model.set_weights([np.array([[3.0], [1.0]]), np.array([-2.0]), np.ones((1, 1)), np.zeros(1)])
    image, baseline = np.ones((1, 1, 2, 1), np.float32), np.zeros((1, 2, 1), np.float32)
    # Nothing: 0; the first: 1; the second: 0; both: 2.
    found = partition_shap(Network(model), image, np.array([0]), baseline, 10, 2)
    np.testing.assert_allclose(found.maps, [[[(1 + 2) / 2, (0 + 1) / 2]]], rtol=1e-6)


def test_what_is_undivided_is_spread_evenly() -> None:
    network = Network(product(6, 1))
    image, baseline = networks.images(1, 6, 1)[:, :, :5], np.zeros((6, 5, 1), np.float32)
    whole = partition_shap(network, image, np.array([1]), baseline, 2, 2).maps
    logits = network.logits(np.stack([image[0], baseline]))[:, 1]
    np.testing.assert_allclose(whole, np.full((1, 6, 5), (logits[0] - logits[1]) / 30), rtol=1e-5)
    halved = partition_shap(network, image, np.array([1]), baseline, 4, 2).maps[0]
    assert len(np.unique(halved)) == 2
    assert (halved[:3] == halved[0, 0]).all()
    assert (halved[3:] == halved[5, 0]).all()


@pytest.mark.parametrize(
    ("rectangle", "expected"),
    [
        ((0, 4, 0, 4), ((0, 2, 0, 4), (2, 4, 0, 4))),
        ((2, 4, 1, 4), ((2, 4, 1, 3), (2, 4, 3, 4))),
        ((0, 5, 0, 3), ((0, 3, 0, 3), (3, 5, 0, 3))),
        ((7, 8, 0, 2), ((7, 8, 0, 1), (7, 8, 1, 2))),
    ],
)
def test_halves(
    rectangle: tuple[int, ...], expected: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    others = [(0, 8, 0, 2), rectangle, (3, 4, 0, 6)]
    first, second = halves(np.array(others))
    assert (tuple(first[1]), tuple(second[1])) == expected


@pytest.mark.parametrize(("evaluations", "batch"), [(40, 10), (33, 16), (500, 10)])
def test_the_evaluations_are_those_asked_for(
    monkeypatch: pytest.MonkeyPatch, evaluations: int, batch: int
) -> None:
    """Rows of one image share them; in an image of 4x3 there are 106 besides the two ends."""
    network = Network(product(4, 1))
    counted = passes.count(monkeypatch, network)
    images, targets = networks.images(2, 4, 1)[[0, 1, 0], :, :3], np.array([0, 1, 2])
    baseline = np.zeros((4, 3, 1), np.float32)
    maps = partition_shap(network, images, targets, baseline, evaluations, batch).maps
    assert sum(counted) == 1 + 2 * (1 + min((evaluations - 2) // 2 * 2, 106))
    assert max(counted) == 2 * batch
    assert np.abs(maps[0] - maps[2]).max() > 0.01
