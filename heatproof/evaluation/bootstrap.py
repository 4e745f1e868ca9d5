"""Bootstrap intervals: how far would a number move with other test images?

Efron & Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13 (percentile intervals).
"""

import numpy as np


def accuracy_interval(
    correct: np.ndarray, samples: int, generator: np.random.Generator, level: float = 0.95
) -> tuple[float, float]:
    """Return the percentile interval of accuracy over resampled test sets.

    Drawing n of n zeros and ones with replacement gives a binomial count of ones, so each resample
    is one draw instead of n.

    Args:
        correct: bool (n,), whether each prediction is right.
        samples: how many resamples.
        generator: where the draws come from.
        level: how much of the resamples the interval holds.

    Returns:
        Lower and upper end, in [0, 1].
    """
    n = len(correct)
    accuracies = generator.binomial(n, np.mean(correct), size=samples) / n
    tail = (1 - level) / 2
    low, high = np.quantile(accuracies, [tail, 1 - tail])
    return float(low), float(high)
