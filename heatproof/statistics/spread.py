"""How far the numbers of a few repetitions lie apart."""

from collections.abc import Sequence
from statistics import fmean, stdev


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
