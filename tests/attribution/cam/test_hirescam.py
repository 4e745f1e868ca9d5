"""HiResCAM, where its answer is known."""

import keras
import numpy as np
from keras import layers

from heatproof.attribution.cam import gradcam
from heatproof.attribution.cam.hirescam import METHODS, weighted
from heatproof.attribution.core.network import Network
from tests.attribution import networks
from tests.attribution.cells import class_activation_map


def test_read_linearly_the_map_is_what_each_place_adds_to_the_logit() -> None:
    """It sums to the logit less the bias where no place takes anything away."""
    inputs = keras.Input((6, 6, 1))
    x = layers.Conv2D(3, 3, padding="same", activation="relu", name="conv")(inputs)
    model = keras.Model(inputs, layers.Dense(2, name="logits")(layers.Flatten()(x)))
    random = np.random.default_rng(0)
    conv = [random.normal(size=w.shape) for w in model.get_layer("conv").get_weights()]
    kernel, bias = random.uniform(0.1, 1, (108, 2)), np.array([0.7, -3.0])
    model.set_weights([*conv, kernel, bias])
    images, targets = networks.images(3, 6, 1), np.array([1, 0, 1])
    features = keras.Model(model.input, model.get_layer("conv").output)(images).numpy()
    added = (features * kernel.reshape(6, 6, 3, 2)[..., targets].transpose(3, 0, 1, 2)).sum(-1)
    maps = class_activation_map(Network(model), images, targets, "conv", weighted)
    np.testing.assert_allclose(maps, added, rtol=1e-5, atol=1e-6)
    logits = model(images).numpy()[np.arange(3), targets]
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), logits - bias[targets], rtol=1e-5)
    # The last convolution is at the image's own size: laid over it, the map is as it was.
    np.testing.assert_allclose(
        METHODS[0].explain(Network(model), images, targets, "conv").maps, maps, 1e-5
    )


def test_what_places_take_away_counts_before_the_channels_are_summed() -> None:
    inputs = keras.Input((1, 2, 2))
    x = layers.Activation("linear", name="maps")(layers.Conv2D(2, 1, name="conv")(inputs))
    model = keras.Model(inputs, layers.Dense(1, name="logits")(layers.Flatten()(x)))
    read = np.array([[2.0], [-1.0], [1.0], [-3.0]])  # place 0: channels 0 and 1; place 1: as well
    model.set_weights([np.eye(2).reshape(1, 1, 2, 2), np.zeros(2), read, np.zeros(1)])
    image = np.float32([[[[0.5, 0.25], [0.5, 0.5]]]])
    maps = class_activation_map(Network(model), image, np.array([0]), "maps", weighted)
    np.testing.assert_allclose(maps[0], [[2 * 0.5 - 0.25, 0.0]], rtol=1e-6)


def test_after_a_global_average_it_is_gradcam() -> None:
    network = Network(networks.averaged(np.random.default_rng(2).normal(size=(3, 2))))
    images, targets = networks.images(3, 6, 1), np.array([0, 1, 1])
    maps = METHODS[0].explain(network, images, targets, "conv_relu").maps
    assert maps.any()
    other = gradcam.gradcam(network, images, targets, "conv_relu").maps
    np.testing.assert_allclose(maps, other, rtol=1e-4, atol=1e-7)
