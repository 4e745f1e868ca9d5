"""Images whose parts are replaced: what occlusion, RISE and LIME show the network.

A mask says how much of each pixel is kept; the rest is the fill, what stands there instead.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from heatproof.attribution.core.network import Network

MASK_BYTES = 64 * 2**20  # of the masks that are in memory together


def mask_slices(count: int, size: tuple[int, int]) -> list[slice]:
    """Divide `count` masks of `size` (height, width) into slices that fit into MASK_BYTES."""
    step = max(1, MASK_BYTES // (4 * size[0] * size[1]))
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def masked_logits(
    network: Network,
    images: np.ndarray,
    fill: np.ndarray,
    masks: Callable[[slice], Any],
    count: int,
) -> np.ndarray:
    """Return every image's logits under every mask, float32 (n, count, classes).

    The masked images are made inside the compiled function, a batch at a time. A batch may hold
    several images' copies.

    Args:
        network: the network to explain.
        images: float32 (n, height, width, channels) in [0, 1].
        fill: float32, what shows where the mask is 0: one colour (channels,), or images like
            `images`.
        masks: a slice of the masks -> float32 (its length, height, width) in [0, 1], an array or a
            tensor.
        count: how many masks there are.
    """
    import tensorflow as tf

    if not len(images):
        return np.zeros((0, count, network.classes), np.float32)

    def function(pictures: Any, fills: Any, batch_masks: Any, picture: Any, mask: Any) -> Any:
        kept = tf.gather(batch_masks, mask)[..., None]
        fill = tf.gather(fills, picture)
        mixed = fill + kept * (tf.gather(pictures, picture) - fill)
        return network.logits_of(mixed)

    compiled = network.compiled("masked", function)
    pictures, fills = tf.constant(images), tf.constant(np.broadcast_to(fill, images.shape))
    parts = []
    for part in mask_slices(count, images.shape[1:3]):
        batch_masks = tf.convert_to_tensor(masks(part))
        picture, mask = np.indices((len(images), part.stop - part.start)).reshape(2, -1)
        logits = network.in_batches(
            lambda i, j, m=batch_masks: compiled(pictures, fills, m, i, j), picture, mask
        )
        parts.append(logits.reshape(len(images), -1, network.classes))
    return np.concatenate(parts, axis=1)
