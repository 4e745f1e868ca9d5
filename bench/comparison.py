"""What a measurement says: the best peer, the ratio to it, whether the goal is met."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.results import PROJECT, Measurement


@dataclass(frozen=True)
class Comparison:
    """The project beside its best peer.

    ours: the project's value, of the best round or the middle one as the measurement says; None
    where it has none. peer, theirs: the best peer and its value; None where no peer was measured.
    ratio: times as good as that peer. spread: least and greatest ratio of the rounds. met: whether
    the goal is reached; None where there is none, or no peer to tell by.
    """

    ours: float | None
    peer: str | None = None
    theirs: float | None = None
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    met: bool | None = None


def compare(measurement: Measurement) -> Comparison:
    """Compare the project with its best peer."""
    rounds = {name: list(values) for name, values in measurement.sides.items() if values}
    own = rounds.pop(PROJECT, [])
    values = {name: value_of(each, measurement) for name, each in rounds.items()}
    more = measurement.better == "more"
    peer = max(values, key=lambda name: values[name] if more else -values[name], default=None)
    if not own or peer is None:
        # Nothing measured of the project's is a miss; without a peer there is nothing to say.
        lost = measurement.goal is not None and not own
        ours = value_of(own, measurement) if own else None
        return Comparison(ours, peer, values.get(peer), met=False if lost else None)
    ours, theirs = value_of(own, measurement), values[peer]
    ratio = times_better(ours, theirs, more)
    # Of unlike numbers of rounds the first of each belong together.
    by_round = [times_better(*pair, more) for pair in zip(own, rounds[peer], strict=False)]
    return Comparison(
        ours,
        peer,
        theirs,
        ratio,
        (min(by_round), max(by_round)),
        None if measurement.goal is None else ratio >= measurement.goal,
    )


def value_of(rounds: Sequence[float], measurement: Measurement) -> float:
    """Return the round that counts: the best, or the middle one."""
    if measurement.judged_by == "median":
        return statistics.median(rounds)
    return max(rounds) if measurement.better == "more" else min(rounds)


def times_better(ours: float, theirs: float, more: bool) -> float:
    """Return how many times better ours is, where more is better or less is."""
    return ours / theirs if more else theirs / ours
