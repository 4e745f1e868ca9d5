"""Agreement with tf-keras-vis, which explains the network as it was trained, nothing folded."""

import numpy as np
import pytest

from heatproof.attribution.cam.gradcam import weighted
from heatproof.attribution.core.network import Network
from heatproof.attribution.gradients.saliency import saliency
from heatproof.attribution.libraries import tf_keras_vis
from tests.attribution import architectures, networks
from tests.attribution.architectures import Architecture
from tests.attribution.cells import class_activation_map


def assert_agrees(found: np.ndarray, expected: np.ndarray) -> None:
    """To 1e-4 of each value, or to 1e-5 of the map's largest value."""
    shown = expected.any(axis=(1, 2))
    assert shown.sum() >= 2  # a class activation map of a class spoken against is zero
    assert not found[~shown].any()
    largest = np.abs(expected[shown]).max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found[shown] / largest, expected[shown] / largest, 1e-4, 1e-5)


@pytest.mark.usefixtures("uncompiled")
def test_gradcam(architecture: Architecture) -> None:
    """At the feature maps' own size: the library's resize knows nothing of padding."""
    network, images, layer = architecture.network, architecture.images(5), architecture.layer
    targets = architecture.likely(images)
    theirs = tf_keras_vis.class_activation_maps(
        "gradcam", "Gradcam", network, images, targets, layer, expand_cam=False
    )
    assert_agrees(class_activation_map(network, images, targets, layer, weighted), theirs)


@pytest.mark.parametrize("name", ["simple_cnn", "mobilenet_v2"])
def test_saliency(name: str) -> None:
    architecture = architectures.shared(name)
    network, images, targets = architecture.network, architecture.images(), architecture.targets()
    theirs = tf_keras_vis.saliency(network, images, targets).maps
    assert_agrees(saliency(network, images, targets).maps, theirs)


def test_signed_smoothgrad_of_a_linear_network_is_its_largest_weight() -> None:
    """Of the channels; an image of one colour, which the library gives no noise, has no map."""
    weights = np.random.default_rng(0).normal(size=(5, 7, 3, 4)).astype(np.float32)
    images = np.random.default_rng(1).random((3, 5, 7, 3)).astype(np.float32)
    images[2] = 0.5
    targets = np.array([2, 0, 3])
    network = Network(networks.linear(weights))
    found = tf_keras_vis.signed_smoothgrad(network, images, targets, 2, 0.1, 0)
    expected = np.abs(weights[..., targets]).max(axis=2).transpose(2, 0, 1)
    np.testing.assert_allclose(found[:2], expected[:2], rtol=1e-5)
    assert np.isnan(found[2]).all()
