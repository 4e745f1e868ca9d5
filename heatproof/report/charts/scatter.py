"""Named points over a logarithmic axis, each name placed clear of points and other names."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from heatproof.report.charts.charts import Frame
from heatproof.statistics import numbers

LETTER = 6.3  # width of a letter in the chart's units, an upper bound


@dataclass(frozen=True)
class Mark:
    """A point to be drawn: its cost `x` above 0, its `y`, and its tooltip.

    `low` and `high` are the ends of y's interval, `slot` the name's colour on all pages.
    """

    name: str
    x: float
    y: float
    tip: str
    low: float | None = None
    high: float | None = None
    slot: int | None = None


@dataclass(frozen=True)
class Axis:
    """An axis' title, the values at its start and end (upwards, or to the right), its ticks."""

    title: str
    start: float
    end: float
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Dot:
    """A point and the place of its name; `pareto`: none is both cheaper and better."""

    name: str
    x: float
    y: float
    label_x: float
    label_y: float
    anchor: str
    pareto: bool
    tip: str
    whisker: str  # a path over its interval; empty where there is none
    slot: int | None


@dataclass(frozen=True)
class Scatter(Frame):
    y_title: str
    dots: tuple[Dot, ...]
    front: str  # a path through the Pareto front


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
    return plot(
        title,
        [Mark(n, x, y, f"{n}: {x:.3g} ms per image, mean rank {y:.1f}") for n, x, y in points],
        x_axis=decades(x_title, [x for _, x, _ in points], _power),
        y_axis=Axis(
            y_title, worst, best,
            [(rank, str(rank)) for rank in range(round(best), int(worst) + 1, step)],
        ),
        size=size,
    )  # fmt: skip


def decades(title: str, values: Sequence[float], label: Callable[[float], str]) -> Axis:
    """Make a logarithmic axis over whole powers of ten that covers all values, each above 0."""
    low = math.floor(min(math.log10(value) for value in values))
    high = max(math.ceil(max(math.log10(value) for value in values)), low + 1)
    powers = [10.0**power for power in range(low, high + 1)]
    return Axis(title, powers[0], powers[-1], [(power, label(power)) for power in powers])


def plot(
    title: str, marks: Sequence[Mark], *, x_axis: Axis, y_axis: Axis, size: tuple[float, float]
) -> Scatter:
    """Lay out points over a logarithmic x axis, with a line through their Pareto front.

    Args:
        title: of the chart.
        marks: at least one.
        x_axis: its start and end above 0.
        y_axis: towards its end is better.
        size: width and height.
    """
    width, height = size
    left, top, right, bottom = 46.0, 26.0, width - 16.0, height - 42.0
    powers = math.log10(x_axis.start), math.log10(x_axis.end)

    def across(x: float) -> float:
        return round(
            left + (math.log10(x) - powers[0]) / (powers[1] - powers[0]) * (right - left), 2
        )

    def down(y: float) -> float:
        share = (y_axis.end - y) / (y_axis.end - y_axis.start)
        return round(top + share * (bottom - top), 2)

    places = [(across(mark.x), down(mark.y)) for mark in marks]
    boxes = [(x - 6, y - 6, x + 6, y + 6) for x, y in places]
    boxes += [
        (x - 2, down(mark.high), x + 2, down(mark.low))
        for mark, (x, _) in zip(marks, places, strict=True)
        if mark.low is not None and mark.high is not None
    ]
    pareto = _pareto([(mark.x, mark.y) for mark in marks], upwards=y_axis.end > y_axis.start)
    dots = []
    for mark, (px, py), first in zip(marks, places, pareto, strict=True):
        area = (left + 2, 8, width, bottom)
        label_x, label_y, anchor, box = _place(mark.name, px, py, boxes, area)
        boxes.append(box)
        whisker = ""
        if mark.low is not None and mark.high is not None:
            whisker = f"M{px:g} {down(mark.low):g}V{down(mark.high):g}"
        dots.append(
            Dot(mark.name, px, py, label_x, label_y, anchor, first, mark.tip, whisker, mark.slot)
        )
    line = sorted((d.x, d.y) for d in dots if d.pareto)
    front = [d.name for d in sorted(dots, key=lambda d: (d.x, d.y)) if d.pareto]
    return Scatter(
        title=title,
        summary=f"None is both cheaper and better than {numbers.listing(front)}.",
        x_title=x_axis.title,
        y_title=y_axis.title,
        width=width,
        height=height,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        x_ticks=tuple((across(x), label) for x, label in x_axis.ticks),
        y_ticks=tuple((down(y), label) for y, label in y_axis.ticks),
        dots=tuple(dots),
        front="M" + "L".join(f"{x:g} {y:g}" for x, y in _stairs(line)),
    )


def _power(value: float) -> str:
    return f"{value:g}" if value < 10_000 else f"{round(value):,}"


def _pareto(points: Sequence[tuple[float, float]], upwards: bool) -> list[bool]:
    """Whether no other point is both as cheap and as good, and better in one of the two."""
    merits = [(cost, y if upwards else -y) for cost, y in points]
    return [
        not any(x <= cost and y >= merit and (x, y) != (cost, merit) for x, y in merits)
        for cost, merit in merits
    ]


def _stairs(line: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Steps through the points, since nothing lies between two of them."""
    steps = [line[0]]
    for (_, before), (x, y) in pairwise(line):
        steps += [(x, before), (x, y)]
    return steps


def _place(
    name: str,
    x: float,
    y: float,
    taken: Sequence[tuple[float, float, float, float]],
    area: tuple[float, float, float, float],
) -> tuple[float, float, str, tuple[float, float, float, float]]:
    """Choose among places around the point the one where the name covers least."""
    wide = LETTER * len(name)
    choices = []
    for distance in (0.0, 11.0, 22.0, 33.0):
        for drop in (-distance, distance) if distance else (0.0,):
            choices += [
                (x + 9, y + 4 + drop, "start", (x + 8, y - 7 + drop, x + 9 + wide, y + 6 + drop)),
                (x - 9, y + 4 + drop, "end", (x - 9 - wide, y - 7 + drop, x - 8, y + 6 + drop)),
            ]
        if distance:
            for drop in (-distance - 1, distance + 3):
                box = (x - wide / 2, y - 7 + drop, x + wide / 2, y + 6 + drop)
                choices.append((x, y + 4 + drop, "middle", box))

    def covered(choice: tuple[float, float, str, tuple[float, float, float, float]]) -> float:
        box = choice[3]
        outside = (
            max(0, area[0] - box[0]) + max(0, box[2] - area[2])
            + max(0, area[1] - box[1]) + max(0, box[3] - area[3])
        )  # fmt: skip
        return 100 * outside + sum(_overlap(box, other) for other in taken)

    best = min(choices, key=covered)
    return round(best[0], 2), round(best[1], 2), best[2], best[3]


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across * down if across > 0 and down > 0 else 0.0
