"""Saliency: how strongly the logit reacts to each pixel (Simonyan et al. 2013).

https://arxiv.org/abs/1312.6034, section 3.1.
"""

from typing import Any

import numpy as np

from heatproof.attribution.core.method import (
    PER_BRIGHTNESS,
    Attribution,
    EngineOptions,
    Library,
    Method,
)
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.smooth import Forward, gradients
from heatproof.attribution.libraries import tf_keras_vis


def saliency(network: Network, images: np.ndarray, targets: np.ndarray) -> Attribution:
    """Attribute each target logit to pixels: the gradient's magnitude, largest of the channels."""
    return Attribution(np.abs(network.score_gradients(images, targets)).max(axis=-1))


def tensor_map(_network: Network, forward: Forward, batch: Any, targets: Any) -> Any:
    """Compute the map within TensorFlow (n, height, width)."""
    import tensorflow as tf

    return tf.reduce_max(tf.abs(gradients(forward, batch, targets)), axis=-1)


METHODS = (
    Method(
        name="saliency",
        label="Saliency",
        family="gradients",
        needs="gradients",
        shows="how strongly the class score responds to a small change of each pixel (the "
        "gradient’s magnitude): where the score is sensitive, not whether a pixel counts for or "
        "against the class",
        reference="Simonyan et al. 2013",
        address="arXiv:1312.6034",
        definition="The magnitude of the logit’s gradient at each pixel, of the colour channels "
        "the largest.",
        equation="M = max_c |∂S/∂x_c|",
        deviations="None.",
        options=EngineOptions,
        explain=saliency,
        tensor_map=tensor_map,
        library=Library(tf_keras_vis.PACKAGE, tf_keras_vis.saliency),
        unit=PER_BRIGHTNESS,
        signed=False,
    ),
)
