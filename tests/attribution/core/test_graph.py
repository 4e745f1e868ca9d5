"""Running a network layer by layer, as it is and with rules of one's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from heatproof.attribution.core import graph
from tests.attribution import architectures, networks


def test_without_rules_it_is_the_network(architecture: architectures.Architecture) -> None:
    model, images = architecture.network.model, architecture.images(1)
    outputs = graph.run(model, tf.constant(images), lambda layer: None)
    assert list(outputs) == [operation.name for operation in model.operations]
    names = [architecture.layer, "normalise", "logits"]
    inner = keras.Model(model.input, [model.get_layer(name).output for name in names])
    for name, expected in zip(names, inner(images, training=False), strict=True):
        np.testing.assert_allclose(outputs[name], expected, rtol=1e-5, atol=1e-5)
    assert list(outputs)[-1] == "logits"
    twice = tf.repeat(outputs[architecture.layer], 2, axis=0)
    again = graph.run_on(model, outputs, architecture.layer, twice)
    np.testing.assert_allclose(again, np.repeat(outputs["logits"], 2, 0), rtol=1e-4, atol=1e-4)


def test_dropout_and_batch_norm_are_in_inference() -> None:
    inputs = keras.Input((4, 4, 1))
    x = layers.BatchNormalization()(layers.Dropout(0.9)(inputs))
    model = keras.Model(inputs, layers.Dense(1, name="logits")(layers.Flatten()(x)))
    images = networks.images(2, 4, 1)
    outputs = graph.run(model, tf.constant(images), lambda layer: None)
    np.testing.assert_allclose(outputs["logits"], model(images, training=False), rtol=1e-6)


@pytest.mark.parametrize("by_name", [True, False])
def test_a_layer_of_several_arguments_is_called_as_in_its_network(by_name: bool) -> None:
    """Attention reads one tensor as its query, its key and its value, or others of them."""
    inputs = keras.Input((3, 4, 2))
    rows = layers.Reshape((12, 2))(inputs)
    keys = layers.Dense(2, activation="tanh")(rows)
    attention = layers.MultiHeadAttention(1, 2)
    x = attention(rows, value=rows, key=keys) if by_name else attention(rows, rows)
    x = layers.Flatten()(layers.Add()([x, rows]))
    model = keras.Model(inputs, layers.Dense(2, name="logits")(x))
    images = tf.constant(np.random.default_rng(0).random((2, 3, 4, 2), np.float32))

    def gradient(logits) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(images)
            score = tf.reduce_sum(logits()[:, 0])
        return tape.gradient(score, images)

    def of_graph() -> tf.Tensor:
        return graph.value(model, images, model.output)

    def of_model() -> tf.Tensor:
        return model(images, training=False)

    np.testing.assert_allclose(of_graph(), of_model(), atol=1e-6)
    np.testing.assert_allclose(gradient(of_graph), gradient(of_model), atol=1e-6)


def test_a_rule_takes_a_layers_place() -> None:
    """Each tensor that the layer reads is one argument; what follows sees what the rule gives."""
    inputs = keras.Input((2, 2, 1), name="image")
    a = layers.Rescaling(2.0, name="double")(inputs)
    b = layers.Rescaling(3.0, name="triple")(inputs)
    x = layers.Add(name="sum")([a, b])
    x = layers.Flatten(name="flat")(layers.ReLU(name="relu")(x))
    model = keras.Model(inputs, layers.Dense(1, name="logits")(x))
    model.get_layer("logits").set_weights([np.ones((4, 1)), np.zeros(1)])
    asked = []

    def rule_for(layer: keras.layers.Layer) -> graph.Rule | None:
        asked.append(layer.name)
        return {"sum": lambda first, second: first - second, "relu": lambda x: x}.get(layer.name)

    images = networks.images(2, 2, 1)
    outputs = graph.run(model, tf.constant(images), rule_for)
    assert asked == [layer.name for layer in model.operations if layer.name != "image"]
    np.testing.assert_array_equal(outputs["image"], images)
    np.testing.assert_allclose(outputs["sum"], -images, rtol=1e-5)
    np.testing.assert_allclose(outputs["logits"][:, 0], -images.sum(axis=(1, 2, 3)), rtol=1e-5)


def test_a_rules_own_gradient_is_the_one_that_counts() -> None:
    model = networks.averaged(np.ones((3, 1), np.float32))
    images = tf.constant(networks.images(2, 6, 1))

    @tf.custom_gradient
    def tripled(x: tf.Tensor) -> tuple:
        return tf.nn.relu(x), lambda upstream: 3 * upstream

    def gradient(rule: graph.Rule | None) -> np.ndarray:
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = graph.run(
                model, images, lambda layer: rule if layer.name == "conv_relu" else None
            )
        return tape.gradient(outputs["logits"], images).numpy()

    linear = gradient(lambda x: x)
    assert np.abs(gradient(None) - linear).max() > 0.01
    np.testing.assert_allclose(gradient(tripled), 3 * linear, rtol=1e-5)


def forked(readers: int) -> keras.Model:
    """Return a network of whose image so many convolutions read."""
    inputs = keras.Input((6, 6, 2), name="image")
    x = layers.Rescaling(2.0, name="twice")(inputs)
    read = [layers.Conv2D(2, 3, padding="same", name=f"branch{n}")(x) for n in range(readers)]
    x = layers.GlobalAveragePooling2D()(layers.Concatenate()(read))
    return keras.Model(inputs, layers.Dense(3, name="logits")(layers.Activation("tanh")(x)))


@pytest.mark.parametrize("readers", [2, 3, 5])
def test_gradients_through_a_fork_are_the_networks(readers: int) -> None:
    model, images = forked(readers), tf.constant(networks.images(4, 6, 2))
    found = []
    for compute in (
        lambda x: model(x, training=False),
        lambda x: graph.value(model, x, model.output),
    ):
        with tf.GradientTape() as tape:
            tape.watch(images)
            values = compute(images)
        found.append((values, tape.gradient(values, images)))
    for expected, value in zip(*found, strict=True):
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-6)


def test_any_tensor_of_a_network(architecture: architectures.Architecture) -> None:
    model, images = architecture.network.model, architecture.images(1)
    for wanted in (model.get_layer(architecture.layer).output, model.output, model.input):
        expected = keras.Model(model.input, wanted)(images, training=False)
        value = graph.value(model, tf.constant(images), wanted)
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("size", "strides", "padding"), [(3, 2, "same"), (3, 1, "valid"), (2, 2, "same")]
)
def test_pooling_in_a_loop_is_the_networks(size: int, strides: int, padding: str) -> None:
    inputs = keras.Input((7, 7, 2))
    outputs = keras.layers.MaxPooling2D(size, strides, padding)(inputs)
    model = keras.Model(inputs, outputs)
    images = tf.constant(np.random.default_rng(0).random((2, 7, 7, 2), np.float32))
    found = []
    for in_loop in (False, True):
        with tf.GradientTape() as tape:
            tape.watch(images)
            value = graph.value(model, images, model.output, in_loop)
            score = tf.reduce_sum(value**2)
        found.append((value.numpy(), tape.gradient(score, images).numpy()))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-6)
    assert found[0][1].any()
