"""The words of the scorecard, and when a measured figure earns which."""

from dataclasses import dataclass

HOLDS = "holds"
EXCEEDED = "exceeded"
FAILS = "does not hold"
UNTESTED = "not tested at this budget"
NOT_RUN = "not run"  # a file is missing: the sentence says which
NOT_MEASURED = "not measured"  # nothing in the study can say: the sentence says why
IN_REPORT = "in the report"  # durations stay out of cached files; the report compares them

VERDICTS = (HOLDS, EXCEEDED, FAILS, UNTESTED, NOT_RUN, NOT_MEASURED, IN_REPORT)


@dataclass(frozen=True)
class Comparison:
    """What became of a claim.

    verdict: one of VERDICTS. sentence: why, or what the figure would have to mean; may be empty.
    text: what was measured, in words and the claim's own unit. value, low, high: the measured
    number and its 95 % interval, in base units (shares, weights, operations), where there are any.
    interval: low and high in the claim's own unit.
    """

    verdict: str
    sentence: str = ""
    text: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    interval: str = ""


class MissingEvidence(Exception):
    """What a claim rests on has not been run: the message names the cell or the file."""


def reached(low: float, high: float, published: tuple[float, float], as_published: bool) -> str:
    """Judge a figure of which more is better, and which more training may raise.

    Args:
        low: the measured figure's lower bound; without an interval the figure itself.
        high: its upper bound.
        published: the published range.
        as_published: whether the training followed the published schedule.

    Returns:
        EXCEEDED if the whole interval lies above the published range; HOLDS if the two overlap;
        below it FAILS, or UNTESTED where the training was another than the published.
    """
    if low > published[1]:
        return EXCEEDED
    if high >= published[0]:
        return HOLDS
    return FAILS if as_published else UNTESTED


def within(value: float, published: tuple[float, float]) -> str:
    """Judge a figure that no training changes: HOLDS inside the published range, else FAILS."""
    return HOLDS if published[0] <= value <= published[1] else FAILS


def timed(seconds: float, published: tuple[float, float], as_published: bool) -> str:
    """Judge a duration, in seconds: EXCEEDED if shorter than published, FAILS if longer.

    A shorter training than the published one says nothing of its duration: UNTESTED.
    """
    if not as_published:
        return UNTESTED
    if seconds < published[0]:
        return EXCEEDED
    return within(seconds, published)
