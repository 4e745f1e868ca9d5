"""Points that are pies, over a logarithmic axis, each joined to the point that it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import cos, hypot, pi, sin

from heatproof.report.charts.frame import Axis, Frame, Point
from heatproof.report.charts.scatter import Box, Label, place_name
from heatproof.statistics import numbers

RADIUS = 11.0
TICK = 4.0  # how far a mark stands out of the pie's edge
LETTERS = 26


@dataclass(frozen=True)
class Pie:
    """A point to be drawn, and its tooltip.

    share: how much of the pie is filled, in [0, 1], from its top clockwise; None where that is not
    known. mark: where a mark is at its edge, as a share too. kind: a class of the style sheet.
    origin: the place in the list of the point that it comes from; None of one that comes from none,
    which is drawn as a ring.
    """

    name: str
    x: float
    y: float
    tip: str
    share: float | None = None
    mark: float | None = None
    kind: str = ""
    origin: int | None = None


@dataclass(frozen=True)
class Slice:
    """The place of a pie and of its name, and paths: its filled part, its mark, where it is from.

    A path is empty where there is none.
    """

    pie: Pie
    x: float
    y: float
    label: Label
    filled: str
    mark: str
    line: str


@dataclass(frozen=True)
class Pies(Frame):
    pies: Sequence[Pie]
    radius: float = RADIUS

    @cached_property
    def slices(self) -> list[Slice]:
        """The pies in their order."""
        places = [self.place(pie.x, pie.y) for pie in self.pies]
        edge = RADIUS + TICK
        taken: list[Box] = [(x - edge, y - edge, x + edge, y + edge) for x, y in places]
        area = (self.left + 2, 8, self.width, self.bottom)
        found = []
        for pie, (x, y) in zip(self.pies, places, strict=True):
            label = place_name(numbers.short(pie.name, LETTERS), x, y, taken, area, edge)
            taken.append(label.box)
            line = "" if pie.origin is None else _line(places[pie.origin], (x, y))
            found.append(
                Slice(pie, x, y, label, _filled(x, y, pie.share), _mark(x, y, pie.mark), line)
            )
        return found


def pies(
    title: str, points: Sequence[Pie], x: Axis, y: Axis, size: Point, summary: str
) -> Pies | None:
    """Lay out pies; None where there are none.

    Args:
        title: of the chart.
        points: each x within its axis, above 0.
        x: logarithmic.
        y: any.
        size: width and height.
        summary: in a sentence, for who does not see it.
    """
    if not points:
        return None
    return Pies(title, summary, x, y, *size, size[0] - 24, points)


def _at(x: float, y: float, share: float, radius: float) -> Point:
    """Return the place on a circle that is a share of the way round from its top."""
    angle = 2 * pi * share
    return x + radius * sin(angle), y - radius * cos(angle)


def _filled(x: float, y: float, share: float | None) -> str:
    if share is None or share <= 0:
        return ""
    # An arc all the way round would end where it begins, and be none.
    across, down = _at(x, y, min(share, 0.9999), RADIUS)
    return (
        f"M{x:g} {y:g}V{y - RADIUS:g}A{RADIUS:g} {RADIUS:g} 0 {int(share > 0.5)} 1 "
        f"{across:.2f} {down:.2f}Z"
    )


def _mark(x: float, y: float, share: float | None) -> str:
    if share is None:
        return ""
    inner, outer = (_at(x, y, share, radius) for radius in (RADIUS - TICK, RADIUS + TICK))
    return f"M{inner[0]:.2f} {inner[1]:.2f}L{outer[0]:.2f} {outer[1]:.2f}"


def _line(start: Point, end: Point) -> str:
    """Join the edges of two pies; nothing where one is on the other."""
    length = hypot(end[0] - start[0], end[1] - start[1])
    if length <= 2 * RADIUS:
        return ""
    step = [RADIUS * (b - a) / length for a, b in zip(start, end, strict=True)]
    return (
        f"M{start[0] + step[0]:.2f} {start[1] + step[1]:.2f}"
        f"L{end[0] - step[0]:.2f} {end[1] - step[1]:.2f}"
    )
