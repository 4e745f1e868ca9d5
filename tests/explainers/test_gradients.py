"""The family as a whole: the layer it finds in every network of the study, and what it refuses."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from stages import params
from stages.errors import UserError
from stages.explainers.feature_maps import feature_layer
from stages.explainers.geometry import Axis, feature_axes, upsample
from stages.explainers.gradcam import class_activation_map
from stages.explainers.gradients import family
from stages.models.assembly import build_model
from stages.params import Gradients
from tests.explainers import networks

# model -> an image's shape, its last feature map, that map's size and grid
EXPECTED = {
    "simple_cnn": ((28, 28, 1), "conv2_relu", Axis(0.5, 2.0, 14)),
    "mnist_cnn": ((28, 28, 1), "block3_conv2_relu", Axis(1.5, 4.0, 7)),
    "cifar_cnn": ((32, 32, 3), "block3_conv3_relu", Axis(1.5, 4.0, 8)),
    "baseline_cnn": ((32, 32, 3), "conv2_relu", Axis(0.0, 1.0, 32)),
    "mobilenet_v2": ((28, 28, 1), "head_conv_relu", Axis(5.5, 16.0, 2)),
    "efficient_cnn": ((28, 28, 1), "block4_pointwise_relu", Axis(1.5, 8.0, 4)),
    "resnet18": ((32, 32, 3), "block8_relu", Axis(7.5, 16.0, 2)),
}


def network_of(repository: Path, model: str) -> keras.Model:
    study = params.load(repository / "params.yaml")
    cell = next(name for name, cell in study.cells.items() if cell.model == model)
    if EXPECTED[model][0][2] == 3:
        cell = f"{model}-cifar10"
    return build_model(study, cell, EXPECTED[model][0], 10)


@pytest.mark.parametrize("model", EXPECTED)
def test_every_network_of_the_study(repository: Path, model: str) -> None:
    """The layer, its place, and both maps against gradients taken by hand."""
    shape, layer, axis = EXPECTED[model]
    network = network_of(repository, model)
    computed = family(network, Gradients(layer="last_conv"))
    assert computed.facts == {"layer": layer}
    assert feature_axes(network, layer)[0] == axis

    images = networks.images(2, shape[0], shape[2])
    targets = np.array([3, 7])
    both = keras.Model(network.input, [network.get_layer(layer).output, network.output])
    with tf.GradientTape(persistent=True) as tape:
        pixels = tf.constant(images)
        tape.watch(pixels)
        features, logits = both(pixels, training=False)
        score = logits[0, 3] + logits[1, 7]
    gradient = tape.gradient(score, pixels).numpy()
    maps = computed.methods["saliency"](network, images, targets)
    np.testing.assert_allclose(maps, np.abs(gradient).max(axis=-1), rtol=1e-4, atol=1e-6)

    weights = tape.gradient(score, features).numpy().mean(axis=(1, 2))
    cam = np.maximum(np.einsum("nijk,nk->nij", features.numpy(), weights), 0)
    assert cam.any()
    np.testing.assert_allclose(
        class_activation_map(network, images, targets, layer), cam, rtol=1e-4, atol=1e-6
    )
    maps = computed.methods["gradcam"](network, images, targets)
    expected = upsample(cam, (axis, axis), shape[:2])
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-6)


def test_a_layer_may_be_named(repository: Path) -> None:
    network = network_of(repository, "simple_cnn")
    assert family(network, Gradients(layer="conv1_relu")).facts == {"layer": "conv1_relu"}
    assert family(network, Gradients(layer="pool1")).facts == {"layer": "pool1"}


def test_a_wrong_layer_is_told_the_right_ones(repository: Path) -> None:
    network = network_of(repository, "simple_cnn")
    with pytest.raises(UserError) as raised:
        feature_layer(network, "conv2_rlu")
    message = str(raised.value)
    assert "params.yaml: explain.gradients.layer = 'conv2_rlu'" in message
    assert "did you mean 'conv2_relu'?" in message
    assert message.endswith("last_conv, conv1, conv1_relu, pool1, conv2, conv2_relu, pool2")
    # A layer that exists but has no places is not a feature map either.
    with pytest.raises(UserError, match="'logits'"):
        feature_layer(network, "logits")


def test_a_map_of_one_cell_is_no_map() -> None:
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(2, 3, strides=3, padding="same", name="first")(inputs)
    x = layers.Conv2D(2, 3, strides=3, padding="same", name="second")(x)
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
    assert model.get_layer("second").output.shape[1:3] == (1, 1)
    assert feature_layer(model) == "first"


def test_a_network_without_convolutions_is_refused() -> None:
    with pytest.raises(UserError, match="no class activation map"):
        feature_layer(networks.linear(np.ones((4, 4, 1, 2), np.float32)))


@pytest.mark.parametrize("softmax", ["activation", "layer"])
def test_probabilities_are_not_explained(softmax: str) -> None:
    inputs = keras.Input((4, 4, 1))
    x = layers.Conv2D(1, 3, padding="same")(inputs)
    x = layers.Flatten()(x)
    if softmax == "activation":
        x = layers.Dense(2, activation="softmax", name="last")(x)
    else:
        x = layers.Softmax(name="last")(layers.Dense(2)(x))
    with pytest.raises(ValueError, match="'last' gives no logits"):
        family(keras.Model(inputs, x), Gradients(layer="last_conv"))
