"""Random weights as measures: noisy copies averaged, a curve over steps, means over layers."""

import keras
import numpy as np
import pytest

from heatproof.trust.measures.randomisation import averaged, curve, smooth
from heatproof.trust.random_weights import Step, cascade


def test_noisy_copies_are_averaged_with_their_signs() -> None:
    images = np.zeros((3, 4, 5, 1), np.float32)
    images[1] = 0.5
    seen = []

    def explain(given: np.ndarray) -> dict[str, np.ndarray]:
        seen.append(given - images)
        sign = (-1) ** len(seen)
        return {"image": given[..., 0], "slow": np.full((2, 4, 5), sign + 0.25)}

    maps = averaged(explain, images, samples=4, noise=0.1, seed=0)
    np.testing.assert_allclose(maps["slow"], np.full((2, 4, 5), 0.25))
    draws = np.stack(seen)
    assert 0.08 < draws.std() < 0.12
    np.testing.assert_allclose(maps["image"], (images + draws.mean(axis=0))[..., 0], atol=1e-6)
    np.testing.assert_allclose(draws[:, 0], draws[:, 1], atol=1e-6)  # the same for every image
    assert not np.allclose(draws[0], draws[1])
    assert images.max() == 0.5


def test_smoothing_finds_the_map_under_the_noise() -> None:
    """A map of the image alone, buried in what noise adds: unlike itself until it is averaged."""
    inputs = keras.Input((8, 8, 2))
    x = keras.layers.Conv2D(4, 3, name="conv")(inputs)
    network = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    before = network.get_weights()
    images = np.random.default_rng(0).random((3, 8, 8, 2)).astype(np.float32)
    networks: dict[int, keras.Model] = {}  # by identity, and kept, or one would have another's
    kernels: dict[int, np.ndarray] = {}

    def explain(changed: keras.Model, given: np.ndarray) -> dict[str, np.ndarray]:
        if id(changed) not in networks:
            networks[id(changed)] = changed
            kernels[id(changed)] = changed.get_layer("conv").get_weights()[0].ravel()[:64]
        other = 1e-3 * (changed is network)  # the two networks' noise is not the same
        shattered = np.random.default_rng(int(abs(given.sum() + other) * 1e4)).normal(
            size=given.shape[:3]
        )
        kernel = kernels[id(changed)].reshape(8, 8)
        return {"edges": images[..., 0] + 3 * shattered, "filters": kernel + 0 * shattered}

    rough = smooth(network, images, explain, samples=1, noise=0.1, seed=4)
    fine = smooth(network, images, explain, samples=2000, noise=0.1, seed=4)
    assert rough["edges"]["spearman"].mean() < 0.4
    assert (fine["edges"]["spearman"] > 0.9).all()
    assert (fine["filters"]["spearman"] < 0.9).all()
    assert networks.pop(id(network)) is network
    for one, other in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)

    def fully(changed: keras.Model) -> dict[str, np.ndarray]:
        for random in networks.values():
            for one, other in zip(random.get_weights(), changed.get_weights(), strict=True):
                np.testing.assert_array_equal(one, other)  # as at the end of the cascade
        return {}

    cascade(network, {}, fully, seed=4, steps=1)


def test_a_curve_has_the_mean_after_each_step() -> None:
    similar = {"a": {"spearman": np.array([0.2, np.nan, 0.4]), "ssim": np.array([1.0, 1.0, 0.7])}}
    steps = [Step(("logits",), similar, {}), Step(("logits", "conv"), similar, {})]
    first, second = curve(steps)
    assert (first["layers"], first["layer"]) == (1, "logits")
    assert (second["layers"], second["layer"]) == (2, "conv")
    assert second["spearman"] == {"a": pytest.approx(0.3)}
    assert second["ssim"] == {"a": pytest.approx(0.9)}
