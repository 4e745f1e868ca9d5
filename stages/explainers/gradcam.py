"""Grad-CAM: where the last feature maps raise the logit (Selvaraju et al. 2017).

https://arxiv.org/abs/1610.02391, equations 1 and 2.
"""

import warnings
from typing import TYPE_CHECKING

import numpy as np

from stages.explainers.batches import in_batches
from stages.explainers.geometry import feature_axes, upsample
from stages.explainers.scores import target_logit

if TYPE_CHECKING:
    import keras


def gradcam(
    model: "keras.Model", images: np.ndarray, targets: np.ndarray, layer: str
) -> np.ndarray:
    """Attribute each target logit to regions of the image.

    Args:
        model: a flat functional network with logits.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.
        layer: the name of the layer whose feature maps are weighed.

    Returns:
        float32 (n, height, width), not negative. Every value lies within the range of
        `class_activation_map`, laid over the image as `geometry` describes.
    """
    maps = class_activation_map(model, images, targets, layer)
    return upsample(maps, feature_axes(model, layer), images.shape[1:3])


def class_activation_map(
    model: "keras.Model", images: np.ndarray, targets: np.ndarray, layer: str
) -> np.ndarray:
    """Return Grad-CAM at the feature map's own size, float32 (n, rows, columns), not negative.

    A channel's weight is the mean of the logit's gradient over the feature map (eq. 1); the map is
    the weighted sum of the channels, negative values set to zero (eq. 2).
    """
    import tensorflow as tf

    with warnings.catch_warnings():
        # tf-keras-vis imports SciPy's `zoom` by its old name; it is not used here.
        warnings.simplefilter("ignore", DeprecationWarning)
        from tf_keras_vis.gradcam import Gradcam

    visualisation = Gradcam(model, model_modifier=None, clone=False)
    features = model.get_layer(layer)

    def attribute(batch: np.ndarray, batch_targets: np.ndarray) -> np.ndarray:
        return visualisation(
            target_logit(batch_targets),
            batch,
            penultimate_layer=features,
            seek_penultimate_conv_layer=False,
            # Its own resize knows nothing of the padding inside the network.
            expand_cam=False,
            normalize_cam=False,
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )

    return in_batches(attribute, images, targets, features.output.shape[1:3])
