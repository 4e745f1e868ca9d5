"""The fast gradient sign method, where its answer is known."""

import keras
import numpy as np
import pytest

from heatproof.attribution.cam.gradcam import gradcam
from heatproof.attribution.core.network import Network
from heatproof.counterfactuals.adversarial import fgsm, gradcams
from tests.attribution import networks
from tests.counterfactuals.test_counterfactual_search import convolutional, two_classes


def test_a_linear_network_flips_at_its_margin_over_the_sum_of_weights() -> None:
    random = np.random.default_rng(0)
    weights = random.normal(size=(4, 4, 2)).astype(np.float32)
    images = random.uniform(0.4, 0.6, (5, 4, 4, 2)).astype(np.float32)
    network = two_classes(weights)
    flips_at = np.abs(network.logits(images)[:, 1]) / np.abs(weights).sum()
    assert flips_at.max() < 0.3
    epsilons = np.sort(np.concatenate([0.98 * flips_at, 1.02 * flips_at, [0.35]])).tolist()
    attack = fgsm(network, images, epsilons[::-1])
    np.testing.assert_allclose(attack.epsilons, [0, *epsilons], rtol=1e-6)
    expected = [min(e for e in epsilons if e > at) for at in flips_at]
    np.testing.assert_allclose(attack.epsilon, expected, rtol=1e-6)
    assert attack.flipped.all()
    np.testing.assert_array_equal(attack.after, 1 - attack.before)
    sign = np.where(attack.before == 1, -1, 1)[:, None, None, None] * np.sign(weights)
    moved = attack.epsilon[:, None, None, None] * sign
    np.testing.assert_allclose(attack.images - images, moved, atol=1e-6)
    # All that is flipped stays flipped: what a larger epsilon does is no less on a line.
    moved = attack.predicted != attack.before[:, None]
    np.testing.assert_array_equal(moved, attack.epsilons > flips_at[:, None])
    logits = network.logits(attack.images)
    odds = np.exp(-np.abs(logits[:, 1]))
    np.testing.assert_allclose(attack.confidence, 1 / (1 + odds), rtol=1e-4)


def test_a_network_that_is_sure_is_attacked_in_the_right_direction() -> None:
    """At a margin of 200 logits, and a third class far behind, the softmax' gradient is lost."""
    weights = np.zeros((3, 3, 1, 3), np.float32)
    weights[..., 0] = 100.0
    weights[..., 1] = np.linspace(-60, 60, 9).reshape(3, 3, 1)
    weights[..., 2] = -np.linspace(-900, 900, 9).reshape(3, 3, 1) - 900
    images = np.full((1, 3, 3, 1), 0.5, np.float32)
    network = Network(networks.linear(weights))
    assert network.logits(images)[0, 0] - network.logits(images)[0, 1] > 200
    attack = fgsm(network, images, [0.01])
    direction = np.sign(weights[..., 1] - weights[..., 0])
    np.testing.assert_allclose(attack.images[0] - images[0], 0.01 * direction, atol=1e-6)


def test_a_network_that_cannot_be_moved_is_recorded_as_such() -> None:
    images = networks.images(2, 4, 1)
    attack = fgsm(two_classes(np.zeros((4, 4, 1), np.float32), bias=0.5), images, [0.1, 0.5])
    assert not attack.flipped.any()
    assert np.isnan(attack.epsilon).all()
    np.testing.assert_array_equal(attack.images, images)
    np.testing.assert_array_equal(attack.predicted, 1)
    np.testing.assert_allclose(attack.confidence, 1 / (1 + np.exp(-0.5)), rtol=1e-5)


def test_what_does_not_flip_is_kept_at_the_largest_epsilon_within_bounds() -> None:
    weights = np.ones((3, 3, 1), np.float32)
    images = np.full((1, 3, 3, 1), 0.9, np.float32)
    images[0, 0, 0] = 0.1
    attack = fgsm(two_classes(weights, bias=5.0), images, [0.2, 0.3])
    assert not attack.flipped.any()
    expected = np.full((3, 3), 0.6)
    expected[0, 0] = 0.0
    np.testing.assert_allclose(attack.images[0, :, :, 0], expected, atol=1e-6)


def test_the_maps_are_grad_cam_of_both_images_for_both_classes() -> None:
    network = convolutional()
    images = networks.images(5, 6, 3)
    attack = fgsm(network, images, [0.05, 0.3, 1.0])
    assert attack.flipped.any()
    maps = gradcams(network, images, attack, "conv2")
    assert len(maps) == 4
    for image, pixels in (("original", images), ("adversarial", attack.images)):
        for name, targets in (("before", attack.before), ("after", attack.after)):
            expected = gradcam(network, pixels, targets, "conv2").maps
            np.testing.assert_array_equal(maps[f"{image}/{name}"], expected)


def test_one_image_is_attacked_as_in_a_batch() -> None:
    network = convolutional()
    images = networks.images(5, 6, 3)
    together = fgsm(network, images, [0.05, 0.3])
    for row in range(5):
        alone = fgsm(network, images[row : row + 1], [0.05, 0.3])
        np.testing.assert_allclose(alone.images[0], together.images[row], atol=1e-6)
        np.testing.assert_array_equal(alone.predicted[0], together.predicted[row])


def test_dropout_is_off() -> None:
    random = np.random.default_rng(0)
    kernel = random.normal(size=(9, 2)).astype(np.float32)
    images = random.uniform(0.4, 0.6, (4, 3, 3, 1)).astype(np.float32)

    def attacked(rate: float) -> np.ndarray:
        inputs = keras.Input((3, 3, 1))
        x = keras.layers.Dropout(rate, seed=1)(keras.layers.Flatten()(inputs))
        model = keras.Model(inputs, keras.layers.Dense(2, use_bias=False, name="logits")(x))
        model.set_weights([kernel])
        return fgsm(Network(model), images, [0.1, 0.2]).images

    # Half of the inputs would have no gradient, and not be changed.
    np.testing.assert_array_equal(attacked(0.5), attacked(0.0))


def test_no_images() -> None:
    network = Network(networks.averaged(np.ones((4, 3)), channels=1))
    attack = fgsm(network, np.zeros((0, 6, 6, 1), np.float32), [0.1])
    assert attack.images.shape == (0, 6, 6, 1)
    assert attack.predicted.shape == (0, 2)
    maps = gradcams(network, attack.images, attack, "conv_relu")
    assert {values.shape for values in maps.values()} == {(0, 6, 6)}


@pytest.mark.parametrize("channels", [1, 3])
def test_constant_images(channels: int) -> None:
    images = np.zeros((3, 6, 6, channels), np.float32)
    images[1], images[2] = 0.5, 1.0
    attack = fgsm(convolutional(channels), images, [0.1])
    assert attack.images.dtype == np.float32
    assert attack.images.min() == 0
    assert attack.images.max() == 1
    assert (np.abs(attack.images - images).max(axis=(1, 2, 3)) > 0.09).all()
    assert np.isfinite(attack.confidence).all()
