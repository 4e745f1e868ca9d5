"""Feature inversion, content and style, where the answer is known."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from heatproof.attribution.core.network import Network
from heatproof.inversion import style
from heatproof.inversion.depth import spread_layers
from heatproof.inversion.descent import norm_gradient, roughness_gradient
from heatproof.inversion.explain_inversion import _others, find, first_of_each_class
from heatproof.inversion.feature_inversion import distance, invert, pixel_distance
from heatproof.inversion.options import InversionOptions, StyleOptions
from heatproof.storage.records import Dataset
from tests.attribution import networks

SIDE, CHANNELS = 8, 3
FREE = InversionOptions(steps=150, total_variation=0, alpha_norm=0)


@pytest.fixture(scope="module")
def network() -> Network:
    """Return a network whose first layer can be inverted, and whose second one cannot.

    The first is three times the image in other colours, always above zero; the second its mean over
    squares of 4 pixels.
    """
    inputs = keras.Input((SIDE, SIDE, CHANNELS))
    x = layers.Conv2D(CHANNELS, 1, activation="relu", name="turned")(inputs)
    x = layers.AveragePooling2D(4, name="pool")(x)
    model = keras.Model(inputs, layers.Dense(2, name="logits")(layers.Flatten()(x)))
    turned = np.array([[2.0, 0.5, 0.5], [0.5, 2.0, 0.5], [0.5, 0.5, 2.0]])
    random = np.random.default_rng(0)
    logits = random.normal(size=(12, 2)), np.zeros(2)
    model.set_weights([turned.reshape(1, 1, 3, 3), np.full(CHANNELS, 0.1), *logits])
    return Network(model)


def test_a_layer_that_can_be_inverted_gives_the_image_back(network: Network) -> None:
    images = networks.images(2, SIDE, CHANNELS)
    found = invert(network, "turned", images, FREE, seed=0)
    assert found.error.max() < 1e-3
    assert pixel_distance(found.images, images).max() < 0.03
    again = invert(network, "turned", images, FREE, seed=0)
    np.testing.assert_array_equal(again.images, found.images)


def test_what_a_layer_averages_is_lost_and_the_average_is_not(network: Network) -> None:
    images = networks.images(2, SIDE, CHANNELS)
    found = invert(network, "pool", images, FREE, seed=0)
    assert found.error.max() < 1e-3, "the layer takes them for the same"
    assert pixel_distance(found.images, images).min() > 0.2
    means = [x.reshape(2, 2, 4, 2, 4, 3).mean(axis=(2, 4)) for x in (found.images, images)]
    np.testing.assert_allclose(*means, atol=0.03)


def test_distances(network: Network) -> None:
    images = networks.images(2, SIDE, CHANNELS)
    np.testing.assert_array_equal(distance(network, "turned", images, images), 0)
    given = [network.model.get_layer("turned")(x).numpy() for x in (images, 0 * images)]
    expected = ((given[1] - given[0]) ** 2).sum((1, 2, 3)) / (given[0] ** 2).sum((1, 2, 3))
    np.testing.assert_allclose(distance(network, "turned", images, 0 * images), expected, rtol=1e-4)
    np.testing.assert_allclose(pixel_distance(images, images + 0.25), 0.25, rtol=1e-5)


def test_gradients_that_are_written_out_are_those_of_what_they_say() -> None:
    images = tf.constant(networks.images(2, 5, 3))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(images)
        down, right = images[:, 1:] - images[:, :-1], images[:, :, 1:] - images[:, :, :-1]
        rough = (tf.reduce_sum(down**2) + tf.reduce_sum(right**2)) / 75
        norm = tf.reduce_sum((2 * (images - 0.5)) ** 6) / 75
    np.testing.assert_allclose(roughness_gradient(images), tape.gradient(rough, images), atol=1e-6)
    np.testing.assert_allclose(norm_gradient(images), tape.gradient(norm, images), atol=1e-6)


def test_gram_matrix_by_hand() -> None:
    """Two places, of (1, 2) and (3, 0): means over places of products of channels."""
    features = tf.constant([[[[1.0, 2.0], [3.0, 0.0]]]])
    np.testing.assert_allclose(style.gram(features), [[[5.0, 1.0], [1.0, 2.0]]])


def test_style_is_of_what_comes_together_and_not_where(network: Network) -> None:
    images = networks.images(3, SIDE, CHANNELS)
    np.testing.assert_array_equal(style.style_distance(network, "turned", images, images), 0)
    moved = style.taken_apart(images, seed=0)
    assert np.abs(moved - images).max() > 0.5
    np.testing.assert_array_equal(
        np.sort(moved.reshape(3, -1, 3), axis=1), np.sort(images.reshape(3, -1, 3), axis=1)
    )
    # Of a 1×1 convolution only what the pixels are counts.
    assert style.style_distance(network, "turned", images, moved).max() < 1e-6
    assert style.style_distance(network, "turned", images, 1 - images).min() > 1e-3


def test_a_picture_gets_the_style_and_keeps_the_content_as_weighed(network: Network) -> None:
    contents = networks.images(1, SIDE, CHANNELS)
    styles = style.stripes((SIDE, SIDE, CHANNELS))[None]

    def made(content_weight: float, style_weight: float) -> np.ndarray:
        weights = StyleOptions(steps=100, content_weight=content_weight, style_weight=style_weight)
        options = FREE.model_copy(update={"style": weights})
        return style.synthesise(network, contents, styles, ("pool", ["turned"]), options)

    kept, styled = made(1, 0), made(0, 1)
    np.testing.assert_allclose(kept, contents, atol=0.01)
    before = style.style_distance(network, "turned", styles, contents)[0]
    assert style.style_distance(network, "turned", styles, styled)[0] < 0.05 * before


def test_the_nearest_row() -> None:
    rows = np.array([[1.0, 0.1], [9.0, 1.0], [0.0, 1.0], [0.1, 3.0]])
    assert style.nearest_agrees(rows, np.array([0, 0, 1, 1])) == 1
    assert style.nearest_agrees(rows, np.array([0, 1, 0, 1])) == 0


def test_which_images_and_which_beside_them() -> None:
    labels = np.array([1, 1, 0, 1, 2, 0])
    index = first_of_each_class(labels, 2)
    np.testing.assert_array_equal(index, [0, 2])
    same, other = _others(labels, index)
    np.testing.assert_array_equal(same, [1, 5])
    np.testing.assert_array_equal(other, [2, 3])
    same, other = _others(np.array([0, 1]), np.array([1]))
    np.testing.assert_array_equal([same, other], [[1], [0]])  # none of its class: itself


@pytest.mark.usefixtures("uncompiled")
def test_all_of_it_twice(network: Network) -> None:
    """Everything a page shows is there, and the same again; not compiled, for so few steps."""
    random = np.random.default_rng(3)
    images = random.integers(0, 256, (12, SIDE, SIDE, CHANNELS), np.uint8)
    labels = np.arange(12) % 3
    data = Dataset(images, labels, images, labels, ("a", "b", "c"))
    small = StyleOptions(contents=2, steps=2, images=12)
    options = InversionOptions(images=3, layers=2, steps=3, style=small)
    found, again = (find(network, data, options, seed=1) for _ in range(2))
    assert spread_layers(network.model, 5) == ["turned", "pool", "logits"]
    assert [each["name"] for each in found.metrics["layers"]] == ["turned", "logits"]
    assert [each["values"] for each in found.metrics["layers"]] == [192, 2]
    assert found.metrics == again.metrics and found.arrays.keys() == again.arrays.keys()
    for name, array in found.arrays.items():
        np.testing.assert_array_equal(array, again.arrays[name], err_msg=name)
    assert found.arrays["styled/0"].shape == (4, SIDE, SIDE, CHANNELS)
    assert {"inverted/1", "untrained/1", "styled_untrained/0"} <= found.arrays.keys()
    assert not np.array_equal(found.arrays["inverted/0"], found.arrays["untrained/0"])
    assert [each["name"] for each in found.metrics["style"]["layers"]] == ["turned"]
