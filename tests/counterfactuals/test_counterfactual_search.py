"""The smallest change that names another class, where it can be worked out on paper."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from pydantic import ValidationError

from heatproof.attribution.core.network import Network
from heatproof.counterfactuals.counterfactual_search import (
    Counterfactuals,
    in_fixed_size_batches,
    search,
)
from heatproof.counterfactuals.options import SearchOptions
from tests.attribution import networks


def wanted(**changes: object) -> SearchOptions:
    values = {"steps": 100, "l1": 0.0, "l2": 0.0, "total_variation": 0.0, "confidence": 0.5}
    return SearchOptions(**values | changes)


def two_classes(weights: np.ndarray, bias: float = 0.0) -> Network:
    """Return a network of logits (0, weights * pixels + bias)."""
    model = networks.linear(np.stack([np.zeros_like(weights), weights], axis=-1))
    model.get_layer("logits").set_weights(
        [model.get_layer("logits").get_weights()[0], np.array([0, bias])]
    )
    return Network(model)


def logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def norms(found: Counterfactuals, images: np.ndarray) -> dict[str, np.ndarray]:
    flat = (found.images - images).reshape(len(images), -1).astype(np.float64)
    return {"l1": np.abs(flat).sum(1), "l2": np.sqrt((flat**2).sum(1)), "linf": np.abs(flat).max(1)}


@pytest.mark.parametrize("confidence", [0.5, 0.9])
def test_the_smallest_l2_change_is_straight_to_the_boundary(confidence: float) -> None:
    random = np.random.default_rng(0)
    weights = random.normal(size=(5, 4, 3)).astype(np.float32)
    images = random.uniform(0.45, 0.55, (6, 5, 4, 3)).astype(np.float32)
    network = two_classes(weights, bias=-1.5 - float((0.5 * weights).sum()))
    found = search(network, images, np.ones(6, np.int64), wanted(l2=1.0, confidence=confidence))
    margin = network.logits(images)[:, 1]
    assert (margin < -0.5).all()
    assert len(np.unique(margin)) == 6
    distance = (logit(confidence) - margin) / np.linalg.norm(weights)
    assert found.success.all()
    np.testing.assert_allclose(found.l2, distance, rtol=0.01)
    assert (found.l2 >= distance - 1e-6).all()
    expected = distance[:, None, None, None] * weights / np.linalg.norm(weights)
    np.testing.assert_allclose(found.images - images, expected, atol=0.01 * np.abs(expected).max())
    assert (found.confidence >= confidence).all()
    np.testing.assert_allclose(found.confidence, confidence, atol=0.005)


def test_the_smallest_l1_change_is_of_the_pixel_with_the_largest_weight() -> None:
    weights = np.array([[0.5, -2.0, 1.5], [1.0, 1.8, 0.1]], np.float32)[..., None]
    images = np.full((2, 2, 3, 1), 0.5, np.float32)
    images[1, 1, 2] = 0.1
    network = two_classes(weights, bias=-2.2)
    margin = network.logits(images)[:, 1]
    found = search(network, images, np.ones(2, np.int64), wanted(l1=1.0))
    change = (found.images - images)[..., 0]
    assert found.success.all()
    for row in range(2):
        assert np.argwhere(change[row]).tolist() == [[0, 1]]
        assert change[row, 0, 1] == pytest.approx(margin[row] / 2.0, rel=0.01)
    np.testing.assert_array_equal(found.l0, [1, 1])


def test_where_a_pixel_can_go_no_further_the_next_one_follows() -> None:
    """The optimum fills pixels up by weight, until the class is reached."""
    weights = np.array([[3.0, 2.0, -1.0], [0.5, 0.25, 0.1]], np.float32)[..., None]
    images = np.full((3, 2, 3, 1), 0.8, np.float32)
    network = two_classes(weights, bias=-0.7 - float(0.8 * weights.sum()))
    images[1], images[2] = images[1] - 0.02, images[2] - 0.1
    margin = network.logits(images)[:, 1]
    found = search(network, images, np.ones(3, np.int64), wanted(l1=1.0, steps=400))
    assert found.success.all()
    least = []
    for row, missing in enumerate(-margin):
        room = np.where(weights > 0, 1 - images[row], images[row]).ravel()
        total = 0.0
        for pixel in np.argsort(-np.abs(weights).ravel()):
            move = min(room[pixel], missing / np.abs(weights).ravel()[pixel])
            total += move
            missing -= move * np.abs(weights).ravel()[pixel]
        least.append(total)
    np.testing.assert_allclose(found.l1, least, rtol=0.02)
    assert (found.l1 >= np.array(least) - 1e-5).all()
    assert found.images[0, 0, 0, 0] == pytest.approx(1.0, abs=0.005)
    assert 0.8 < found.images[0, 0, 1, 0] < 1.0


def test_total_variation_makes_an_even_patch() -> None:
    """L1 takes the single pixel that weighs most; its edges cost more than a patch's do.

    A logit costs (0.4 * 4 + 8) / 3.8 with the patch, and (0.4 + 4) / 1.3 with the pixel.
    """
    weights = np.zeros((8, 8, 1), np.float32)
    weights[2:4, 2:4, 0] = [[1.0, 0.95], [0.95, 0.9]]
    weights[5, 5] = 1.3
    images = np.full((1, 8, 8, 1), 0.3, np.float32)
    network = two_classes(weights, bias=-0.5 - float(0.3 * weights.sum()))
    targets = np.ones(1, np.int64)
    alone = search(network, images, targets, wanted(l1=1.0)).images - images
    even = search(network, images, targets, wanted(l1=0.4, total_variation=1.0, steps=400))
    patch = (even.images - images)[0, :, :, 0]
    assert np.argwhere(alone[0, :, :, 0]).tolist() == [[5, 5]]
    inner = patch[2:4, 2:4]
    assert even.success.all()
    assert (inner > 0.05).all()
    assert np.ptp(inner) < 0.05 * inner.mean()
    assert np.abs(patch).sum() - inner.sum() < 0.05 * inner.sum()


def test_a_network_that_cannot_be_moved_is_a_failure() -> None:
    images = networks.images(3, 4, 2)
    network = two_classes(np.zeros((4, 4, 2), np.float32), bias=-0.3)
    found = search(network, images, np.ones(3, np.int64), wanted(l1=0.3, total_variation=1.0))
    assert not found.success.any()
    assert not found.survives_rounding.any()
    np.testing.assert_array_equal(found.images, images)
    np.testing.assert_array_equal(found.iterations, -1)
    for distance in (found.l0, found.l1, found.l2, found.linf):
        np.testing.assert_array_equal(distance, 0)
    np.testing.assert_allclose(found.confidence, 1 / (1 + math.exp(0.3)), rtol=1e-5)
    np.testing.assert_array_equal(found.confidence, found.confidence_before)


def test_a_class_out_of_reach_is_a_failure_beside_one_within() -> None:
    """The logit lies between -5 and +4: 99 % of the second class is too much, of the first not."""
    network = two_classes(np.ones((3, 3, 1), np.float32), bias=-5.0)
    images = np.full((2, 3, 3, 1), 0.25, np.float32)
    asked = wanted(l1=1.0, confidence=0.99)
    found = search(network, images, np.array([1, 0]), asked)
    assert found.success.tolist() == [False, True]
    np.testing.assert_array_equal(found.images[0], images[0])
    assert found.iterations[0] == -1
    assert found.l1[1] == pytest.approx(logit(0.99) - 2.75, rel=0.01)


def test_a_class_that_is_predicted_already_needs_no_change() -> None:
    network = two_classes(np.ones((3, 3, 1), np.float32), bias=-1.0)
    images = np.stack([np.full((3, 3, 1), 0.5), np.full((3, 3, 1), 0.05)]).astype(np.float32)
    found = search(network, images, np.ones(2, np.int64), wanted(l1=1.0))
    assert found.success.all()
    np.testing.assert_array_equal(found.images[0], images[0])
    assert found.l1[0] == 0
    assert found.iterations[0] == 0
    assert found.l1[1] == pytest.approx(0.55, rel=0.01)


def test_a_change_of_less_than_half_a_level_does_not_survive_rounding() -> None:
    """At 512 logits a pixel the class is a thousandth away, or reached already."""
    weights = np.zeros((2, 2, 1), np.float32)
    weights[0, 0] = 512
    images = np.full((2, 2, 2, 1), 51 / 255, np.float32)
    images[1] = 53 / 255
    network = two_classes(weights, bias=-float(512 * np.float32(51 / 255)) - 0.5)
    found = search(network, images, np.ones(2, np.int64), wanted(l1=1.0))
    assert found.success.tolist() == [True, True]
    assert found.survives_rounding.tolist() == [False, True]
    np.testing.assert_array_equal(found.l0, 0)
    assert found.l1[0] == pytest.approx(0.5 / 512, rel=0.01)


def test_little_confidence_is_still_a_prediction() -> None:
    """Of many classes one with 20 % need not be the first; what is asked for is that it is."""
    random = np.random.default_rng(3)
    model = networks.linear(random.normal(size=(4, 4, 1, 8)).astype(np.float32))
    images = networks.images(6, 4, 1)
    network = Network(model)
    logits = network.logits(images)
    targets = np.argsort(-logits, axis=1)[:, 3]
    found = search(network, images, targets, wanted(l2=1.0, confidence=0.05))
    assert found.success.all()
    np.testing.assert_array_equal(network.logits(found.images).argmax(axis=1), targets)


def convolutional(channels: int = 3, side: int = 6) -> Network:
    """Return a network of five classes, each of which most images can be changed into."""
    inputs = keras.Input((side, side, channels))
    x = layers.Conv2D(8, 3, activation="relu", padding="same", name="conv")(inputs)
    x = layers.Conv2D(8, 3, strides=2, activation="relu", name="conv2")(x)
    model = keras.Model(inputs, layers.Dense(5, name="logits")(layers.Flatten()(x)))
    random = np.random.default_rng(4)
    model.set_weights([random.normal(0, 0.4, w.shape) for w in model.get_weights()])
    return Network(model)


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_stay_within_bounds_on_constant_images(channels: int) -> None:
    network = convolutional(channels)
    values, targets = np.repeat([0.0, 0.5, 1.0], 5), np.tile(np.arange(5), 3)
    images = np.zeros((15, 6, 6, channels), np.float32) + values[:, None, None, None]
    images = images.astype(np.float32)
    found = search(network, images, targets, wanted(l1=0.3, total_variation=1.0))
    assert found.images.dtype == np.float32
    assert found.images.min() >= 0
    assert found.images.max() <= 1
    changed = found.success & (found.l1 > 0)
    for value in (0.0, 0.5, 1.0):
        assert changed[values == value].sum() >= 2
    predicted = network.logits(found.images).argmax(axis=1)
    np.testing.assert_array_equal(predicted[found.success], targets[found.success])
    for name, distances in norms(found, images).items():
        np.testing.assert_allclose(getattr(found, name), distances, rtol=1e-5, atol=1e-7)


def test_one_image_is_changed_as_in_a_batch_and_each_time_the_same() -> None:
    network, images = convolutional(), networks.images(3, 6, 3)
    targets = np.argsort(-network.logits(images), axis=1)[:, 1]
    asked = wanted(l1=0.3, total_variation=1.0, confidence=0.9)
    together = search(network, images, targets, asked)
    assert together.success.all()
    for row in range(3):
        alone = search(network, images[row : row + 1], targets[row : row + 1], asked)
        np.testing.assert_allclose(alone.images[0], together.images[row], atol=1e-5)
        assert alone.iterations[0] == together.iterations[row]
    again = search(convolutional(), images, targets, asked)
    np.testing.assert_array_equal(again.images, together.images)


@pytest.mark.parametrize("count", [1, 5, 7])
def test_a_batch_has_the_same_size_however_many_images_there_are(count: int) -> None:
    """Kernels' last bits depend on it, and a search goes on from them."""
    sizes = []

    def function(batch: tf.Tensor, numbers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        sizes.append(len(batch))
        return 2 * batch, numbers

    images, numbers = networks.images(count, 6, 3), np.arange(count)
    doubled, same = in_fixed_size_batches(convolutional(), function, images, numbers)
    np.testing.assert_array_equal(doubled, 2 * images)
    np.testing.assert_array_equal(same, numbers)
    assert sizes == [5] * math.ceil(count / 5)


def test_no_images() -> None:
    network = two_classes(np.ones((3, 4, 2), np.float32))
    found = search(
        network, np.zeros((0, 3, 4, 2), np.float32), np.zeros(0, np.int64), wanted(l1=1.0)
    )
    assert found.images.shape == (0, 3, 4, 2)
    for name, values in vars(found).items():
        assert len(values) == 0, name


def test_weights_of_another_network_are_read_at_the_next_call() -> None:
    first, second = np.ones((3, 3, 1), np.float32), -np.ones((3, 3, 1), np.float32)
    network = two_classes(first, bias=-5.0)
    images = np.full((1, 3, 3, 1), 0.4, np.float32)
    asked, targets = wanted(l2=1.0), np.ones(1, np.int64)
    assert (search(network, images, targets, asked).images > images).all()
    network.load(two_classes(second, bias=3.0).trained)
    assert (search(network, images, targets, asked).images < images).all()


def test_some_size_must_count() -> None:
    with pytest.raises(ValidationError, match="any change would do"):
        wanted()
