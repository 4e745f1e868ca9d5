"""How often each brightness occurs in images: their means and deviations, exact and in one pass."""

import numpy as np

from heatproof.storage.images import Images, blocks

LEVELS = 256


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
