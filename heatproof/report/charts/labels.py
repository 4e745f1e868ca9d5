"""Names in a chart: of lines at its right end, kept apart, and of a horizontal line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, dist

from heatproof.report.charts.frame import Point

LABEL_HEIGHT, LETTER_WIDTH = 13.0, 7.0  # of a name, in the chart's units
TICK_WIDTH = 5.9  # of a letter of the axes' size


def spread(places: Sequence[float], low: float, high: float) -> list[float | None]:
    """Move labels apart so that none overlap, in one pass down and one up.

    Returns:
        A place for each label in the order given; None for all where they cannot all fit
        (a legend must name them then).
    """
    if (len(places) - 1) * LABEL_HEIGHT > high - low:
        return [None] * len(places)
    order = sorted(range(len(places)), key=lambda index: (places[index], index))
    moved = [places[index] for index in order]
    for rank in range(1, len(moved)):
        moved[rank] = max(moved[rank], moved[rank - 1] + LABEL_HEIGHT)
    limit = high
    for rank in reversed(range(len(moved))):
        moved[rank] = min(moved[rank], limit)
        limit = moved[rank] - LABEL_HEIGHT
    result: list[float | None] = [None] * len(places)
    for rank, index in enumerate(order):
        result[index] = round(moved[rank], 2)
    return result


@dataclass(frozen=True)
class Place:
    """Where a text is written: a point on its base line, which is its start or its end."""

    x: float
    y: float
    anchor: str


def along(
    y: float,
    letters: int,
    lines: Sequence[Sequence[Point]],
    area: tuple[float, float, float, float],
) -> Place:
    """Choose where a horizontal line is named: at an end, above or below it, as lines leave room.

    Args:
        y: of the line.
        letters: of its name.
        lines: what else is drawn, each as the points that it goes through.
        area: left, top, right and bottom of the plot, in which the name stays where it can.
    """
    left, top, right, bottom = area
    width = TICK_WIDTH * letters
    drawn = [point for line in lines for point in _dense(line)]

    def covered(place: Place) -> tuple[bool, int]:
        start = place.x if place.anchor == "start" else place.x - width
        high, low = place.y - 11, place.y + 3
        under = sum(start - 3 <= x <= start + width + 3 and high <= v <= low for x, v in drawn)
        return not top <= high < low <= bottom + 1, under

    ends = (left + 4, "start"), (right - 4, "end")
    places = [Place(x, round(v, 2), anchor) for x, anchor in ends for v in (y + 13, y - 5)]
    return min(places, key=covered)


def _dense(line: Sequence[Point]) -> Iterator[Point]:
    """The line's points, with others between them, a few units apart."""
    yield from line
    for (x, y), (x2, y2) in pairwise(line):
        steps = ceil(dist((x, y), (x2, y2)) / 3)
        yield from ((x + (x2 - x) * i / steps, y + (y2 - y) * i / steps) for i in range(1, steps))
