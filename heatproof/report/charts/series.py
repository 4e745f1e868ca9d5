"""Named sequences of points, as text and as the style sheet's colours.

Colours are not decided here: a series has a `slot`, which the style sheet turns into a colour and
a dash pattern for the reader's theme.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from heatproof.report.charts.frame import Point

COLOURS = DASHES = 8  # in the style sheet


@dataclass(frozen=True)
class Series:
    """A named sequence of (x, y); y may be None or NaN where there is no number.

    hollow: its dots are circles.
    """

    name: str
    slot: int
    xs: Sequence[float]
    ys: Sequence[float | None]
    intervals: Sequence[tuple[float, float, float]] = ()  # x, low, high
    samples: Sequence[Point] = ()  # of which the points are means
    hollow: bool = False

    @cached_property
    def points(self) -> list[Point]:
        """Those that have numbers."""
        pairs = zip(self.xs, self.ys, strict=True)
        return [(float(x), float(y)) for x, y in pairs if y is not None and math.isfinite(y)]


def slot_classes(slot: int) -> str:
    """The style sheet's classes for a slot: the first 64 differ in colour, dash or both."""
    return f"slot-{slot % COLOURS} dash-{(slot + slot // COLOURS) % DASHES}"


def text_rows(series: Sequence[Series], as_percent: bool) -> Iterator[tuple[str, list[str | None]]]:
    """The numbers at each x, as text, in the order of the series; None where missing."""
    values = [dict(s.points) for s in series]
    for x in sorted({x for each in values for x in each}):
        at = (each.get(x) for each in values)
        yield f"{x:g}", [None if y is None else as_text(y, as_percent) for y in at]


def in_a_sentence(drawn: Sequence[Series], x_title: str, as_percent: bool) -> str:
    """One sentence: the end of each of several series, or the course of a single one."""
    ends = [(s.points[-1][1], s.name) for s in drawn]
    if len(ends) == 1:
        (x, first), (last, name) = drawn[0].points[0], ends[0]
        return (
            f"{name}: {as_text(first, as_percent)} at {x_title} {x:g}, "
            f"{as_text(last, as_percent)} at the end."
        )
    lowest, highest = min(ends), max(ends)
    return (
        f"Final values from {as_text(lowest[0], as_percent)} ({lowest[1]}) "
        f"to {as_text(highest[0], as_percent)} ({highest[1]})."
    )


def as_text(value: float, as_percent: bool = False) -> str:
    """A value in a few digits, or as a percentage."""
    return f"{100 * value:.2f} %" if as_percent else f"{value:.4g}".replace("-", "−")
