"""Grad-CAM: where the last feature maps raise the logit (Selvaraju et al. 2017).

https://arxiv.org/abs/1610.02391, equations 1 and 2.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.cam import cam
from heatproof.attribution.core.method import Attribution

if TYPE_CHECKING:
    from heatproof.attribution.core.network import Network


def gradcam(network: "Network", images: np.ndarray, targets: np.ndarray, layer: str) -> Attribution:
    """Attribute each target logit to regions of the image.

    Args:
        network: the network to explain.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.
        layer: the name of the layer whose feature maps are weighed.

    Returns:
        maps float32 (n, height, width), not negative.
    """
    return cam.explain(network, images, targets, layer, weighted)


def weighted(features: Any, gradients: Any) -> Any:
    """Weigh each channel by the mean of its gradient (eq. 1), and sum the channels (eq. 2)."""
    import tensorflow as tf

    weights = tf.reduce_mean(gradients, axis=(1, 2))  # eq. 1
    return tf.einsum("nijk,nk->nij", features, weights)  # eq. 2, before its ReLU
