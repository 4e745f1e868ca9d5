"""Agreement with tf-keras-vis, which explains the network as it was trained, nothing folded."""

import warnings

import keras
import numpy as np
import pytest

from heatproof.attribution.cam.gradcam import weighted as by_channel
from heatproof.attribution.cam.gradcam_plus_plus import weighted as by_alphas
from heatproof.attribution.gradients.saliency import saliency
from tests.attribution.architectures import Architecture
from tests.attribution.cells import class_activation_map

with warnings.catch_warnings():
    # It imports SciPy's `zoom` by its old name.
    warnings.simplefilter("ignore", DeprecationWarning)
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.utils.scores import CategoricalScore


def listed(model: keras.Model) -> keras.Model:
    """The library passes lists; a network that expects one tensor warns of them each time."""
    return keras.Model(model.inputs, model.outputs)


def assert_agrees(found: np.ndarray, expected: np.ndarray, remainder: float = 1e-5) -> None:
    """To 1e-4 of each value, or to `remainder` of the map's largest value."""
    shown = expected.any(axis=(1, 2))
    assert shown.sum() >= 2  # a class activation map of a class spoken against is zero
    assert not found[~shown].any()
    largest = np.abs(expected[shown]).max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found[shown] / largest, expected[shown] / largest, 1e-4, remainder)


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.filterwarnings("ignore:The structure of `inputs`")
def test_class_activation_maps(architecture: Architecture) -> None:
    """At the feature maps' own size: the library's resize knows nothing of padding."""
    images, layer = architecture.images(5), architecture.layer
    targets = architecture.likely(images)
    logits = architecture.model(images, training=False).numpy()[np.arange(5), targets]
    score, model = CategoricalScore(targets.tolist()), listed(architecture.model)
    options = {
        "penultimate_layer": layer,
        "seek_penultimate_conv_layer": False,
        "expand_cam": False,
        "normalize_cam": False,
    }
    for library, weighting, factor, remainder in (
        (Gradcam, by_channel, np.ones(5), 1e-5),
        # The factor is left out here. Where an alpha's divisor almost vanishes, rounding shows.
        (GradcamPlusPlus, by_alphas, np.exp(logits), 1e-4),
    ):
        visualisation = library(model, model_modifier=None, clone=False)
        theirs = np.asarray(visualisation(score, images, **options))
        ours = class_activation_map(architecture.network, images, targets, layer, weighting)
        assert_agrees(ours, theirs / factor[:, None, None], remainder)


@pytest.mark.filterwarnings("ignore:The structure of `inputs`")
def test_saliency(architecture: Architecture) -> None:
    images, targets = architecture.images(), architecture.targets()
    visualisation = Saliency(listed(architecture.model), model_modifier=None, clone=False)
    score = CategoricalScore(targets.tolist())
    theirs = np.asarray(visualisation(score, images, normalize_map=False))
    assert_agrees(saliency(architecture.network, images, targets).maps, theirs)
