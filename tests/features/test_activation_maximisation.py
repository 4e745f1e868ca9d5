"""Activation maximisation, where the best image is known."""

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.core.activation_layers import LOGITS
from heatproof.attribution.core.network import Network
from heatproof.attribution.libraries import tf_keras_vis
from heatproof.features.activation_maximisation import maximise
from heatproof.features.options import MaximisationOptions
from tests.attribution import architectures, networks

PLAIN = MaximisationOptions(
    layers=1, steps=100, step_size=0.1, total_variation=0.0, jitter=0, noise=0.0
)


def changed(**options: float) -> MaximisationOptions:
    return PLAIN.model_copy(update=options)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_linear_class_prefers_the_sign_of_its_weights(channels: int) -> None:
    weights = np.random.default_rng(0).normal(size=(6, 5, channels, 4)).astype(np.float32)
    found = maximise(Network(networks.linear(weights)), LOGITS, np.arange(4), PLAIN, seed=0)
    assert found.images.shape == (4, 6, 5, channels)
    assert found.images.dtype == np.float32
    best = np.moveaxis(weights > 0, -1, 0).astype(np.float32)
    certain = np.moveaxis(np.abs(weights) > 0.2, -1, 0)
    np.testing.assert_array_equal(found.images[certain], best[certain])
    optimum = np.maximum(weights, 0).sum(axis=(0, 1, 2))
    assert (found.reached <= optimum * (1 + 1e-6)).all()
    assert (found.reached > 0.99 * optimum).all()


def test_scale_does_not_matter() -> None:
    """Logits a million times smaller: the same images."""
    weights = np.random.default_rng(0).normal(size=(6, 5, 1, 2)).astype(np.float32)
    options = changed(total_variation=0.2, noise=0.1, jitter=1)
    large, small = (
        maximise(Network(networks.linear(scale * weights)), LOGITS, np.arange(2), options, seed=0)
        for scale in (1, 1e-6)
    )
    np.testing.assert_allclose(small.images, large.images, atol=1e-3)


def detectors(kernels: np.ndarray, bias: float, stride: int = 1) -> Network:
    """Return unpadded filters (h, w, channels, filters) -> relu -> dense, on images of 9x9."""
    inputs = keras.Input((9, 9, kernels.shape[2]))
    x = layers.Conv2D(kernels.shape[3], kernels.shape[:2], strides=stride, name="conv")(inputs)
    x = layers.Activation("relu", name="conv_relu")(x)
    model = keras.Model(inputs, layers.Dense(2, name="logits")(layers.Flatten()(x)))
    model.get_layer("conv").set_weights([kernels, np.full(kernels.shape[3], bias)])
    return Network(model)


@pytest.mark.parametrize("bias", [0.0, -1000.0])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_filter_prefers_its_own_pattern_in_the_middle(channels: int, bias: float) -> None:
    """Also a dead one, whose gradient after ReLU would be nothing."""
    kernels = np.random.default_rng(1).choice([-1.0, 0.5, 2.0], (3, 3, channels, 5))
    network = detectors(kernels.astype(np.float32), bias)
    found = maximise(network, "conv_relu", np.array([4, 1]), PLAIN, seed=0)
    for image, reached, channel in zip(found.images, found.reached, (4, 1), strict=True):
        kernel = kernels[..., channel]
        np.testing.assert_array_equal(image[3:6, 3:6], kernel > 0)
        optimum = np.maximum(kernel, 0).sum() + bias
        assert reached == pytest.approx(optimum, rel=1e-5)
        outside = image.copy()
        outside[3:6, 3:6] = 0.5
        np.testing.assert_array_equal(outside, 0.5)


def test_the_library_finds_no_better_images() -> None:
    """tf-keras-vis at its own optimiser, on a network whose best images are known, and on one whose
    are not."""
    weights = np.random.default_rng(0).normal(size=(6, 6, 1, 3)).astype(np.float32)
    known = networks.linear(weights)
    unknown = networks.averaged(weights[:5, 0, 0].astype(np.float32), side=6, channels=3)
    for model in (known, unknown):
        network = Network(model)
        ours = maximise(network, LOGITS, np.arange(3), changed(steps=60), seed=0)
        grey = np.full(network.image_shape, 0.5, np.float32)
        theirs = tf_keras_vis.maximised(network, np.arange(3), grey, steps=60, rate=0.05)
        their_logits = network.logits(theirs).diagonal()
        assert (ours.reached >= 0.99 * their_logits).all()
        if model is known:
            np.testing.assert_allclose(ours.reached, their_logits, rtol=0.01)
            certain = np.moveaxis(np.abs(weights) > 0.3, -1, 0)
            np.testing.assert_array_equal(ours.images[certain], theirs[certain])


def test_a_shift_spreads_what_one_pixel_decides() -> None:
    weights = np.zeros((7, 7, 1, 1), np.float32)
    weights[3, 3] = 1
    image = maximise(
        Network(networks.linear(weights)), LOGITS, np.array([0]), changed(jitter=1), seed=0
    ).images[0, ..., 0]
    near = np.zeros((7, 7), bool)
    near[2:5, 2:5] = True
    assert (image[near] > 0.9).all()
    np.testing.assert_array_equal(image[~near], 0.5)


@pytest.mark.parametrize(("stride", "shifted"), [(1, False), (2, False), (3, True)])
def test_a_filter_is_shifted_by_less_than_half_a_cell(stride: int, shifted: bool) -> None:
    kernels = np.random.default_rng(1).normal(size=(3, 3, 1, 2)).astype(np.float32)
    network = detectors(kernels, 0.0, stride)
    still, moved = (
        maximise(network, "conv_relu", np.arange(2), changed(jitter=jitter), seed=0).images
        for jitter in (0, 5)
    )
    assert (still != moved).any() == shifted
    far = np.ones((9, 9), bool)  # by one pixel at most
    far[2:7, 2:7] = False
    if stride == 3:
        np.testing.assert_array_equal(moved[:, far], 0.5)


def test_total_variation() -> None:
    """Where no pixel counts, one step goes down the gradient that TensorFlow gives."""
    import tensorflow as tf

    network = Network(networks.linear(np.zeros((6, 5, 3, 1), np.float32)))
    start = maximise(network, LOGITS, np.array([0]), changed(noise=0.1, steps=1), seed=3).images
    assert start.std() > 0.05
    with tf.GradientTape() as tape:
        image = tf.constant(start)
        tape.watch(image)
        variation = tf.image.total_variation(image)
    expected = start - 0.1 * 0.03 * tape.gradient(variation, image).numpy()
    options = changed(noise=0.1, steps=1, total_variation=0.03)
    found = maximise(network, LOGITS, np.array([0]), options, seed=3)
    np.testing.assert_allclose(found.images, np.clip(expected, 0, 1), atol=1e-6)
    longer = maximise(
        network, LOGITS, np.array([0]), options.model_copy(update={"steps": 100}), seed=3
    )
    assert longer.images.std() < 0.5 * start.std()


def test_a_network_that_looks_at_nothing() -> None:
    network = Network(networks.averaged(np.zeros((3, 2), np.float32)))
    found = maximise(network, LOGITS, np.arange(2), PLAIN, seed=0)
    np.testing.assert_array_equal(found.images, np.full((2, 6, 6, 1), 0.5))
    np.testing.assert_array_equal(found.reached, 0)


@pytest.mark.parametrize("name", ["simple_cnn", "efficient_cnn"])
def test_classes_of_the_studys_networks(name: str) -> None:
    """Each logit rises, to what the network gives; an image is the same whatever climbs beside."""
    architecture = architectures.shared(name)
    options = changed(steps=30, step_size=0.02, noise=0.2)
    found = maximise(architecture.network, LOGITS, np.arange(4), options, seed=0)
    assert found.images.min() >= 0
    assert found.images.max() <= 1
    logits = architecture.network.logits(found.images)[:, :4].diagonal()
    np.testing.assert_allclose(found.reached, logits, rtol=1e-4, atol=1e-4)
    start = np.random.default_rng(0).normal(0.5, 0.2, (1, *architecture.shape)).clip(0, 1)
    before = architecture.network.logits(start.astype(np.float32))[0, :4]
    assert (found.reached > before + 0.1).all()
    alone = maximise(architecture.network, LOGITS, np.array([2]), options, seed=0)
    np.testing.assert_allclose(alone.images[0], found.images[2], atol=1e-3)


def test_the_seed_and_nothing_else_draws() -> None:
    network = architectures.shared("simple_cnn").network
    options = changed(steps=5, noise=0.2, jitter=2)
    one, again, other = (
        maximise(network, LOGITS, np.arange(3), options, seed).images for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_no_channels() -> None:
    network = architectures.shared("simple_cnn").network
    found = maximise(network, "conv1_relu", np.zeros(0, np.int64), PLAIN, seed=0)
    assert found.images.shape == (0, 28, 28, 1)
    assert found.reached.shape == (0,)
