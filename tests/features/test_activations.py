"""Feature maps on real images: the right layers, the right values, few enough bytes."""

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.core.activation_layers import (
    activated_maps,
    before_activation,
    rectified,
)
from heatproof.attribution.core.network import Network
from heatproof.features import activations
from heatproof.features.activations import feature_maps
from tests.attribution import architectures, networks


def test_every_architecture(architecture: architectures.Architecture) -> None:
    """The maps are those of the network as trained, after batch normalisation and activation."""
    images = architecture.images(2)
    found = feature_maps(architecture.network, images, channels=5)
    assert found
    for name, maps in found.items():
        trained = keras.Model(architecture.model.input, architecture.model.get_layer(name).output)
        expected = trained(images, training=False).numpy()[..., :5]
        np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-4)
        assert maps.dtype == np.float32
        assert (maps >= 0).all()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("simple_cnn", ["conv1_relu", "conv2_relu"]),
        ("resnet18", ["stem_conv_relu", "block1_conv1_relu", "block1_relu", "block2_conv1_relu"]),
        ("efficient_cnn", ["branches_relu", "block1_depthwise_relu", "block1_pointwise_relu"]),
        ("mobilenet_v2", ["stem_conv_relu", "block1_depthwise_relu", "block2_expand_relu"]),
    ],
)
def test_layers_in_the_order_of_the_graph(name: str, expected: list[str]) -> None:
    found = activated_maps(architectures.shared(name).model)
    assert found[: len(expected)] == expected
    dense = [layer for layer in rectified(architectures.shared(name).model) if layer not in found]
    assert dense == (["dense_relu"] if name in ("efficient_cnn", "mobilenet_v2") else [])


def test_a_network_that_activates_nowhere_shows_its_convolutions() -> None:
    model = networks.blob_detector(side=8, padding=2, pool=3)
    network = Network(model)
    assert activated_maps(model) == ["conv", "last"]
    assert rectified(model) == []
    image = np.full((1, 8, 8, 1), 0.25, np.float32)
    found = feature_maps(network, image, channels=8)
    np.testing.assert_allclose(found["conv"][0, 2:-2, 2:-2, 0], 0.25)
    assert before_activation(model, "conv") is model.get_layer("conv").output


def test_a_map_has_two_places_at_least() -> None:
    inputs = keras.Input((2, 1, 1))
    x = layers.Conv2D(2, 1, activation="relu", name="two")(inputs)
    x = layers.Conv2D(2, (2, 1), activation="relu", name="one")(x)
    model = keras.Model(inputs, layers.Dense(2, name="logits")(layers.Flatten()(x)))
    assert activated_maps(model) == ["two"]


def test_no_feature_maps_at_all() -> None:
    network = Network(networks.linear(np.ones((3, 3, 1, 2))))
    assert feature_maps(network, networks.images(2, 3, 1), channels=4) == {}


@pytest.mark.parametrize(
    ("activation", "rectifies"),
    [
        (layers.Activation("relu"), True),
        (layers.Activation("relu6"), True),
        (layers.ReLU(), True),
        (layers.ReLU(max_value=6.0), True),
        (layers.ReLU(negative_slope=0.1), False),
        (layers.Activation("tanh"), False),
    ],
)
def test_which_activations_can_leave_a_unit_dead(
    activation: keras.layers.Layer, rectifies: bool
) -> None:
    inputs = keras.Input((4, 4, 1))
    x = activation(layers.Conv2D(2, 3, name="conv")(inputs))
    model = keras.Model(inputs, layers.Dense(2, name="logits")(layers.Flatten()(x)))
    assert activated_maps(model) == [activation.name]
    assert rectified(model) == ([activation.name] if rectifies else [])
    assert before_activation(model, activation.name) is model.get_layer("conv").output


def test_a_convolution_that_activates_by_itself() -> None:
    inputs = keras.Input((4, 4, 1))
    x = layers.Conv2D(2, 3, activation="relu", name="conv")(inputs)
    model = keras.Model(inputs, layers.Dense(2, name="logits")(layers.Flatten()(x)))
    assert activated_maps(model) == rectified(model) == ["conv"]
    assert before_activation(model, "conv") is model.get_layer("conv").output


def test_bytes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(networks.averaged(np.ones((7, 2)), side=10))
    images = networks.images(5, 10, 1)
    assert feature_maps(network, images, channels=99)["conv_relu"].shape == (5, 10, 10, 7)
    monkeypatch.setattr(activations, "MAX_BYTES", 4 * 5 * 100 * 3 + 1)
    assert feature_maps(network, images, channels=99)["conv_relu"].shape == (5, 10, 10, 3)
    monkeypatch.setattr(activations, "MAX_BYTES", 1)
    assert feature_maps(network, images, channels=99)["conv_relu"].shape == (5, 10, 10, 1)


def test_no_images() -> None:
    network = Network(networks.averaged(np.ones((3, 2))))
    found = feature_maps(network, np.zeros((0, 6, 6, 1), np.float32), channels=2)
    assert found["conv_relu"].shape == (0, 6, 6, 2)
