"""Saliency: how strongly the logit reacts to each pixel (Simonyan et al. 2013).

https://arxiv.org/abs/1312.6034, section 3.1.
"""

from typing import TYPE_CHECKING

import numpy as np

from stages.explainers.batches import in_batches
from stages.explainers.scores import target_logit

if TYPE_CHECKING:
    import keras


def saliency(model: "keras.Model", images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Attribute each target logit to pixels: the gradient's magnitude, the largest of the channels.

    Args:
        model: a flat functional network with logits.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.

    Returns:
        float32 (n, height, width), not negative: change of the logit per unit of the pixel.
    """
    import keras
    import tensorflow as tf
    from tf_keras_vis.saliency import Saliency

    # The library passes lists; a network that expects one tensor warns of them each time.
    listed = keras.Model(model.inputs, model.outputs)
    visualisation = Saliency(listed, model_modifier=None, clone=False)

    def attribute(batch: np.ndarray, batch_targets: np.ndarray) -> np.ndarray:
        return visualisation(
            target_logit(batch_targets),
            batch,
            normalize_map=False,
            # A logit that depends on no pixel has a gradient, and it is zero.
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )

    return in_batches(attribute, images, targets, images.shape[1:3])
