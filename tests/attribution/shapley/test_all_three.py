"""Shapley values, where all three methods must give the same known answer."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution import registry
from heatproof.attribution.core import network as network_room
from heatproof.attribution.core.method import Attribution, Context, Method
from heatproof.attribution.core.network import Network
from tests.attribution import networks

METHODS = registry.of_stage("shapley")
COUNTS = {"background": 5, "samples": 10, "evaluations": 250, "batch_size": 20}
Explain = Callable[..., Attribution]


@pytest.fixture(params=METHODS)
def explain(request: pytest.FixtureRequest) -> Explain:
    """Return each method in turn: (model or network, images, targets, training images)."""

    method = METHODS[request.param]

    def explained(
        model: keras.Model | Network,
        images: np.ndarray,
        targets: np.ndarray,
        training: np.ndarray,
        evaluations: int = 250,  # all there are in an image of 4x4
    ) -> Attribution:
        network = model if isinstance(model, Network) else Network(model)
        counts = COUNTS | {"evaluations": evaluations}
        options = method.options(
            **{n: counts[n] for n in counts if n in method.options.model_fields}
        )
        return method.with_options(options, Context(training, seed=3))(network, images, targets)

    return explained


def training_images(side: int, channels: int, count: int = 8) -> np.ndarray:
    """Return noise, uint8 (count, side, side, channels)."""
    return np.random.default_rng(7).integers(0, 256, (count, side, side, channels), np.uint8)


def patch_network(side: int, top: int, left: int, size: int) -> keras.Model:
    """Return a network of two ReLUs and a max pooling that reads one square only."""
    inputs = keras.Input((side, side, 1))
    edges = ((top, side - top - size), (left, side - left - size))
    x = layers.Cropping2D(edges)(inputs)
    x = layers.Conv2D(3, 3, padding="same", name="conv")(x)
    x = layers.Activation("relu", name="conv_relu")(x)
    x = layers.MaxPooling2D(2, padding="same", name="pool")(x)
    x = layers.Dense(4, name="dense")(layers.Flatten()(x))
    x = layers.Activation("relu6", name="dense_relu")(x)
    model = keras.Model(inputs, layers.Dense(2, name="logits")(x))
    random = np.random.default_rng(0)
    model.set_weights([random.normal(size=w.shape) for w in model.get_weights()])
    return model


@pytest.mark.parametrize("channels", [1, 3])
def test_a_linear_network(explain: Explain, channels: int) -> None:
    """Every pixel gets its weight times what it is more than in the background's mean."""
    weights = np.random.default_rng(0).normal(size=(6, 5, channels, 4))
    images = np.random.default_rng(1).random((3, 6, 5, channels)).astype(np.float32)
    training = np.random.default_rng(2).integers(0, 256, (9, 6, 5, channels), np.uint8)
    targets = np.array([2, 0, 3])
    found = explain(networks.linear(weights), images, targets, training, evaluations=900)
    more = images - training[:5].mean(axis=0) / 255  # of the nine, the background is five
    expected = (more[..., None] * weights)[np.arange(3), ..., targets].sum(axis=-1)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-4, atol=2e-6)
    assert found.numbers["additivity_gap"].max() < 1e-4


@pytest.mark.parametrize("place", [(0, 0), (2, 3)])
def test_all_mass_lies_in_the_patch_that_is_read(explain: Explain, place: tuple[int, int]) -> None:
    top, left = place
    images, targets = networks.images(2, 8, 1), np.array([0, 1])
    model = patch_network(8, top, left, 4)
    maps = explain(model, images, targets, training_images(8, 1), evaluations=1000).maps
    inside = np.zeros((8, 8), bool)
    inside[top : top + 4, left : left + 4] = True
    assert (np.abs(maps[:, inside]) > 1e-4).mean() > 0.8
    # Logits have rounding errors, which PartitionSHAP sees as worth.
    np.testing.assert_allclose(maps[:, ~inside], 0, atol=1e-6)


def test_an_image_that_is_all_of_the_background(explain: Explain) -> None:
    """There is nothing to share out, and nothing to divide by."""
    weights = np.random.default_rng(2).normal(size=(4, 2))
    training = np.full((5, 6, 6, 1), 128, np.uint8)
    images = training[:1].astype(np.float32) / 255
    found = explain(networks.averaged(weights), images, np.array([1]), training)
    np.testing.assert_allclose(found.maps, 0, atol=1e-6)
    np.testing.assert_allclose(found.numbers["additivity_gap"], 0, atol=1e-4)


@pytest.mark.parametrize(("value", "channels"), [(0.0, 1), (0.7, 3)])
def test_a_constant_image(explain: Explain, value: float, channels: int) -> None:
    weights = np.random.default_rng(2).normal(size=(4, 2))
    images = np.full((1, 6, 6, channels), value, np.float32)
    model = networks.averaged(weights, channels=channels)
    found = explain(model, images, np.array([1]), training_images(6, channels))
    assert np.isfinite(found.maps).all()
    assert np.abs(found.maps).max() > 0.01


def test_symmetric_pixels_get_the_same(explain: Explain) -> None:
    """The network adds the two halves before its ReLU, and both show the same."""
    inputs = keras.Input((4, 4, 1))
    upper = layers.Cropping2D(((0, 2), (0, 0)))(inputs)
    lower = layers.Cropping2D(((2, 0), (0, 0)))(inputs)
    x = layers.Dense(6, name="dense")(layers.Flatten()(layers.Add()([upper, lower])))
    x = layers.Activation("relu", name="dense_relu")(x)
    model = keras.Model(inputs, layers.Dense(2, name="logits")(x))
    random = np.random.default_rng(0)
    model.set_weights([random.normal(size=w.shape) for w in model.get_weights()])
    images = np.tile(networks.images(2, 4, 1)[:, :2], (1, 2, 1, 1))
    training = np.tile(training_images(4, 1)[:, :2], (1, 2, 1, 1))
    maps = explain(model, images, np.array([0, 1]), training).maps
    np.testing.assert_allclose(maps[:, :2], maps[:, 2:], rtol=1e-4, atol=1e-6)
    assert (np.abs(maps) > 1e-3).mean() > 0.8


def test_one_image_is_explained_as_in_a_batch(
    explain: Explain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many rows or pairs fit into a batch, and whatever stands beside the image."""
    network = Network(patch_network(7, 1, 0, 6))
    images, targets = networks.images(5, 7, 1), np.array([0, 1, 1, 0, 1])
    images[3] = images[0]
    training = training_images(7, 1)
    together = explain(network, images, targets, training)
    alone = [
        explain(network, images[i : i + 1], targets[i : i + 1], training).maps[0] for i in range(5)
    ]
    assert (np.abs(together.maps) > 1e-3).any(axis=(1, 2)).all()
    np.testing.assert_allclose(together.maps, alone, rtol=1e-5, atol=1e-6)
    monkeypatch.setattr(network_room, "LARGEST_BATCH", 2)
    narrow = explain(network, images, targets, training)
    np.testing.assert_allclose(together.maps, narrow.maps, rtol=1e-5, atol=1e-6)
    gaps = [found.numbers["additivity_gap"] for found in (together, narrow)]
    np.testing.assert_allclose(*gaps, atol=1e-4)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_fewer_training_images_than_asked_for(method: Method) -> None:
    network, training = Network(networks.averaged(np.ones((3, 2)))), training_images(6, 1, count=3)
    images, targets = networks.images(1, 6, 1), np.array([0])
    as_many, fewer = (
        method.with_options(method.options(background=count), Context(training, 0))
        for count in (3, 50)
    )
    maps = fewer(network, images, targets).maps
    assert maps.any()
    np.testing.assert_array_equal(maps, as_many(network, images, targets).maps)
