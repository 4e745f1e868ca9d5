"""Gradients at noisy copies of the image: what SmoothGrad and VarGrad have in common.

The noise is drawn from the seed alone, so every image gets the same. Its standard deviation is a
share of the range that pixels can have, [0, 1]. The papers take it of the range that the image's
own pixels have, which leaves an image of one colour without noise. Noisy pixels may leave [0, 1].
"""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.core.copies import gradients_at, slices

if TYPE_CHECKING:
    from heatproof.attribution.core.network import Network


def moments(
    network: "Network",
    images: np.ndarray,
    targets: np.ndarray,
    samples: int,
    noise: float,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance over the samples of d logit[target] / d image.

    Args:
        network: the network to explain.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.
        samples: noisy copies of each image.
        noise: standard deviation of what is added to each value.
        seed: of the noise.

    Returns:
        two float64 arrays like `images`: the mean of the signed gradients, and their variance (the
        mean square distance from it).
    """
    import tensorflow as tf

    def function(draws: Any, batch: Any, batch_targets: Any) -> tuple[Any, Any]:
        gradients = gradients_at(network, batch[None] + draws[:, None], batch_targets)
        mean = tf.reduce_mean(gradients, axis=0)
        return mean, tf.reduce_sum(tf.square(gradients - mean), axis=0)

    compiled = network.compiled("noisy_gradients", function)
    random = np.random.default_rng(seed)
    mean, squares, before = np.zeros(images.shape), np.zeros(images.shape), 0
    for part, size in slices(network, samples):
        count = part.stop - part.start
        draws = noise * random.standard_normal((count, *network.image_shape), np.float32)
        part_mean, part_squares = network.in_batches(
            partial(compiled, tf.constant(draws)), images, targets, size=size
        )
        # Chan et al. 1979, eq. 2.1: squares of distances from a mean can be joined, where a
        # difference of two sums of squares would lose its digits.
        distance, total = part_mean - mean, before + count
        mean += distance * (count / total)
        squares += part_squares + distance**2 * (before * count / total)
        before = total
    return mean, squares / samples
