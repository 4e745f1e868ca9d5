"""The layer that class activation maps weigh, in every network of the study."""

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.cam import layercam
from heatproof.attribution.cam.cam import CamOptions
from heatproof.attribution.cam.gradcam import METHODS, weighted
from heatproof.attribution.cam.layercam import weighted as by_place
from heatproof.attribution.core.feature_maps import feature_layer, feature_layers
from heatproof.attribution.core.geometry import Axis, feature_axes
from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.run.errors import UserError
from tests.attribution import architectures, networks
from tests.attribution.cells import class_activation_map, upsample

GRADCAM = METHODS[0]

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


@pytest.mark.parametrize("name", EXPECTED)
def test_every_network_of_the_study(name: str) -> None:
    """The layer and its place on the image, in the network and in what is explained of it."""
    shape, layer, axis = EXPECTED[name]
    shared = architectures.shared(name)
    own = shape == shared.shape
    model = shared.model if own else architectures.build(name, shape)
    network = shared.network if own else Network(model)
    assert feature_layers(network.model) == [feature_layer(network.model)] == [layer]
    assert feature_axes(model, layer) == feature_axes(network.model, layer) == (axis, axis)


@pytest.mark.usefixtures("uncompiled")
def test_maps_are_laid_over_the_image(architecture: architectures.Architecture) -> None:
    network, images = architecture.network, architecture.images()
    targets = architecture.likely(images)
    cells = class_activation_map(network, images, targets, architecture.layer, weighted)
    axes = feature_axes(architecture.model, architecture.layer)
    expected = upsample(cells, axes, architecture.shape[:2])
    assert expected.any()
    gradcam = GRADCAM.with_options(CamOptions(), Context(np.zeros((1, 1, 1, 1), np.uint8), 0))
    maps = gradcam(network, images, targets).maps
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-6 * expected.max())


@pytest.mark.parametrize("name", ["conv1_relu", "pool1"])
def test_a_layer_may_be_named(name: str) -> None:
    network = architectures.shared("simple_cnn").network
    assert feature_layer(network.model, name) == name
    images, targets = networks.images(1, 28, 1), np.array([3])
    maps = layercam.METHODS[0].explain(network, images, targets, name).maps
    assert maps.any()
    if name == "conv1_relu":  # at the image's own size, so nothing is interpolated
        cells = class_activation_map(network, images, targets, name, by_place)
        np.testing.assert_allclose(maps, cells, rtol=1e-6)


def test_an_unknown_layer_is_refused_with_the_known_ones() -> None:
    network = architectures.shared("simple_cnn").network
    context = Context(np.zeros((1, 1, 1, 1), np.uint8), 0)
    method = GRADCAM.with_options(CamOptions(layer="conv2_rlu"), context)
    with pytest.raises(UserError) as raised:
        method(network, networks.images(1, 28, 1), np.array([0]))
    message = str(raised.value)
    assert "params.yaml: explain.gradients.gradcam.layer = 'conv2_rlu'" in message
    assert "did you mean 'conv2_relu'?" in message
    assert message.endswith("last_conv, conv1, conv1_relu, pool1, conv2, conv2_relu, pool2")
    # A layer that exists but has no places is not a feature map either.
    with pytest.raises(UserError, match="'logits'"):
        feature_layer(network.model, "logits")


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
