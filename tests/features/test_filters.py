"""The first layer's filters, where they are known."""

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.core.network import Network
from heatproof.features.filters import first_convolutions, first_filters, summary
from tests.attribution import architectures, networks


def test_kernels_as_trained_one_filter_a_row() -> None:
    model = networks.averaged(np.ones((4, 2)), channels=3)
    kernel = model.get_layer("conv").get_weights()[0]
    (bank,) = first_filters(model).values()
    assert bank.kernels.shape == (4, 3, 3, 3)
    assert bank.kernels.dtype == bank.factor.dtype == np.float32
    for number in range(4):
        np.testing.assert_array_equal(bank.kernels[number], kernel[..., number])
    np.testing.assert_array_equal(bank.factor, np.ones(4))
    np.testing.assert_array_equal(bank.acting, bank.kernels)


def normalised(gamma: list[float]) -> keras.Model:
    """Return conv 3x3 -> batch norm of this gamma -> relu -> conv -> dense."""
    inputs = keras.Input((6, 6, 1))
    x = layers.Conv2D(len(gamma), 3, use_bias=False, name="conv")(inputs)
    x = layers.BatchNormalization(epsilon=0.0, name="conv_bn")(x)
    x = layers.Activation("relu", name="conv_relu")(x)
    x = layers.Flatten()(layers.Conv2D(2, 3, name="second")(x))
    model = keras.Model(inputs, layers.Dense(2, name="logits")(x))
    beta, mean, variance = [0.5, 0.5], [1.0, 2.0], [4.0, 0.25]
    model.get_layer("conv_bn").set_weights(list(np.array([gamma, beta, mean, variance])))
    return model


def test_batch_norm_is_reported_beside_the_kernels() -> None:
    """The kernels stay as trained although the network explained is folded."""
    model = normalised(gamma=[3.0, -1.0])
    kernel = np.moveaxis(model.get_layer("conv").get_weights()[0], -1, 0)
    network = Network(model)
    (bank,) = first_filters(network.trained).values()
    np.testing.assert_array_equal(bank.kernels, kernel)
    np.testing.assert_allclose(bank.factor, [3 / 2, -1 / 0.5], rtol=1e-6)
    # What acts is what the folded network has.
    folded = network.model.get_layer("conv").get_weights()[0]
    np.testing.assert_allclose(bank.acting, np.moveaxis(folded, -1, 0), rtol=1e-6)
    said = summary(bank)
    assert said["inverted_by_batch_norm"] == 1
    assert [said[name] for name in ("filters", "height", "width", "channels")] == [2, 3, 3, 1]
    norms = np.linalg.norm(kernel.reshape(2, -1), axis=1)
    assert said["smallest_norm"] == pytest.approx(norms.min(), rel=1e-6)
    assert said["largest_norm"] == pytest.approx(norms.max(), rel=1e-6)
    assert said["mean"] == pytest.approx(kernel.mean(), abs=1e-7)
    assert said["standard_deviation"] == pytest.approx(kernel.std(), rel=1e-6)


def test_other_weights_are_those_that_are_read() -> None:
    network = Network(normalised(gamma=[3.0, -1.0]))
    other = normalised(gamma=[1.0, 1.0])
    network.load(other)
    kernel = np.moveaxis(other.get_layer("conv").get_weights()[0], -1, 0)
    np.testing.assert_array_equal(first_filters(network.trained)["conv"].kernels, kernel)


def test_depthwise_filters_have_one_channel() -> None:
    inputs = keras.Input((5, 5, 3))
    x = layers.DepthwiseConv2D(2, depth_multiplier=2, name="depthwise")(inputs)
    model = keras.Model(inputs, layers.Dense(2, name="logits")(layers.Flatten()(x)))
    kernel = model.get_layer("depthwise").get_weights()[0]
    bank = first_filters(model)["depthwise"]
    assert bank.kernels.shape == (6, 2, 2, 1)
    for channel in range(3):
        for of_channel in range(2):
            found = bank.kernels[2 * channel + of_channel, ..., 0]
            np.testing.assert_array_equal(found, kernel[:, :, channel, of_channel])


def test_no_convolution() -> None:
    assert first_filters(networks.linear(np.ones((3, 3, 1, 2)))) == {}


def test_every_architecture(architecture: architectures.Architecture) -> None:
    first = {
        "mobilenet_v2": ["stem_conv"],
        "resnet18": ["stem_conv"],
        "efficient_cnn": [
            "branch_1x1_conv", "branch_3x3_conv", "branch_5x5_conv", "branch_pool_conv",
        ],
        "mnist_cnn": ["block1_conv1"],
        "cifar_cnn": ["block1_conv1"],
    }  # fmt: skip
    expected = first.get(architecture.name, ["conv1"])
    found = [layer.name for layer in first_convolutions(architecture.model)]
    assert sorted(found) == sorted(expected)
    for name, bank in first_filters(architecture.model).items():
        folded = architecture.network.model.get_layer(name).get_weights()[0]
        np.testing.assert_allclose(bank.acting, np.moveaxis(folded, -1, 0), rtol=1e-5, atol=1e-7)
        assert bank.kernels.shape[-1] == architecture.shape[-1]
