"""Grad-CAM: where the last feature maps raise the logit (Selvaraju et al. 2017).

https://arxiv.org/abs/1610.02391, equations 1 and 2.
"""

from functools import partial
from typing import Any

from heatproof.attribution.cam import cam
from heatproof.attribution.core.method import Library, Number
from heatproof.attribution.libraries import tf_keras_vis


def weighted(features: Any, gradients: Any) -> Any:
    """Weigh each channel by the mean of its gradient (eq. 1), and sum the channels (eq. 2)."""
    import tensorflow as tf

    weights = tf.reduce_mean(gradients, axis=(1, 2))  # eq. 1
    return tf.einsum("nijk,nk->nij", features, weights)  # eq. 2, before its ReLU


def measured(gradients: Any, total: Any) -> tuple[Any, Any]:
    """Return the share that is below zero, and how much of the gradient its mean (eq. 1) keeps.

    Kept is 1 where the gradient is the same at every place, as in front of a global average, and
    near 0 where places of different sign cancel, as in front of a dense layer that has weights of
    its own for every place: what is left is then close to chance, and often negative everywhere.
    """
    import tensorflow as tf

    mean = tf.reduce_sum(tf.abs(tf.reduce_mean(gradients, axis=(1, 2))), axis=-1)
    size = tf.reduce_sum(tf.reduce_mean(tf.abs(gradients), axis=(1, 2)), axis=-1)
    return cam.cut_off(total), tf.math.divide_no_nan(mean, size)


NUMBERS = {
    "below_zero": cam.CUT_OFF,
    "gradient_kept": Number(
        label="gradient kept by averaging",
        meaning="how much of the logit’s gradient is left after averaging over places: "
        "100 % where it is the same everywhere, as in front of a global average; near 0 "
        "where places cancel, so that one weight for a whole feature map says little",
    ),
}

# (network, images, targets, layer) -> Attribution of maps that are not negative.
gradcam = partial(cam.explain, weighting=weighted, own=measured, named=tuple(NUMBERS))

METHODS = (
    cam.method(
        name="gradcam",
        label="Grad-CAM",
        weighting=weighted,
        own=measured,
        numbers=NUMBERS,
        library=Library(tf_keras_vis.PACKAGE, tf_keras_vis.gradcam),
        shows="which regions of the last convolutional layer raise the class score; that layer is "
        "coarse, so its map is interpolated to the image’s size and blurry",
        reference="Selvaraju et al. 2017",
        address="arXiv:1610.02391",
        definition="The sum of the layer’s feature maps A^k, each weighted by the mean of the "
        "logit’s gradient over its places; its positive part.",
        equation="w_k = 1/Z Σ_ij ∂S/∂A^k_ij (eq. 1); M = max(0, Σ_k w_k A^k) (eq. 2)",
        deviations="Places of the feature map are put where their receptive fields are; programs "
        "stretch the map over the image.",
    ),
)
