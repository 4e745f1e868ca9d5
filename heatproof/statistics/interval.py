"""Means of per-image values, and how far they would move with other images.

Values that do not exist (NaN: the measure is not defined on that image) are left out everywhere.
"""

import numpy as np


def known_mean(values: np.ndarray) -> float:
    """Return the mean of the values that exist, of any shape; NaN where none does."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def mean_interval(values: np.ndarray, samples: int, seed: int) -> tuple[float, float, float]:
    """Return the mean of per-image values and its 95 % percentile bootstrap interval.

    Efron & Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.

    Args:
        values: float (n,), one an image.
        samples: how many times as many values as there are are drawn with replacement.
        seed: of the draws.

    Returns:
        mean, low, high; NaN where there are no values, and low and high NaN where there is one.
    """
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return known_mean(known), float("nan"), float("nan")
    drawn = np.random.default_rng(seed).integers(len(known), size=(samples, len(known)))
    low, high = np.percentile(known[drawn].mean(axis=1), (2.5, 97.5))
    return float(known.mean()), float(low), float(high)


def summary(values: np.ndarray, samples: int, seed: int) -> dict[str, float | int]:
    """Give `mean`, `low` and `high` as `mean_interval` does, and how many `images` had a value."""
    mean, low, high = mean_interval(values, samples, seed)
    known = int((~np.isnan(values)).sum())
    return {"mean": mean, "low": low, "high": high, "images": known}
