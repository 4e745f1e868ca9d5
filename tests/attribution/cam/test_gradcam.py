"""Grad-CAM, where its answer is known."""

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.cam.gradcam import METHODS, gradcam, weighted
from heatproof.attribution.cam.hirescam import METHODS as HIRESCAM
from heatproof.attribution.core.method import UnsupportedNetwork
from heatproof.attribution.core.network import Network
from tests.attribution import networks
from tests.attribution.cells import class_activation_map

hirescam = HIRESCAM[0].explain


def test_equations_1_and_2() -> None:
    """After a global average the gradient is w / cells everywhere: all of it is known."""
    weights = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    model = networks.averaged(weights, channels=3)
    images, targets = networks.images(3, 6, 3), np.array([2, 0, 1])
    features = keras.Model(model.input, model.get_layer("conv_relu").output)(images).numpy()
    expected = np.einsum("nijk,kn->nij", features, weights[:, targets]) / 36
    assert (expected < 0).any()
    maps = class_activation_map(Network(model), images, targets, "conv_relu", weighted)
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps, np.maximum(expected, 0), rtol=1e-5, atol=1e-7)


def test_what_averaging_keeps_and_what_is_below_zero() -> None:
    """All of the gradient in front of a global average; of places that cancel, what is left."""
    weights = np.tile(np.array([1.0, -1.0], np.float32), (4, 1))
    averaged, targets = Network(networks.averaged(weights, channels=1)), np.array([0, 1])
    found = gradcam(averaged, networks.images(2, 6, 1), targets, "conv_relu")
    np.testing.assert_allclose(found.numbers["gradient_kept"], 1, rtol=1e-6)
    np.testing.assert_allclose(found.numbers["below_zero"], [0, 1])

    inputs = keras.Input((2, 2, 1))
    features = layers.Conv2D(1, 1, use_bias=False, name="conv")(inputs)
    logits = layers.Dense(2, use_bias=False, name="logits")(layers.Flatten()(features))
    model = keras.Model(inputs, logits)
    # Of class 0 the places' gradients are 3, -1, -1, -4: their mean is -3/4 of a mean size of 9/4.
    by_place = np.array([[3.0, 1.0], [-1.0, 1.0], [-1.0, 1.0], [-4.0, 1.0]])
    model.set_weights([np.ones((1, 1, 1, 1)), by_place])
    found = gradcam(Network(model), np.ones((2, 2, 2, 1), np.float32), targets, "conv")
    np.testing.assert_allclose(found.numbers["gradient_kept"], [1 / 3, 1])
    np.testing.assert_allclose(found.numbers["below_zero"], [1, 0])
    assert not found.maps[0].any() and (found.maps[1] == 1).all()
    # The same place by place: 3 above zero, 6 below.
    finer = hirescam(Network(model), np.ones((2, 2, 2, 1), np.float32), targets, layer="conv")
    np.testing.assert_allclose(finer.numbers["below_zero"], [6 / 9, 0])


def test_features_of_zero_are_below_nothing() -> None:
    detector = Network(networks.blob_detector(side=28, padding=2, pool=4))
    found = gradcam(detector, np.zeros((1, 28, 28, 1), np.float32), np.array([0]), "last")
    assert not found.maps.any() and not found.numbers["below_zero"].any()


@pytest.mark.parametrize("place", [(0, 0), (3, 9), (9, 12), (13, 13)])
def test_it_peaks_at_the_patch_that_decides(place: tuple[int, int]) -> None:
    """A filter that answers to one pattern only, and the pattern at one place."""
    pattern = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], np.float32)
    inputs = keras.Input((16, 16, 1))
    x = layers.Conv2D(1, 3, activation="relu", name="conv")(inputs)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(2, name="logits")(x))
    detector = (2 * pattern - 1)[..., None, None]
    model.set_weights([detector, np.array([-4.5]), np.array([[1.0, -1.0]]), np.zeros(2)])
    network = Network(model)
    image = np.zeros((1, 16, 16, 1), np.float32)
    image[0, place[0] : place[0] + 3, place[1] : place[1] + 3, 0] = pattern
    cam = class_activation_map(network, image, np.array([0]), "conv", weighted)[0]
    assert np.argwhere(cam > 0).tolist() == [list(place)]
    # In pixels: the window's middle, since the convolution is unpadded.
    laid_over = gradcam(network, image, np.array([0]), "conv").maps[0]
    assert laid_over[place[0] + 1, place[1] + 1] == laid_over.max() == pytest.approx(cam.max())
    # Around it the map falls linearly; only in the rim, which no window is centred on, it stays.
    rim = (laid_over == laid_over.max()).sum(axis=0).max() - 1
    assert rim == (1 if place[0] in (0, 13) else 0)
    # The other class is only spoken against.
    assert not gradcam(network, image, np.array([1]), "conv").maps.any()


@pytest.mark.parametrize("place", [(2, 2), (2, 22), (10, 14), (22, 6)])
def test_a_blob_is_found_where_it_is_in_a_padded_network(place: tuple[int, int]) -> None:
    """28x28 in 32x32: the centre of mass of the map is the blob's, to a hundredth of a pixel."""
    network = Network(networks.blob_detector(side=28, padding=2, pool=4))
    image = np.zeros((1, 28, 28, 1), np.float32)
    image[0, place[0] : place[0] + 4, place[1] : place[1] + 4] = 1
    found = gradcam(network, image, np.array([0]), "last").maps[0]
    assert found.shape == (28, 28)
    rows, columns = np.indices(found.shape)
    middle = [(found * axis).sum() / found.sum() for axis in (rows, columns)]
    np.testing.assert_allclose(middle, np.array(place) + 1.5, atol=0.01)


@pytest.mark.parametrize("corner", [(0, 0), (0, 26), (26, 0), (26, 26)])
def test_a_blob_in_the_corner_of_a_padded_network(corner: tuple[int, int]) -> None:
    """Pixels 0 and 1 lie in the padded field's first cell, half of which is not image."""
    network = Network(networks.blob_detector(side=28, padding=2, pool=4))
    image = np.zeros((1, 28, 28, 1), np.float32)
    image[0, corner[0] : corner[0] + 2, corner[1] : corner[1] + 2] = 1
    found = gradcam(network, image, np.array([0]), "last").maps[0]
    assert np.unravel_index(found.argmax(), found.shape) == tuple(27 * (c > 0) for c in corner)
    # The first cell's middle is half a pixel outside: the map falls to nothing at the next one's.
    assert (found > 0).sum() == 16


def test_a_network_without_feature_maps_is_not_supported() -> None:
    image = keras.Input((4, 4, 1))
    network = Network(keras.Model(image, layers.Dense(3)(layers.Flatten()(image))))
    image, (method,) = np.zeros((1, 4, 4, 1), np.float32), METHODS
    with pytest.raises(UnsupportedNetwork, match="no convolution of this network"):
        method.explain(network, image, np.zeros(1, np.int64), layer="last_conv")
