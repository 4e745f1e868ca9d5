"""Images whose parts are replaced: what occlusion, RISE and LIME show the network.

A mask says how much of each pixel is kept; the rest is the fill, what stands there instead.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from heatproof.attribution.core.network import Network

MASK_BYTES = 64 * 2**20  # of the masks that are in memory together


def mask_slices(count: int, size: tuple[int, int], most: int | None = None) -> list[slice]:
    """Divide `count` masks of `size` (height, width) into slices that fit into MASK_BYTES.

    With `most`, none has more masks than that, and all are about as long as each other.
    """
    step = max(1, MASK_BYTES // (4 * size[0] * size[1]))
    if most is not None:
        step = min(step, most)
        step = -(-count // -(-count // step))
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def masked_logits(
    network: Network,
    images: np.ndarray,
    fill: np.ndarray,
    masks: Callable[[slice], np.ndarray],
    count: int,
) -> np.ndarray:
    """Return every image's logits under every mask, float32 (n, count, classes).

    The masked images are made inside the compiled function, a batch at a time: some masks of one
    image, or all of them of several.

    Args:
        network: the network to explain.
        images: float32 (n, height, width, channels) in [0, 1].
        fill: float32, what shows where the mask is 0: one colour (channels,), or images like
            `images`.
        masks: a slice of the masks -> float32 (its length, height, width) in [0, 1].
        count: how many masks there are.
    """
    import tensorflow as tf

    if not len(images):
        return np.zeros((0, count, network.classes), np.float32)

    def function(batch_masks: Any, pictures: Any, fills: Any) -> Any:
        mixed = fills[:, None] + batch_masks * (pictures - fills)[:, None]
        logits = network.logits_of(tf.reshape(mixed, (-1, *network.image_shape)))
        return tf.reshape(logits, (-1, tf.shape(batch_masks)[0], network.classes))

    compiled, channels = network.compiled("masked", function), images.shape[-1]
    pictures, fills = (
        np.ascontiguousarray(each, np.float32).reshape(len(images), -1)
        for each in (images, np.broadcast_to(fill, images.shape))
    )
    parts = []
    for part in mask_slices(count, images.shape[1:3], network.batch_size):
        # Rows of equally many values, spread over the channels once: TensorFlow mixes them fastest.
        rows = masks(part).reshape(part.stop - part.start, -1)
        if channels > 1:  # NumPy would copy them for one channel too
            rows = rows.repeat(channels, axis=1)
        mixed = partial(compiled, tf.constant(rows))
        parts.append(network.in_batches(mixed, pictures, fills, copies=len(rows)))
    return np.concatenate(parts, axis=1)
