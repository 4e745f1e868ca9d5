"""Gradient × input: what each pixel adds, were the network linear (Shrikumar et al. 2016).

https://arxiv.org/abs/1605.01713, section 1.
"""

from typing import Any

import numpy as np

from heatproof.attribution.core.method import Attribution, Method
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.smooth import Forward, gradients


def gradient_times_input(network: Network, images: np.ndarray, targets: np.ndarray) -> Attribution:
    """Attribute each target logit to pixels: summed over the colour channels."""
    return Attribution((network.score_gradients(images, targets) * images).sum(axis=-1))


def tensor_map(_network: Network, forward: Forward, batch: Any, targets: Any) -> Any:
    """Compute the map within TensorFlow (n, height, width)."""
    import tensorflow as tf

    return tf.reduce_sum(gradients(forward, batch, targets) * batch, axis=-1)


METHODS = (
    Method(
        name="gradient_times_input",
        label="Gradient × input",
        family="gradients",
        needs="gradients",
        shows="the gradient times the pixel’s value: what a pixel would contribute if the network "
        "were linear; a black pixel always gets zero",
        reference="Shrikumar et al. 2016",
        address="arXiv:1605.01713",
        definition="The logit’s gradient at each pixel times the pixel’s value in [0, 1], summed "
        "over the colour channels.",
        equation="M = Σ_c x_c · ∂S/∂x_c",
        deviations="The sum over the channels: the paper leaves them apart. The value is "
        "the pixel’s own, 0 for black, and not the normalised one that the network sees.",
        explain=gradient_times_input,
        tensor_map=tensor_map,
    ),
)
