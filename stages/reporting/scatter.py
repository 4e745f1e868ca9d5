"""Named points over a logarithmic axis, each name where it covers neither points nor names."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LETTER = 6.3  # a letter's width in the chart's units, generous


@dataclass(frozen=True)
class Dot:
    """A point, its name and where that stands; `ahead`: none to its left is as high."""

    name: str
    x: float
    y: float
    label_x: float
    label_y: float
    anchor: str
    ahead: bool
    tip: str


@dataclass(frozen=True)
class Scatter:
    """A chart in its own units; the plot area is (left, top) to (right, bottom)."""

    title: str
    description: str
    x_title: str
    y_title: str
    width: float
    height: float
    left: float
    top: float
    right: float
    bottom: float
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    dots: tuple[Dot, ...]
    front: str  # a path through the points that are ahead


def scatter(
    title: str,
    points: Sequence[tuple[str, float, float]],
    *,
    x_title: str,
    y_title: str,
    size: tuple[float, float] = (760.0, 430.0),
) -> Scatter | None:
    """Lay out points whose x is a cost and whose y is a rank, the best at the top.

    Args:
        title: says what is drawn.
        points: name, x above 0, y.
        x_title: name of the logarithmic x axis.
        y_title: name of the y axis.
        size: width and height.

    Returns:
        The chart; None where there are fewer than two points.
    """
    if len(points) < 2:
        return None
    width, height = size
    left, top, right, bottom = 46.0, 26.0, width - 16.0, height - 42.0
    powers = [math.log10(x) for _, x, _ in points]
    x_low, x_high = math.floor(min(powers)), math.ceil(max(powers))
    x_high += x_high == x_low
    y_low = min(1.0, *(y for *_, y in points))
    y_high = max(max(y for *_, y in points), y_low + 1) + 0.7  # room for a name under the last

    def at(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - x_low) / (x_high - x_low)
        down = (y - y_low) / (y_high - y_low)
        return round(left + across * (right - left), 2), round(top + down * (bottom - top), 2)

    places = [at(x, y) for _, x, y in points]
    boxes = [(x - 6, y - 6, x + 6, y + 6) for x, y in places]
    ahead = _ahead(points)
    dots = []
    for (name, x, y), (px, py), first in zip(points, places, ahead, strict=True):
        label_x, label_y, anchor, box = _place(name, px, py, boxes, (left + 2, 8, width, bottom))
        boxes.append(box)
        tip = f"{name}: {x:.3g} ms an image, mean rank {y:.1f}"
        dots.append(Dot(name, px, py, label_x, label_y, anchor, first, tip))
    line = sorted((d.x, d.y) for d in dots if d.ahead)
    step = max(1, math.ceil((y_high - y_low) / 8))
    return Scatter(
        title=title,
        description="; ".join(d.tip for d in dots),
        x_title=x_title,
        y_title=y_title,
        width=width,
        height=height,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        x_ticks=tuple(
            (at(10.0**power, 1)[0], f"{10.0**power:g}" if power < 4 else f"{10**power:,}")
            for power in range(x_low, x_high + 1)
        ),
        y_ticks=tuple(
            (at(1, rank)[1], str(rank)) for rank in range(round(y_low), int(y_high) + 1, step)
        ),
        dots=tuple(dots),
        front="M" + "L".join(f"{x:g} {y:g}" for x, y in _stairs(line)),
    )


def _ahead(points: Sequence[tuple[str, float, float]]) -> list[bool]:
    """Whether no other point is both as cheap and as well ranked, and better in one of the two."""
    return [
        not any(x <= cost and y <= rank and (x, y) != (cost, rank) for _, x, y in points)
        for _, cost, rank in points
    ]


def _stairs(line: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Steps through the points: a cost is not paid in part."""
    made = [line[0]]
    for (_, before), (x, y) in pairwise(line):
        made += [(x, before), (x, y)]
    return made


def _place(
    name: str,
    x: float,
    y: float,
    taken: Sequence[tuple[float, float, float, float]],
    area: tuple[float, float, float, float],
) -> tuple[float, float, str, tuple[float, float, float, float]]:
    """Find the name's place among several around its point: the one that covers the least."""
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
