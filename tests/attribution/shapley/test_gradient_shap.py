"""GradientSHAP: its draws, its sample, and the `shap` package's."""

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.core.network import Network
from heatproof.attribution.libraries import shap_package
from heatproof.attribution.shapley.gradient_shap import draws, gradient_shap
from tests.attribution import architectures, networks


@pytest.mark.parametrize(("background", "samples"), [(50, 50), (7, 50), (50, 7), (1, 3)])
def test_draws_are_spread_evenly(background: int, samples: int) -> None:
    starts, points = draws(background, samples, seed=1)
    assert points.dtype == np.float32
    times = np.bincount(starts, minlength=background)
    assert len(times) == background
    assert times.max() - times.min() <= 1
    np.testing.assert_array_equal(np.floor(points * samples), np.arange(samples))


def test_draws_follow_from_the_seed() -> None:
    first, again, other = (draws(50, 50, seed) for seed in (1, 1, 2))
    for one, same, different in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(one, same)
        assert (one != different).any()


def test_starting_points_do_not_depend_on_the_point_of_the_way() -> None:
    """Every training image is met anywhere on the way: over many seeds the mean is the middle."""
    met = np.zeros(5)
    for seed in range(400):
        starts, points = draws(5, 5, seed)
        met[starts] += points / 400
    np.testing.assert_allclose(met, 0.5, atol=0.06)  # 4 standard deviations


def curved(side: int, channels: int) -> keras.Model:
    """Return a small network whose gradient changes on every way."""
    inputs = keras.Input((side, side, channels))
    x = layers.Conv2D(4, 3, padding="same", name="conv")(inputs)
    x = layers.Activation("relu", name="conv_relu")(x)
    x = layers.Dense(6, name="dense")(layers.Flatten()(x))
    x = layers.Activation("relu", name="dense_relu")(x)
    model = keras.Model(inputs, layers.Dense(3, name="logits")(x))
    random = np.random.default_rng(0)
    model.set_weights([random.normal(size=w.shape) for w in model.get_weights()])
    return model


@pytest.mark.parametrize("name", ["simple_cnn", "mobilenet_v2"])
def test_it_agrees_with_shap_at_equal_draws(name: str) -> None:
    architecture = architectures.shared(name)
    network, images, targets = architecture.network, architecture.images(2), np.array([3, 1])
    background = architecture.images(6)[2:]
    expected = shap_package.gradient_shap(network, images, targets, background, 20, seed=5)
    drawn = shap_package.draws(4, 20, seed=5)
    found = gradient_shap(network, images, targets, background, *drawn)
    scale = np.abs(expected.maps).max()
    np.testing.assert_allclose(found.maps, expected.maps, rtol=1e-4, atol=1e-4 * scale)
    for each in (found, expected):
        assert each.numbers["additivity_gap"].shape == (2,)


def test_it_agrees_with_shap_in_expectation() -> None:
    """Other draws, and many: within the error that the draws leave, and with less of it."""
    network, samples = Network(curved(6, 1)), 2000
    image, background = networks.images(1, 6, 1), networks.images(8, 6, 1, seed=4)
    target = network.logits(image).argmax(axis=1)
    expected = shap_package.gradient_shap(network, image, target, background, samples, 5).maps[0]
    drawn = [draws(8, samples // 20, seed) for seed in range(20)]
    ours = np.array([gradient_shap(network, image, target, background, *d).maps[0] for d in drawn])
    random = np.random.default_rng(0)
    plain = np.array([
        gradient_shap(
            network, image, target, background,
            random.integers(0, 8, samples // 20), random.random(samples // 20, np.float32),
        ).maps[0]
        for _ in range(20)
    ])  # fmt: skip
    error = np.hypot(plain.std(axis=0), ours.std(axis=0)) / np.sqrt(20)
    distance = np.abs(ours.mean(axis=0) - expected) / error
    assert np.abs(expected).max() > 10 * error.max()
    assert distance.max() < 4.5
    assert np.sqrt((distance**2).mean()) < 2
    # Stratified draws leave less to chance than independent ones.
    assert (ours.var(axis=0).sum() * 2) < plain.var(axis=0).sum()


def test_the_gap_shrinks_with_the_samples() -> None:
    network = Network(curved(6, 3))
    images, targets = networks.images(4, 6, 3), np.array([0, 1, 2, 1])
    background = networks.images(8, 6, 3, seed=4)
    gaps = [
        gradient_shap(network, images, targets, background, *draws(8, samples, 0))
        .numbers["additivity_gap"].mean()
        for samples in (8, 2048)
    ]  # fmt: skip
    assert gaps[0] > 0.005
    assert gaps[1] < 0.005


def test_the_gap_is_what_the_map_lacks() -> None:
    network = Network(curved(6, 1))
    image, background = networks.images(1, 6, 1), networks.images(3, 6, 1, seed=4)
    found = gradient_shap(network, image, np.array([2]), background, *draws(3, 3, 0))
    difference = (network.logits(image)[0] - network.logits(background).mean(axis=0))[2]
    expected = abs(found.maps.sum() - difference) / abs(difference)
    np.testing.assert_allclose(found.numbers["additivity_gap"], expected, rtol=1e-3)
    assert expected > 0.01
