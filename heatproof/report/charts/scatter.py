"""Named points over a logarithmic axis, each name placed clear of points and other names."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from heatproof.report.charts.frame import Axis, Frame, Point, path
from heatproof.statistics import numbers

LETTER = 6.3  # width of a letter in the chart's units, an upper bound
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Mark:
    """A point to be drawn: its cost `x` above 0, its `y`, and its tooltip.

    `low` and `high` are the ends of y's interval, `slot` the name's colour on all pages, `letters`
    how many of the name stand beside the point.
    """

    name: str
    x: float
    y: float
    tip: str
    low: float | None = None
    high: float | None = None
    slot: int | None = None
    letters: int = 40

    @property
    def shown(self) -> str:
        """The name beside the point."""
        return numbers.short(self.name, self.letters)


@dataclass(frozen=True)
class Dot:
    """The place of a mark and that of its name; `pareto`: none is both cheaper and better."""

    mark: Mark
    x: float
    y: float
    label: "Label"
    pareto: bool
    whisker: str  # a path over its interval; empty where there is none


@dataclass(frozen=True)
class Label:
    """A place of a name, on its base line, and the area that it covers."""

    x: float
    y: float
    anchor: str
    width: float

    @property
    def box(self) -> Box:
        """The area, a little wider than the letters."""
        left = self.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * self.width
        return left, self.y - 11, left + self.width, self.y + 2


@dataclass(frozen=True)
class Scatter(Frame):
    marks: Sequence[Mark]
    pareto: Sequence[bool]

    @cached_property
    def dots(self) -> list[Dot]:
        """The marks in their order."""
        places = [self.place(mark.x, mark.y) for mark in self.marks]
        whiskers = [
            None
            if mark.low is None or mark.high is None
            else (self.place(mark.x, mark.high)[1], self.place(mark.x, mark.low)[1])
            for mark in self.marks
        ]
        taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in places]
        taken += [
            (x - 2, ends[0], x + 2, ends[1])
            for (x, _), ends in zip(places, whiskers, strict=True)
            if ends
        ]
        area = (self.left + 2, 8, self.width, self.bottom)
        dots = []
        for mark, (x, y), first, ends in zip(
            self.marks, places, self.pareto, whiskers, strict=True
        ):
            label = place_name(mark.shown, x, y, taken, area)
            taken.append(label.box)
            whisker = f"M{x:g} {ends[0]:g}V{ends[1]:g}" if ends else ""
            dots.append(Dot(mark, x, y, label, first, whisker))
        return dots

    @property
    def front(self) -> str:
        """A path through the Pareto front, in steps, since nothing lies between two points."""
        line = sorted((dot.x, dot.y) for dot in self.dots if dot.pareto)
        steps = [line[0]]
        for (_, before), (x, y) in pairwise(line):
            steps += [(x, before), (x, y)]
        return path(steps)


def scatter(
    title: str,
    points: Sequence[tuple[str, float, float]],
    *,
    x_title: str,
    y_title: str,
    size: tuple[float, float] = (760.0, 430.0),
) -> Scatter | None:
    """Lay out points whose x is a cost in milliseconds and whose y is a rank, the best at the top.

    Args:
        title: of the chart.
        points: name, x above 0, y.
        x_title: name of the logarithmic x axis.
        y_title: name of the y axis.
        size: width and height.

    Returns:
        The chart; None where there are fewer than two points.
    """
    if len(points) < 2:
        return None
    best = min(1.0, *(y for *_, y in points))
    worst = max(max(y for *_, y in points), best + 1) + 0.7  # room for a name under the last
    step = max(1, math.ceil((worst - best) / 8))
    ranks = range(round(best), int(worst) + 1, step)
    return plot(
        title,
        [Mark(n, x, y, f"{n}: {x:.3g} ms per image, mean rank {y:.1f}") for n, x, y in points],
        decades(x_title, [x for _, x, _ in points], _power),
        Axis(y_title, worst, best, [(rank, str(rank)) for rank in ranks]),
        size,
    )


def decades(title: str, values: Sequence[float], label: Callable[[float], str]) -> Axis:
    """Make a logarithmic axis over whole powers of ten that covers all values, each above 0."""
    low = math.floor(min(math.log10(value) for value in values))
    high = max(math.ceil(max(math.log10(value) for value in values)), low + 1)
    powers = [10.0**power for power in range(low, high + 1)]
    return Axis(title, powers[0], powers[-1], [(p, label(p)) for p in powers], log=True)


def plot(title: str, marks: Sequence[Mark], x: Axis, y: Axis, size: Point) -> Scatter:
    """Lay out points over a logarithmic x axis, with a line through their Pareto front.

    Args:
        title: of the chart.
        marks: at least one.
        x: its start and end above 0.
        y: towards its end is better.
        size: width and height.
    """
    merits = [(mark.x, -mark.y if y.end > y.start else mark.y) for mark in marks]
    pareto = [
        not any(a <= cost and b <= bad and (a, b) != (cost, bad) for a, b in merits)
        for cost, bad in merits
    ]
    front = sorted((merit, m.name) for m, merit, p in zip(marks, merits, pareto, strict=True) if p)
    summary = f"None is both cheaper and better than {numbers.listing([n for _, n in front])}."
    return Scatter(title, summary, x, y, *size, size[0] - 16, marks, pareto)


def _power(value: float) -> str:
    return f"{value:g}" if value < 10_000 else f"{round(value):,}"


def place_name(
    name: str, x: float, y: float, taken: Sequence[Box], area: Box, radius: float = 5.0
) -> Label:
    """Choose among places around a point the one where its name covers least.

    Args:
        name: as it is shown.
        x: of the point.
        y: of the point.
        taken: areas that are covered already.
        area: within which the name stays where it can.
        radius: of the point.
    """
    beside = radius + 4
    wide = LETTER * len(name)
    choices = []
    for distance in (0.0, 11.0, 22.0, 33.0):
        for drop in (-distance, distance) if distance else (0.0,):
            choices += [
                Label(x + beside, y + 4 + drop, "start", wide),
                Label(x - beside, y + 4 + drop, "end", wide),
            ]
        if distance:
            for drop in (-distance - radius + 4, distance + radius - 2):
                choices.append(Label(x, y + 4 + drop, "middle", wide))

    def covered(label: Label) -> float:
        left, top, right, bottom = label.box
        beyond = (area[0] - left, right - area[2], area[1] - top, bottom - area[3])
        outside = sum(max(0.0, each) for each in beyond)
        return 100 * outside + sum(_overlap(label.box, other) for other in taken)

    return min(choices, key=covered)


def _overlap(one: Box, other: Box) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across * down if across > 0 and down > 0 else 0.0
