"""Whether the best values are better than those that params.yaml had: both trained again, by seed.

The highest of many validation accuracies is too high: some of it is the luck of one seed and one
validation part, and the search picks the luckiest (Cawley & Talbot 2010,
https://jmlr.org/papers/v11/cawley10a.html). So both are trained from seeds that no trial had. Where
a dataset has no validation part of its own, these draw other validation images too.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from heatproof.config.tuned import Values
from heatproof.statistics import numbers
from heatproof.statistics.differences import PairedDifference, paired_difference
from heatproof.tuning.history import History
from heatproof.tuning.trials import Result

MAX_SEED = 2**31


@dataclass(frozen=True)
class Side:
    """The accuracies of one set of values, by seed; of those that failed the reason."""

    values: Mapping[str, Any]
    accuracies: Mapping[int, float]
    failures: Mapping[int, str]

    @property
    def mean(self) -> float | None:
        """Of the accuracies."""
        return fmean(self.accuracies.values()) if self.accuracies else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation over seeds; None of fewer than two."""
        return stdev(self.accuracies.values()) if len(self.accuracies) > 1 else None

    def text(self, images: int) -> str:
        """Return mean and deviation as text; `images` validate."""
        spread = "" if self.deviation is None else f" ± {numbers.decimal(100 * self.deviation, 2)}"
        return f"{numbers.percent(self.mean, images).removesuffix(' %')}{spread} %"


@dataclass(frozen=True)
class Comparison:
    """The values that params.yaml had, and the best ones, each trained from the same seeds.

    difference: best minus before, of the seeds that gave both an accuracy; None where none did.
    """

    before: Side
    best: Side
    difference: PairedDifference | None

    @property
    def is_better(self) -> bool:
        """Whether the best values are better by more than chance, and fail nowhere."""
        found = self.difference
        better = found is not None and found.is_shown and found.mean > 0
        return better and not self.best.failures

    def finding(self) -> str:
        """Say in a sentence what it comes to."""
        seeds = numbers.plural(len(self.best.accuracies), "seed")
        if self.best.failures:
            seed, reason = next(iter(self.best.failures.items()))
            return (
                f"The best values are not reliable: from seed {seed} there was no network: {reason}"
            )
        if self.difference is None:
            return (
                "The values of params.yaml gave no network from any seed, so nothing is compared."
            )
        difference = self.difference
        points = numbers.decimal(100 * abs(difference.mean), 2)
        if difference.low is None or difference.high is None:
            return (
                f"{seeds} are too few to tell a difference of {points} points from chance; take "
                "three or more."
            )
        low, high = (numbers.decimal(100 * end, 2) for end in (difference.low, difference.high))
        interval = f"95 % interval {low} to {high}, {seeds}"
        if not difference.is_shown:
            more = "more" if difference.mean >= 0 else "less"
            return f"No better than chance: {points} points {more} on average ({interval})."
        what = "Better" if difference.mean > 0 else "Worse"
        return f"{what} by {points} points on average ({interval})."


def seeds_after(seed: int, count: int) -> list[int]:
    """Return seeds that trials do not have."""
    return [(seed + 1 + number) % MAX_SEED for number in range(count)]


def missing(history: History, values: Sequence[Values], seeds: Sequence[int]) -> int:
    """Return how many trainings a comparison still needs."""
    return sum(seed not in history.compared(each) for each in values for seed in seeds)


def compare(
    history: History,
    before: Values,
    best: Values,
    seeds: Sequence[int],
    train: Callable[[Values, int], Result],
    jobs: int = 1,
    stop: Callable[[], object] = lambda: None,
) -> Comparison:
    """Train with both sets of values from each seed, as far as that was not done before.

    Args:
        history: where results are noted.
        before: the values that params.yaml had.
        best: those of the best trial.
        seeds: of the trainings.
        train: with values, from a seed.
        jobs: how many at once.
        stop: called where it is broken off.
    """
    wanted = [
        (values, seed) for seed in seeds for values in (before, best)
        if seed not in history.compared(values)
    ]  # fmt: skip

    def work(each: tuple[Values, int]) -> None:
        values, seed = each
        history.note_compared(values, seed, train(values, seed))

    with ThreadPoolExecutor(jobs) as threads:
        try:
            list(threads.map(work, wanted))
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            stop()
            raise
    return compared(history, before, best, seeds)


def compared(history: History, before: Values, best: Values, seeds: Sequence[int]) -> Comparison:
    """Return the comparison that is noted, of these seeds."""
    sides = [_side(values, history.compared(values), seeds) for values in (before, best)]
    both = [seed for seed in seeds if all(seed in side.accuracies for side in sides)]
    first, second = ([side.accuracies[seed] for seed in both] for side in sides)
    return Comparison(sides[0], sides[1], paired_difference(first, second) if both else None)


def _side(values: Values, results: Mapping[int, Result], seeds: Sequence[int]) -> Side:
    noted = {seed: results[seed] for seed in seeds if seed in results}
    return Side(
        dict(values),
        {seed: each.accuracy for seed, each in noted.items() if each.accuracy is not None},
        {seed: each.reason for seed, each in noted.items() if each.accuracy is None},
    )
