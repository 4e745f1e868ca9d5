"""Score-CAM, where its weights can be worked out on paper."""

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.cam.score_cam import most_varying, scaled, score_cam, softmax
from heatproof.attribution.core.network import Network
from tests.attribution import networks, passes


def two_filters(weights: np.ndarray) -> keras.Model:
    """Return a network of 1×1 filters on two channels, each of one, and the sums of both maps."""
    inputs = keras.Input((4, 4, 2))
    x = layers.Conv2D(2, 1, name="conv")(inputs)
    x = layers.Activation("relu", name="conv_relu")(x)
    model = keras.Model(inputs, layers.Dense(2, name="logits")(layers.GlobalAveragePooling2D()(x)))
    eye = np.eye(2).reshape(1, 1, 2, 2)
    model.set_weights([eye, np.zeros(2), weights, np.zeros(2)])
    return model


def test_weights_are_a_softmax_of_the_logits_behind_each_map() -> None:
    """Maps are the image's channels; behind each the logits are means of products of channels."""
    weights = np.array([[3.0, -1.0], [1.0, 2.0]])
    image = np.random.default_rng(0).random((1, 4, 4, 2)).astype(np.float32)
    targets = np.array([0, 1])
    found = score_cam(Network(two_filters(weights)), image[[0, 0]], targets, "conv_relu", 100)
    low, high = image[0].min(axis=(0, 1)), image[0].max(axis=(0, 1))
    masks = (image[0] - low) / (high - low)
    behind = np.stack([(image[0] * masks[..., k : k + 1]).mean(axis=(0, 1)) for k in range(2)])
    alphas = softmax(behind @ weights)
    assert found.layer == "conv_relu" and found.maps.dtype == np.float32
    for row, target in enumerate(targets):
        np.testing.assert_allclose(found.maps[row], image[0] @ alphas[:, target], rtol=1e-5)
    assert np.abs(found.maps[0] - found.maps[1]).max() > 1e-3


def test_two_targets_of_an_image_share_its_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(networks.averaged(np.random.default_rng(2).normal(size=(5, 2)), side=8))
    images, counted = networks.images(2, 8, 1), passes.count(monkeypatch, network)
    maps = score_cam(network, images[[0, 1, 0]], np.array([0, 0, 1]), "last_conv", 3).maps
    assert sum(counted) == 2 + 2 * 3, "the feature maps, and three of five channels"
    alone = score_cam(network, images[:1], np.array([1]), "last_conv", 3).maps
    np.testing.assert_allclose(maps[2], alone[0], rtol=1e-5)
    assert (maps >= 0).all() and maps.any()


def test_a_channel_that_is_constant_shows_nothing() -> None:
    masks = np.stack([np.full((2, 2), 0.7), np.array([[0.0, 2.0], [1.0, 4.0]])])
    np.testing.assert_array_equal(scaled(masks)[0], 0)
    np.testing.assert_array_equal(scaled(masks)[1], masks[1] / 4)


def test_the_channels_that_vary_most_are_kept_in_their_order() -> None:
    features = np.random.default_rng(0).random((3, 3, 4)) * np.array([1.0, 9.0, 0.1, 5.0])
    np.testing.assert_array_equal(most_varying(features, 2), features[..., [1, 3]])
    assert most_varying(features, 4) is features
