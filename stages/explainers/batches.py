"""The loop that every method shares: few enough images at once to stay small in memory."""

from collections.abc import Callable
from typing import Any

import numpy as np

# Pixels in one batch: 32 images of 32x32. A backward pass keeps every activation; at this size
# that is below half a GiB for the widest network of the study.
BATCH_PIXELS = 32 * 32 * 32


def in_batches(
    attribute: Callable[[np.ndarray, np.ndarray], Any],
    images: np.ndarray,
    targets: np.ndarray,
    shape: tuple[int, int],
) -> np.ndarray:
    """Apply `attribute` to batches of images and their targets, and join what it returns.

    Args:
        attribute: (images, targets) -> float (batch, *shape).
        images: float32 (n, height, width, channels).
        targets: int64 (n,).
        shape: of one map; said here so that no images give an empty result of the right shape.

    Returns:
        float32 (n, *shape).

    Raises:
        FloatingPointError: a map holds NaN or infinity.
    """
    maps = np.zeros((len(images), *shape), np.float32)
    size = max(BATCH_PIXELS // (images.shape[1] * images.shape[2]), 1)
    for start in range(0, len(images), size):
        batch = slice(start, start + size)
        maps[batch] = np.asarray(attribute(images[batch], targets[batch]))
    if not np.isfinite(maps).all():
        raise FloatingPointError("an attribution is not finite")
    return maps
