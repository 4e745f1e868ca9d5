"""LayerCAM, where its answer is known."""

import keras
import numpy as np
from keras import layers

from heatproof.attribution.cam import gradcam, layercam
from heatproof.attribution.cam.layercam import METHODS, weighted
from heatproof.attribution.core.network import Network
from tests.attribution import networks
from tests.attribution.cells import class_activation_map


def test_positive_gradients_times_features() -> None:
    """The gradient at the feature maps is the dense layer's kernel: all of it is known."""
    inputs = keras.Input((6, 6, 1))
    x = layers.Conv2D(3, 3, padding="same", name="conv")(inputs)
    model = keras.Model(inputs, layers.Dense(2, name="logits")(layers.Flatten()(x)))
    random = np.random.default_rng(0)
    model.set_weights([random.normal(size=w.shape) for w in model.get_weights()])
    images, targets = networks.images(3, 6, 1), np.array([1, 0, 1])
    features = keras.Model(model.input, model.get_layer("conv").output)(images).numpy()
    kernel = model.get_layer("logits").get_weights()[0].reshape(6, 6, 3, 2)
    positive = kernel[..., targets].clip(min=0).transpose(3, 0, 1, 2)
    expected = (positive * features).sum(axis=-1)
    assert (expected < 0).any()  # a feature map without an activation
    maps = class_activation_map(Network(model), images, targets, "conv", weighted)
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps, expected.clip(min=0), rtol=1e-5, atol=1e-6)


def test_one_patch_of_a_map_decides() -> None:
    """A channel is positive everywhere but read in one place: only that place is in the map."""
    inputs = keras.Input((6, 6, 1))
    x = layers.Conv2D(1, 1, name="conv")(inputs)
    model = keras.Model(inputs, layers.Dense(1, name="logits")(layers.Flatten()(x)))
    read = np.zeros((6, 6))
    read[1:3, 4] = [2, -1]
    model.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1), read.reshape(-1, 1), np.zeros(1)])
    images = networks.images(2, 6, 1)
    found = METHODS[0].explain(Network(model), images, np.array([0, 0]), "conv").maps
    np.testing.assert_allclose(found, images[..., 0] * read.clip(min=0), rtol=1e-6)


def test_after_a_global_average_it_is_gradcam_without_negative_weights() -> None:
    dense = np.random.default_rng(2).normal(size=(3, 2))
    images, targets = networks.images(3, 6, 1), np.array([0, 1, 1])
    found, other = (
        each.METHODS[0].explain(Network(networks.averaged(of)), images, targets, "conv_relu").maps
        for each, of in ((layercam, dense), (gradcam, dense.clip(min=0)))
    )
    assert (dense < 0).any() and found.any()
    np.testing.assert_allclose(found, other, rtol=1e-4, atol=1e-7)
