"""What paired repetitions say of a difference: of two networks trained from the same seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from heatproof.statistics.spread import FEWEST


@dataclass(frozen=True)
class PairedDifference:
    """Differences of paired repetitions: their mean and its 95 % interval by Student's t.

    low, high: None where there are fewer than FEWEST pairs.
    """

    values: tuple[float, ...]
    mean: float
    low: float | None
    high: float | None

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves out 0, so that the difference is more than chance."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def paired_difference(first: Sequence[float], second: Sequence[float]) -> PairedDifference:
    """Compare repetitions pair by pair.

    Args:
        first: a value of each repetition.
        second: those of the same repetitions; the difference is second minus first.

    Raises:
        ValueError: they are of different lengths.
        statistics.StatisticsError: there are none.
    """
    values = tuple(b - a for a, b in zip(first, second, strict=True))
    mean, count = fmean(values), len(values)
    if count < FEWEST:
        return PairedDifference(values, mean, None, None)
    from scipy.stats import t

    half = float(t.ppf(0.975, count - 1)) * stdev(values) / count**0.5
    return PairedDifference(values, mean, mean - half, mean + half)
