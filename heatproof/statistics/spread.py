"""How far the numbers of a few repetitions lie apart."""

from collections.abc import Sequence
from statistics import fmean, stdev

FEWEST = 3


def spread(values: Sequence[float]) -> dict[str, float | list[float]]:
    """Return `values`, their `mean`, standard deviation `std`, `min` and `max`.

    The deviation is that of a sample (n - 1): a few repetitions stand for all that could be made.

    Raises:
        statistics.StatisticsError: there are fewer than two values.
    """
    return {
        "values": [float(value) for value in values],
        "mean": fmean(values),
        "std": stdev(values),
        "min": float(min(values)),
        "max": float(max(values)),
    }


def mean_interval(shares: Sequence[float]) -> tuple[float, float | None, float | None]:
    """Return the mean of repetitions and its 95 % interval, by Student's t, within [0, 1].

    Args:
        shares: of independent repetitions, in [0, 1]; of fewer than FEWEST there is no interval,
            which would be several times as wide as they lie apart.
    """
    mean, count = fmean(shares), len(shares)
    if count < FEWEST:
        return mean, None, None
    from scipy.stats import t

    half = float(t.ppf(0.975, count - 1)) * stdev(shares) / count**0.5
    return mean, max(0.0, mean - half), min(1.0, mean + half)
