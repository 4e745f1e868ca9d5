"""Pixels' values: images in [0, 1], and how often each brightness occurs, exact and in one pass."""

from typing import Any

import numpy as np

from heatproof.storage.images import Images, blocks

LEVELS = 256


class UnitImages:
    """Images in [0, 1], float32, of which only those that are asked for are in memory.

    It has what `Network.in_batches` asks of an array.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, images: Images) -> None:
        """Serve uint8 images (n, height, width, channels)."""
        self._images = images

    @property
    def shape(self) -> tuple[int, ...]:
        """As an array's."""
        return self._images.shape

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return self._images[rows].astype(np.float32) / 255


def pixel_counts(images: Images) -> np.ndarray:
    """Count how many pixels have each of the 256 values, int64 (channels, 256).

    Args:
        images: uint8 (n, height, width, channels). A few at a time are in memory.
    """
    counts = np.zeros((images.shape[-1], LEVELS), dtype=np.int64)
    for block in blocks(images):
        for channel, count in enumerate(counts):
            count += np.bincount(block[..., channel].ravel(), minlength=LEVELS)
    return counts


def mean_and_std(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each channel's mean and standard deviation, of images in [0, 1]: float64 (channels,).

    Args:
        counts: as `pixel_counts` gives them.
    """
    values = np.arange(LEVELS) / 255
    pixels = counts.sum(axis=1)
    mean = counts @ values / pixels
    # Around the mean: the difference of two moments may round to less than zero.
    variance = (counts * (values - mean[:, np.newaxis]) ** 2).sum(axis=1) / pixels
    return mean, np.sqrt(variance)
