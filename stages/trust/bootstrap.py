"""Intervals: how far a mean over images would move with other images."""

import numpy as np


def mean_interval(values: np.ndarray, samples: int, seed: int) -> tuple[float, float, float]:
    """Return the mean of per-image values and its 95 % percentile bootstrap interval.

    Efron & Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.

    Args:
        values: float (n,), one an image.
        samples: how many times n values are drawn with replacement.
        seed: of the draws.

    Returns:
        mean, low, high; NaN where there are no values, and low and high NaN where there is one.
    """
    if len(values) == 0:
        return float("nan"), float("nan"), float("nan")
    mean = float(values.mean())
    if len(values) == 1:
        return mean, float("nan"), float("nan")
    drawn = np.random.default_rng(seed).integers(len(values), size=(samples, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), (2.5, 97.5))
    return mean, float(low), float(high)
