"""Our convolution gives what Keras' own gives, also where it is our own."""

import keras
import numpy as np
import pytest

from heatproof.models.convolution import Conv2D
from tests.models import like_keras
from tests.models.like_keras import FILTERS, assert_alike, images, operations


def pair(side: int, **options) -> tuple[keras.Layer, keras.Layer]:
    return like_keras.pair(Conv2D, side, **{"kernel_size": 3, "padding": "same", **options})


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_bias": False},
        {"activation": "relu"},
        {"strides": 2},
        {"strides": (1, 2)},
        {"padding": "valid", "kernel_size": 2},
        {"kernel_size": 1},
        {"kernel_size": 5},
        {"dilation_rate": 2},
    ],
    ids=str,
)
@pytest.mark.parametrize("side", [1, 2, 3, 4])
def test_outputs_and_gradients_are_those_of_keras(side: int, options: dict) -> None:
    if side == 1 and options.get("padding") == "valid":
        pytest.skip("no window fits")
    assert_alike(pair(side, **options), side)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7, 8, 9, 15, 16, 17])
@pytest.mark.parametrize(
    "side,options",
    [
        (8, {"strides": 2}),
        (8, {"strides": 2, "use_bias": False}),
        (9, {"strides": 2, "padding": "valid"}),
        (9, {"strides": 3, "activation": "relu"}),
        (9, {"strides": (1, 2)}),
        (16, {"strides": 2}),
    ],
    ids=str,
)
def test_pixels_left_out_by_a_kernel_of_one(side: int, options: dict, channels: int) -> None:
    """As resnet18's shortcuts leave them out. oneDNN wrote beyond its memory for few channels."""
    count = (1, 6, 16)[(channels + len(options)) % 3]
    chosen = {"kernel_size": 1, "padding": "same", **options}
    layers = like_keras.pair(Conv2D, side, channels, **chosen)
    assert_alike(layers, side, count, channels)


@pytest.mark.parametrize(
    "side,stride,multiplied",
    [(2, 1, True), (3, 1, False), (4, 2, True), (4, 1, False), (2, 2, False)],
)
def test_what_gives_four_pixels_is_multiplied_and_nothing_else(
    side: int, stride: int, multiplied: bool
) -> None:
    found = operations(pair(side, strides=stride)[0], side)
    assert ("MatMul" in found, "Conv2D" in found) == (multiplied, not multiplied)


SERVED = [(2, 1), (4, 2)]


@pytest.mark.parametrize("side,stride", SERVED)
def test_any_number_of_images(side: int, stride: int) -> None:
    layer, _ = pair(side, strides=stride)
    whole = np.asarray(layer(images(side)))
    for count in (1, 2):
        np.testing.assert_allclose(layer(images(side)[:count]), whole[:count], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("side,stride", SERVED)
def test_a_gradient_has_a_gradient(side: int, stride: int) -> None:
    """Of f = Σ conv(x)² the gradient's gradient along v is 2 convᵀ(conv(v))."""
    import tensorflow as tf

    found = []
    for layer in pair(side, strides=stride, use_bias=False):
        x = tf.constant(images(side).astype(layer.compute_dtype))
        direction = x[::-1]
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = tf.reduce_sum(layer(x) ** 2)
            slope = tf.reduce_sum(inner.gradient(value, x) * direction)
        found.append(np.asarray(outer.gradient(slope, x)))
    assert np.abs(found[1]).max() > 0
    np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-4)


def test_weights_serve_a_network_with_keras_own_layer(tmp_path) -> None:
    def network(kind: type) -> keras.Model:
        inputs = keras.Input((2, 2, 3))
        return keras.Model(inputs, kind(FILTERS, 3, padding="same")(inputs))

    ours, theirs = network(Conv2D), network(keras.layers.Conv2D)
    ours.save_weights(tmp_path / "x.weights.h5")
    theirs.load_weights(tmp_path / "x.weights.h5")
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
