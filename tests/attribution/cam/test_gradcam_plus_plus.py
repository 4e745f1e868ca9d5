"""Grad-CAM++, where its answer is known."""

import keras
import numpy as np
from keras import layers

from heatproof.attribution.cam.gradcam_plus_plus import METHODS, weighted
from heatproof.attribution.core.network import Network
from tests.attribution import networks
from tests.attribution.cells import class_activation_map


def flattened(side: int = 6, channels: int = 1, seed: int = 0) -> keras.Model:
    """Return conv 3x3 -> relu -> dense: every place of a feature map has a gradient of its own."""
    inputs = keras.Input((side, side, channels))
    x = layers.Conv2D(3, 3, padding="same", activation="relu", name="conv")(inputs)
    model = keras.Model(inputs, layers.Dense(2, name="logits")(layers.Flatten()(x)))
    random = np.random.default_rng(seed)
    model.set_weights([random.normal(size=w.shape) for w in model.get_weights()])
    return model


def test_equations_5_and_19() -> None:
    """The gradient at the feature maps is the dense layer's kernel: all of it is known."""
    model, images, targets = flattened(), networks.images(3, 6, 1), np.array([1, 0, 1])
    features = keras.Model(model.input, model.get_layer("conv").output)(images).numpy()
    kernel = model.get_layer("logits").get_weights()[0].reshape(6, 6, 3, 2)
    expected = np.zeros((3, 6, 6))
    for row, target in enumerate(targets):
        for channel in range(3):
            g, a = kernel[..., channel, target], features[row, ..., channel]
            alpha = g**2 / (2 * g**2 + g**3 * a.sum())
            weight = (alpha / alpha.sum() * g.clip(min=0)).sum()
            expected[row] += weight * a
    assert (expected > 0).any(axis=(1, 2)).all()
    maps = class_activation_map(Network(model), images, targets, "conv", weighted)
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps, expected.clip(min=0), rtol=1e-3, atol=1e-5)


def test_a_gradient_of_zero_has_no_alpha() -> None:
    """Of two places of a map one is not read: it has no share in the mean of the other."""
    inputs = keras.Input((1, 2, 1))
    x = layers.Conv2D(1, 1, name="conv")(inputs)
    model = keras.Model(inputs, layers.Dense(1, name="logits")(layers.Flatten()(x)))
    model.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1), np.array([[3.0], [0.0]]), np.zeros(1)])
    image = np.array([0.5, 0.25], np.float32).reshape(1, 1, 2, 1)
    found = METHODS[0].explain(Network(model), image, np.array([0]), "conv").maps
    np.testing.assert_allclose(found[0, 0], [1.5, 0.75])


def test_both_of_two_objects_show_as_strongly() -> None:
    """What the paper is for: Grad-CAM's mean falls with the area, Grad-CAM++ counts places."""
    inputs = keras.Input((4, 4, 1))
    large, small = (
        layers.Cropping2D(crop)(layers.Conv2D(1, 1, name=name)(inputs))
        for name, crop in (("large", ((0, 2), (0, 0))), ("small", ((3, 0), (3, 0))))
    )
    x = layers.Concatenate(name="both")(
        [
            layers.ZeroPadding2D(((0, 2), (0, 0)))(large),
            layers.ZeroPadding2D(((3, 0), (3, 0)))(small),
        ]
    )
    x = layers.Flatten()(x)
    model = keras.Model(inputs, layers.Dense(1, name="logits")(x))
    read = np.zeros((4, 4, 2))
    read[:2, :, 0] = read[3, 3, 1] = 1
    model.set_weights([
        np.ones((1, 1, 1, 1)), np.zeros(1), np.ones((1, 1, 1, 1)), np.zeros(1),
        read.reshape(-1, 1), np.zeros(1),
    ])  # fmt: skip
    image = np.full((1, 4, 4, 1), 0.5, np.float32)
    found = METHODS[0].explain(Network(model), image, np.array([0]), "both").maps[0]
    np.testing.assert_allclose(found, 0.5 * (read[..., 0] + read[..., 1]))


def test_a_large_logit_does_not_overflow() -> None:
    """exp(200) is no float32."""
    model = flattened()
    kernel, bias = model.get_layer("logits").get_weights()
    images, targets = networks.images(2, 6, 1), np.array([0, 1])
    before = METHODS[0].explain(Network(model), images, targets, "conv").maps
    model.get_layer("logits").set_weights([kernel, bias + 200])
    after = METHODS[0].explain(Network(model), images, targets, "conv").maps
    assert before.any()
    np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6)
