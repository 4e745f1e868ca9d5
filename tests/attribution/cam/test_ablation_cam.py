"""Ablation-CAM, where its answer is known."""

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.cam.ablation_cam import ablation_cam, lost_without_each
from heatproof.attribution.core.network import Network
from tests.attribution import networks, passes


def test_after_a_global_average_what_is_lost_is_the_weighted_mean() -> None:
    """S = Σ_k w_k mean(A^k): without channel k it falls by w_k mean(A^k)."""
    weights = np.random.default_rng(2).normal(size=(5, 2))
    network = Network(networks.averaged(weights))
    image = networks.images(1, 6, 1)
    features, lost = lost_without_each(network, image[0], "conv_relu")
    means = features.mean(axis=(0, 1))
    np.testing.assert_allclose(lost, means[:, None] * weights, rtol=1e-4, atol=1e-5)
    found = ablation_cam(network, image[[0, 0]], np.array([1, 0]), "conv_relu")
    for row, target in enumerate((1, 0)):
        total = features @ (means * weights[:, target])
        np.testing.assert_allclose(found.maps[row], np.maximum(total, 0), rtol=1e-3, atol=1e-5)
        share = np.maximum(-total, 0).sum() / np.abs(total).sum()
        assert found.numbers["below_zero"][row] == pytest.approx(share, rel=1e-3)
    assert found.layer == "conv_relu"


def test_a_branch_that_passes_the_layer_by_stays_as_it_is() -> None:
    """S = w (a + skip): without the only channel of `a` the skip is what is left."""
    inputs = keras.Input((4, 4, 1))
    x = layers.Conv2D(1, 1, name="first")(inputs)
    y = layers.Conv2D(1, 1, name="second")(x)
    x = layers.GlobalAveragePooling2D()(layers.Add(name="sum")([x, y]))
    model = keras.Model(inputs, layers.Dense(1, name="logits")(x))
    two, three, read = np.full((1, 1, 1, 1), 2.0), np.full((1, 1, 1, 1), 3.0), np.full((1, 1), 0.5)
    none = np.zeros(1)
    model.set_weights([two, none, three, none, read, none])
    image = networks.images(1, 4, 1)
    features, lost = lost_without_each(Network(model), image[0], "second")
    np.testing.assert_allclose(features, 6 * image[0], rtol=1e-5)
    np.testing.assert_allclose(lost, [[0.5 * 6 * image.mean()]], rtol=1e-5)


def test_two_targets_of_an_image_share_its_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(networks.averaged(np.random.default_rng(2).normal(size=(5, 2))))
    images, counted = networks.images(2, 6, 1), passes.count(monkeypatch, network)
    ablation_cam(network, images[[0, 1, 0]], np.array([0, 0, 1]), "last_conv")
    assert sum(counted) == 2 + 2 * 5
