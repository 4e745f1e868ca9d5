"""HiResCAM: each place of each feature map times its own gradient (Draelos & Carin 2020).

https://arxiv.org/abs/2011.08891, equation 2. Unlike Grad-CAM it does not average the gradient over
a channel's places, so where the network ends in a linear layer on these feature maps, what the
places contribute, of either sign, sums exactly to the logit less its bias. Where it ends in a
global average, the gradient is the same at every place, and the map is Grad-CAM's. As with the
other class activation maps, what is below zero is not shown.
"""

from typing import Any

from heatproof.attribution.cam import cam


def weighted(features: Any, gradients: Any) -> Any:
    """Weigh each place of each channel by its gradient, and sum the channels (equation 2)."""
    import tensorflow as tf

    return tf.reduce_sum(gradients * features, axis=-1)


def measured(_gradients: Any, total: Any) -> tuple[Any]:
    """Return the share that is below zero."""
    return (cam.cut_off(total),)


METHODS = (
    cam.method(
        name="hirescam",
        label="HiResCAM",
        weighting=weighted,
        own=measured,
        numbers={"below_zero": cam.CUT_OFF},
        shows="which places of the last convolutional layer's feature maps raise the class score, "
        "each by as much as it contributes where that layer is read linearly",
        reference="Draelos & Carin 2020",
        address="arXiv:2011.08891",
        definition="The sum over the layer’s feature maps of each place’s value times the logit’s "
        "gradient there; its positive part.",
        equation="M = max(0, Σ_k ∂S/∂A^k ⊙ A^k) (eq. 2)",
        deviations="The positive part, as of the other class activation maps: the paper’s "
        "equation keeps negative values. Places of the feature map are put where their receptive "
        "fields are; programs stretch the map over the image.",
    ),
)
