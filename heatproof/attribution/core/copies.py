"""Gradients at many copies of each image: noisy ones, or the points of a path.

A batch holds all copies of as many images as fit into it, and the copies are made inside the
compiled function, so that a few calls do all the work. What is drawn or chosen for the copies is
the same for every image.
"""

from itertools import pairwise
from typing import Any

from heatproof.attribution.core.network import Network


def slices(network: Network, count: int) -> list[tuple[slice, int]]:
    """Divide `count` copies into as few slices as fit into a batch each, all about as long.

    Returns:
        pairs of a slice of the copies, and of how many images its copies come nearest to a batch.
    """
    size = network.batch_size
    parts = -(-count // size)
    ends = [count * part // parts for part in range(parts + 1)]
    return [
        (slice(start, end), max(1, round(size / (end - start)))) for start, end in pairwise(ends)
    ]


def gradients_at(network: Network, copies: Any, targets: Any) -> Any:
    """Return d logit[target] / d copy in TensorFlow, for use inside a compiled function.

    Args:
        network: the network to explain.
        copies: float32 (copies, images, height, width, channels).
        targets: int64 (images,), class indices.

    Returns:
        float32 like `copies`.
    """
    import tensorflow as tf

    shape = tf.shape(copies)
    batch = tf.reshape(copies, (-1, *network.image_shape))
    gradients = network.gradients_of(batch, tf.tile(targets, shape[:1]))
    return tf.reshape(gradients, shape)
