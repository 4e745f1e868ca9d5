"""Intervals of shares of images where draws of the images would be too certain."""

import numpy as np


def equivalent_images(support: np.ndarray) -> int:
    """Return of how many images, in classes of equal size, a balanced accuracy varies as much.

    That is K² / (1 / n_1 + … + 1 / n_K), since each class's recall varies with 1 / n.

    Args:
        support: number (K,), the images of each class that has any.
    """
    return max(1, round(len(support) ** 2 / (1 / support).sum()))


def at_least_wilson(low: float, high: float, share: float, images: int) -> tuple[float, float]:
    """Widen an interval, where it is narrower, to Wilson's 95 % interval of a share of images.

    Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953.
    """
    from scipy.stats import binomtest

    wilson = binomtest(round(share * images), images).proportion_ci(method="wilson")
    return float(min(low, wilson.low)), float(max(high, wilson.high))
