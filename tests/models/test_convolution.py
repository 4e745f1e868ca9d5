"""Our convolution gives what Keras' own gives, also where it is our own."""

import keras
import numpy as np
import pytest

from stages.models.convolution import Conv2D

FILTERS = 5


def pair(side: int, channels: int = 3, **options) -> tuple[keras.Layer, keras.Layer]:
    """Return ours and Keras' layer with the same weights."""
    made = [
        kind(FILTERS, name="conv", **{"kernel_size": 3, "padding": "same", **options})
        for kind in (Conv2D, keras.layers.Conv2D)
    ]
    random = np.random.default_rng(0)
    for layer in made:
        layer.build((None, side, side, channels))
    weights = [random.standard_normal(w.shape).astype(np.float32) for w in made[0].weights]
    for layer in made:
        layer.set_weights(weights)
    return made[0], made[1]


def images(side: int, count: int = 6, channels: int = 3) -> np.ndarray:
    random = np.random.default_rng(1)
    return random.standard_normal((count, side, side, channels)).astype(np.float32)


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
    import tensorflow as tf

    if side == 1 and options.get("padding") == "valid":
        pytest.skip("no window fits")
    x = tf.constant(images(side))
    found = []
    for layer in pair(side, **options):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x)
            loss = tf.reduce_sum(tf.sin(outputs))
        variables = [w.value for w in layer.weights]
        found.append([outputs, *tape.gradient(loss, [x, *variables])])
    for mine, other in zip(*found, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "side,stride,multiplied",
    [(2, 1, True), (3, 1, False), (4, 2, True), (4, 1, False), (2, 2, False)],
)
def test_what_gives_four_pixels_is_multiplied_and_nothing_else(
    side: int, stride: int, multiplied: bool
) -> None:
    import tensorflow as tf

    layer, _ = pair(side, strides=stride)
    traced = tf.function(layer).get_concrete_function(tf.TensorSpec((None, side, side, 3)))
    graph = traced.graph.as_graph_def()
    found = {node.op for node in graph.node}
    found |= {node.op for function in graph.library.function for node in function.node_def}
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
        x, direction = tf.constant(images(side)), tf.constant(images(side)[::-1].copy())
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
