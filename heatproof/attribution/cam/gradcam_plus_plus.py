"""Grad-CAM++: Grad-CAM that counts each place, so that several objects of a class all show.

Chattopadhyay et al. 2018, https://arxiv.org/abs/1710.11063, equations 5 and 19. The paper takes the
class score to be Y = exp(S) of the logit S, whose derivatives at a feature map A are exp(S) g,
exp(S) g² and exp(S) g³ with g = dS/dA (a network of ReLUs has no second derivative of its own).
In the coefficients (eq. 19) exp(S) cancels. In the weights (eq. 5) it stays as one factor of the
whole map, and is left out here: it would overflow for a large logit, and make the maps of two
images incomparable, without moving anything within a map. What is computed is therefore, for each
channel k and each place ij,

    alpha_ij = g_ij² / (2 g_ij² + g_ij³ sum_ab A_ab),  0 where g_ij is 0,
    w_k = sum_ij alpha_ij relu(g_ij) / sum_ij alpha_ij,
    map = relu(sum_k w_k A_k).

Dividing by the sum of a channel's alphas is not in the paper but in its authors' program and in
tf-keras-vis, whose maps these are, divided by exp(S).
"""

from typing import Any

from heatproof.attribution.cam import cam


def weighted(features: Any, gradients: Any) -> Any:
    """Weigh each channel by the mean of its positive gradients that the alphas give."""
    import tensorflow as tf

    total = tf.reduce_sum(features, axis=(1, 2), keepdims=True)
    # eq. 19, its fraction reduced by g²
    alphas = tf.math.divide_no_nan(tf.cast(gradients != 0, gradients.dtype), 2 + gradients * total)
    weights = tf.math.divide_no_nan(  # eq. 5
        tf.reduce_sum(alphas * tf.nn.relu(gradients), axis=(1, 2)),
        tf.reduce_sum(alphas, axis=(1, 2)),
    )
    return tf.einsum("nijk,nk->nij", features, weights)


METHODS = (
    cam.method(
        name="gradcam_plus_plus",
        label="Grad-CAM++",
        weighting=weighted,
        shows="as Grad-CAM, with a weight for every place of a feature map, so that several small "
        "objects of the class can show and not only the largest",
        reference="Chattopadhyay et al. 2018",
        address="arXiv:1710.11063",
    ),
)
