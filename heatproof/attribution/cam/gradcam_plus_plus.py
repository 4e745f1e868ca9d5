"""Grad-CAM++: Grad-CAM that counts each place, so that several objects of a class all show.

Chattopadhyay et al. 2018, https://arxiv.org/abs/1710.11063, equations 5 and 19. The paper takes the
class score to be Y = exp(S) of the logit S, whose derivatives at a feature map A are exp(S) g,
exp(S) g² and exp(S) g³ with g = dS/dA (a network of ReLUs has no second derivative of its own).
In the coefficients (eq. 19) exp(S) cancels. In the weights (eq. 5) it stays as one factor of the
whole map, and is left out here: it would overflow for a large logit, and make the maps of two
images incomparable, without moving anything within a map. What is computed is therefore, for each
channel k and each place ij,

    alpha_ij = g_ij² / (2 g_ij² + g_ij³ sum_ab A_ab),
    w_k = sum_ij alpha_ij relu(g_ij),
    map = relu(sum_k w_k A_k).

Where g is positive and A is not negative, as behind a ReLU, alpha is within (0, 1/2]; elsewhere
relu(g) is 0. Behind a layer normalisation, as in a transformer, the sum of A may be negative and
2 + g sum A near zero: there single precision is all that is left of alpha. Programs differ:

- pytorch-grad-cam is the same, but adds 1e-6 to alpha's denominator, which makes the weights of
  gradients below about 1e-3 smaller.
- The authors' program (adityac94/Grad_CAM_plus_plus) and tf-keras-vis after it divide w_k by the
  sum of alpha over the channel, with the alphas of negative gradients, whose denominators may be
  near zero or negative. So may be the sum: on a trained baseline_cnn it was negative in 39 % of the
  channels, weights reached 53 times the gradient, and maps were noise.
"""

from typing import Any

from heatproof.attribution.cam import cam


def weighted(features: Any, gradients: Any) -> Any:
    """Weigh each channel by the sum of its positive gradients times their alphas."""
    import tensorflow as tf

    total = tf.reduce_sum(features, axis=(1, 2), keepdims=True)
    positive = tf.nn.relu(gradients)
    # alpha relu(g) of eq. 5, with alpha of eq. 19 reduced by g²: 1 / (2 + g sum A)
    weights = tf.reduce_sum(tf.math.divide_no_nan(positive, 2 + positive * total), axis=(1, 2))
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
        definition="The sum of the layer’s feature maps A^k, each weighted by the sum of the "
        "gradient’s positive part over its places, these weighted by α, for a class score Y = "
        "exp(S); its positive part.",
        equation="α_ij = g_ij² / (2 g_ij² + g_ij³ Σ_ab A^k_ab) (eq. 19), g = ∂S/∂A^k; w_k = Σ_ij "
        "α_ij max(0, g_ij) (eq. 5); M = max(0, Σ_k w_k A^k)",
        deviations="The factor exp(S), the same for the whole map, is left out, as in "
        "pytorch-grad-cam, which also adds 10⁻⁶ to the denominator of α. The authors’ program and "
        "tf-keras-vis divide w_k by the sum of all α of the channel, which may be near zero or "
        "negative. Places of the feature map are put where their receptive fields are; programs "
        "stretch the map over the image.",
    ),
)
