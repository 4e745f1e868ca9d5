"""Agreement with tf-keras-vis, which explains the network as it was trained, nothing folded."""

import warnings

import keras
import numpy as np
import pytest

from heatproof.attribution.cam.gradcam import weighted
from heatproof.attribution.gradients.saliency import saliency
from tests.attribution.architectures import Architecture
from tests.attribution.cells import class_activation_map

with warnings.catch_warnings():
    # It imports SciPy's `zoom` by its old name.
    warnings.simplefilter("ignore", DeprecationWarning)
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.utils.scores import CategoricalScore


def listed(model: keras.Model) -> keras.Model:
    """The library passes lists; a network that expects one tensor warns of them each time."""
    return keras.Model(model.inputs, model.outputs)


def assert_agrees(found: np.ndarray, expected: np.ndarray) -> None:
    """To 1e-4 of each value, or to 1e-5 of the map's largest value."""
    shown = expected.any(axis=(1, 2))
    assert shown.sum() >= 2  # a class activation map of a class spoken against is zero
    assert not found[~shown].any()
    largest = np.abs(expected[shown]).max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found[shown] / largest, expected[shown] / largest, 1e-4, 1e-5)


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.filterwarnings("ignore:The structure of `inputs`")
def test_gradcam(architecture: Architecture) -> None:
    """At the feature maps' own size: the library's resize knows nothing of padding."""
    images, layer = architecture.images(5), architecture.layer
    targets = architecture.likely(images)
    visualisation = Gradcam(listed(architecture.model), model_modifier=None, clone=False)
    theirs = visualisation(
        CategoricalScore(targets.tolist()),
        images,
        penultimate_layer=layer,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    ours = class_activation_map(architecture.network, images, targets, layer, weighted)
    assert_agrees(ours, np.asarray(theirs))


@pytest.mark.filterwarnings("ignore:The structure of `inputs`")
def test_saliency(architecture: Architecture) -> None:
    images, targets = architecture.images(), architecture.targets()
    visualisation = Saliency(listed(architecture.model), model_modifier=None, clone=False)
    score = CategoricalScore(targets.tolist())
    theirs = np.asarray(visualisation(score, images, normalize_map=False))
    assert_agrees(saliency(architecture.network, images, targets).maps, theirs)
