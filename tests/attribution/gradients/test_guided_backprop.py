"""Guided backpropagation, where its answer is known."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from heatproof.attribution.core.method import UnsupportedNetwork
from heatproof.attribution.core.network import Network
from heatproof.attribution.gradients.guided_backprop import guided_backprop
from tests.attribution import architectures, backbones, by_hand, networks


@pytest.mark.parametrize("channels", [1, 3])
def test_linear_network(channels: int) -> None:
    """Without a ReLU it is the gradient, negative parts and all, summed over the channels."""
    weights = np.random.default_rng(0).normal(size=(5, 7, channels, 4)).astype(np.float32)
    network, targets = Network(networks.linear(weights)), np.array([2, 0, 3, 2])
    maps = guided_backprop(network, np.ones((4, 5, 7, channels), np.float32), targets).maps
    assert maps.dtype == np.float32
    expected = weights.sum(axis=2)[..., targets].transpose(2, 0, 1)
    np.testing.assert_allclose(maps, expected, rtol=1e-5, atol=1e-6)
    assert (maps < 0).any()


@pytest.mark.parametrize("kind", ["relu", "relu6"])
def test_figure_1(kind: str) -> None:
    """Two layers of rectifiers, some of them inactive, some with a negative signal from above."""
    random = np.random.default_rng(0)
    first, second, last = (random.normal(size=s) for s in ((6, 40), (40, 30), (30, 3)))
    first *= 6  # so that some are above 6
    inputs = keras.Input((2, 3, 1))
    x = layers.Dense(40, use_bias=False)(layers.Flatten()(inputs))
    x = layers.Activation(kind)(x)
    x = layers.ReLU(max_value=6.0 if kind == "relu6" else None)(layers.Dense(30, use_bias=False)(x))
    model = keras.Model(inputs, layers.Dense(3, use_bias=False, name="logits")(x))
    model.set_weights([first, second, last])

    images, targets = networks.images(4, 3, 1)[:, :2], np.array([0, 1, 2, 0])
    most = 6 if kind == "relu6" else np.inf
    before = images.reshape(4, 6) @ first
    after = np.clip(before, 0, most)
    upper = after @ second
    saturated = ((before > 6).sum(), (upper > 6).sum())
    assert min(saturated) > 0
    signal = last[:, targets].T
    assert (signal < 0).any() and (upper < 0).any()
    signal = np.maximum(signal, 0) * ((upper > 0) & (upper < most))
    signal = np.maximum(signal @ second.T, 0) * ((before > 0) & (before < most))
    expected = (signal @ first.T).reshape(4, 2, 3)

    maps = guided_backprop(Network(model), images, targets).maps
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-4)
    gradients = by_hand.gradients(model, images, targets)[..., 0]
    assert np.abs(maps - gradients).max() > 0.1 * np.abs(gradients).max()


def test_everything_lies_in_the_patch_that_decides() -> None:
    """A detector looks at one patch only, the other class at nothing but speaks against it."""
    kernel = np.zeros((8, 8, 2, 1), np.float32)
    kernel[2:4, 5:7, :, 0] = 1
    inputs = keras.Input((8, 8, 2))
    x = layers.Activation("relu")(layers.Dense(1)(layers.Flatten()(inputs)))
    model = keras.Model(inputs, layers.Dense(2, name="logits")(x))
    model.set_weights([kernel.reshape(-1, 1), np.zeros(1), np.array([[3.0, -1.0]]), np.zeros(2)])
    maps = guided_backprop(Network(model), networks.images(2, 8, 2), np.array([0, 1])).maps
    np.testing.assert_allclose(maps[0, 2:4, 5:7], 6, rtol=1e-6)
    assert maps[0].sum() == pytest.approx(24)
    np.testing.assert_array_equal(maps[1], 0)  # its signal is negative: nothing comes back


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (layers.Activation("softmax", name="odd"), "the layer 'odd' applies softmax"),
        (layers.Softmax(name="odd"), "the layer 'odd' is Softmax"),
        (layers.Dense(3, activation="relu", name="odd"), "the layer 'odd' applies relu"),
    ],
)
def test_other_activations_are_refused(layer: layers.Layer, said: str) -> None:
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, layers.Dense(2)(layer(layers.Flatten()(inputs))))
    with pytest.raises(UnsupportedNetwork, match=said):
        guided_backprop(Network(model), networks.images(1, 4, 1), np.array([0]))


@pytest.mark.parametrize(
    ("activation", "slope"),
    [
        (layers.Activation("tanh"), 1 / np.cosh(0.5) ** 2),
        (layers.LeakyReLU(0.1), 1.0),
        (layers.ReLU(negative_slope=0.1), 1.0),
        (layers.Activation("silu"), 0.7399612),  # s + x s (1 - s), s = sigmoid(0.5)
    ],
)
def test_the_slope_of_other_activations(activation: layers.Layer, slope: float) -> None:
    """Two units of 0.5, of which one speaks for the class: its gradient alone comes back."""
    inputs = keras.Input((1, 2, 1))
    x = activation(layers.Flatten()(inputs))
    model = keras.Model(inputs, layers.Dense(2, use_bias=False, name="logits")(x))
    model.get_layer("logits").set_weights([np.array([[3.0, -1.0], [-2.0, 1.0]])])
    images = np.full((2, 1, 2, 1), 0.5, np.float32)
    maps = guided_backprop(Network(model), images, np.array([0, 1])).maps
    np.testing.assert_allclose(maps[:, 0], slope * np.array([[3, 0], [0, 1]]), rtol=1e-5)


@pytest.mark.parametrize(
    ("shared", "name"),
    [
        (architectures.shared, "simple_cnn"),
        (architectures.shared, "mobilenet_v2"),
        (backbones.short, "EfficientNetV2B0"),
    ],
)
def test_whole_networks(shared: Callable[[str], Any], name: str) -> None:
    """Against a copy whose activations are exchanged, as others do it, with its batch norms."""
    case = shared(name)

    def guided(function: Any) -> Any:
        @tf.custom_gradient
        def forward(x: Any) -> tuple[Any, Any]:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x)
            slope = tape.gradient(y, x)
            return y, lambda above: slope * above * tf.cast(above > 0, tf.float32)

        return forward

    def exchanged(layer: layers.Layer) -> layers.Layer:
        copy = type(layer).from_config(layer.get_config())
        if isinstance(layer, layers.Activation):
            copy.activation = guided(layer.activation)
        return copy

    copy = keras.models.clone_model(case.model, clone_function=exchanged)
    copy.set_weights(case.model.get_weights())
    images, targets = case.images(2), np.array([2, 3])
    expected = by_hand.gradients(copy, images, targets).sum(axis=-1)
    by_hand.assert_close(guided_backprop(case.network, images, targets).maps, expected)
