"""Grad-CAM++, where its answer is known."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from heatproof.attribution.cam.gradcam import weighted as by_mean
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


def pytorch_grad_cam(features: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Return that library's map of (rows, columns, channels), its 1e-6 left out."""
    squares, cubes = gradients**2, gradients**3
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = squares / (2 * squares + features.sum(axis=(0, 1)) * cubes)
    weights = (np.maximum(gradients, 0) * np.where(gradients != 0, shares, 0)).sum(axis=(0, 1))
    return np.maximum((weights * features).sum(axis=-1), 0)


def test_two_channels_by_hand() -> None:
    """Alphas worked out on paper: 1/2 to 1/6 of a gradient, none of a negative one."""
    # Places of two channels, and what the logit reads of them.
    features = np.float32([[1.0, 2.0], [1.0, 4.0]]).T[None, None]  # (1, 1, 2 places, 2 channels)
    gradients = np.float32([[2.0, -1.0], [1.0, 0.5]]).T[None, None]
    # First channel: sum 3, alpha = 1 / (2 + 2 · 3) = 1/8, weight 2/8; the negative one has none.
    # Second: sum 5, alphas 1 / (2 + 5) and 1 / (2 + 2.5), weight 1/7 + 0.5 / 4.5.
    first, second = 2 / 8, 1 / 7 + 0.5 / 4.5
    expected = [first * 1 + second * 1, first * 2 + second * 4]
    found = weighted(tf.constant(features), tf.constant(gradients)).numpy()
    np.testing.assert_allclose(found[0, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(pytorch_grad_cam(features[0], gradients[0])[0], expected, rtol=1e-6)


def test_it_is_pytorch_grad_cams_formula() -> None:
    """The gradient at the feature maps is the dense layer's kernel: all of it is known."""
    model, images, targets = flattened(), networks.images(3, 6, 1), np.array([1, 0, 1])
    features = keras.Model(model.input, model.get_layer("conv").output)(images).numpy()
    kernel = model.get_layer("logits").get_weights()[0].reshape(6, 6, 3, 2)
    expected = np.stack([
        pytorch_grad_cam(each.astype(np.float64), kernel[..., target].astype(np.float64))
        for each, target in zip(features, targets, strict=True)
    ])  # fmt: skip
    assert (expected > 0).any(axis=(1, 2)).all()
    maps = class_activation_map(Network(model), images, targets, "conv", weighted)
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-6)


def test_negative_gradients_give_no_weight_however_their_alphas_turn_out() -> None:
    """2 + g sum A of nearly zero: what made tf-keras-vis' normalised weights noise."""
    features = np.float32([[1.0, 1.0]]).T[None, None]
    gradients = np.float32([[1.0, -0.9999999]]).T[None, None]
    found = weighted(tf.constant(features), tf.constant(gradients)).numpy()
    np.testing.assert_allclose(found[0, 0], [1 / 4, 1 / 4], rtol=1e-6)


@pytest.mark.parametrize(("sign", "moved"), [(1, 0.0), (-1, 2**-8)])
def test_where_features_sum_to_below_zero_the_last_bit_may_decide(sign: int, moved: float) -> None:
    """Behind a layer normalisation they may; then float32 is all that is left of 2 + g sum A.

    A = (-3, -1) and g = 1/2 - d give g / (2 - 4 g) = g / 4d. One bit of A, 2^-22, moves 4d by g
    times that; with d = 2^-17 that is 2^-8 of it, and of behind a ReLU, where A = (3, 1), nothing.
    """
    gradients = np.float32([0.5 - 2.0**-17, 0])[None, None, :, None]
    features = sign * np.float32([3, 1])[None, None, :, None]
    other = features + np.float32([2.0**-22, 0])[None, None, :, None]
    before, after = (
        float(weighted(tf.constant(each), tf.constant(gradients))[0, 0, 1])
        for each in (features, other)
    )
    assert abs(after / before - 1) == pytest.approx(moved, abs=2e-5)


def test_of_two_objects_the_small_one_shows_more_strongly_than_in_gradcam() -> None:
    """What the paper is for: Grad-CAM's mean falls with the area, here alphas make up for it."""
    features, gradients = (np.zeros((1, 4, 4, 2), np.float32) for _ in range(2))
    features[0, :2, :, 0] = features[0, 3, 3, 1] = 0.5
    gradients[0, :2, :, 0] = gradients[0, 3, 3, 1] = 1
    ours, theirs = (
        weighing(tf.constant(features), tf.constant(gradients)).numpy()[0]
        for weighing in (weighted, by_mean)
    )
    assert theirs[0, 0] / theirs[3, 3] == pytest.approx(8)
    # Eight places of sum 4 and alpha 1/6, one of sum 1/2 and alpha 2/5.
    assert ours[0, 0] / ours[3, 3] == pytest.approx((8 / 6) / (2 / 5))


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
