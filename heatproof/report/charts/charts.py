"""Charts as coordinates for SVG templates: the frame that all share, and line charts.

Colours are not decided here: a series has a `slot`, which the style sheet turns into a colour and
a dash pattern for the reader's theme. Coordinates are rounded, so that the files are byte-stable.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

COLOURS = DASHES = 8  # in the style sheet
LABEL_HEIGHT, LETTER_WIDTH = 13.0, 7.0  # of a line's name, in the chart's units
MAX_DOTS = 30  # a line of more points is drawn without dots

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """An axis' title, the values at its start and end (upwards, or to the right), its ticks."""

    title: str
    start: float
    end: float
    ticks: Sequence[tuple[float, str]]
    log: bool = False

    def share(self, value: float) -> float:
        """How far along the axis a value lies: 0 at its start, 1 at its end."""
        start, end, at = (math.log10(v) if self.log else v for v in (self.start, self.end, value))
        return 0.5 if start == end else (at - start) / (end - start)


@dataclass(frozen=True)
class Frame:
    """A chart in its own units; the plot area is (left, top) to (right, bottom).

    `summary` is a sentence.
    """

    left: ClassVar[float] = 46.0
    top: ClassVar[float] = 24.0
    title: str
    summary: str
    x: Axis
    y: Axis
    width: float
    height: float
    right: float

    @property
    def bottom(self) -> float:
        """The lower edge of the plot, above the ticks' labels and the x axis' title."""
        return self.height - 38

    def place(self, x: float, y: float) -> Point:
        """Where a point of these values is drawn."""
        across = self.left + self.x.share(x) * (self.right - self.left)
        return round(across, 2), round(self.bottom - self.y.share(y) * (self.bottom - self.top), 2)

    @property
    def x_ticks(self) -> list[tuple[float, str]]:
        """The place and the label of each tick."""
        return [(self.place(x, self.y.start)[0], label) for x, label in self.x.ticks]

    @property
    def y_ticks(self) -> list[tuple[float, str]]:
        """The place and the label of each tick."""
        return [(self.place(self.x.start, y)[1], label) for y, label in self.y.ticks]


@dataclass(frozen=True)
class Series:
    """A named sequence of (x, y); y may be None or NaN where there is no number."""

    name: str
    slot: int
    xs: Sequence[float]
    ys: Sequence[float | None]

    @cached_property
    def points(self) -> list[Point]:
        """Those that have numbers."""
        pairs = zip(self.xs, self.ys, strict=True)
        return [(float(x), float(y)) for x, y in pairs if y is not None and math.isfinite(y)]


@dataclass(frozen=True)
class Line:
    """A series as an SVG path, a path of dots if these are few, and the place of its name.

    leader: a path from the last point to the name; empty where there is no name.
    """

    name: str
    slot: int
    path: str
    dots: str
    label_y: float | None
    leader: str


@dataclass(frozen=True)
class Chart(Frame):
    """A line chart of series that have points, with a vertical line at the marker, if any."""

    series: Sequence[Series]
    as_percent: bool
    marker: tuple[float, str] | None

    @property
    def letters(self) -> int:
        """How many letters of a line's name fit beside the plot."""
        return int((self.width - self.right - 8) / LETTER_WIDTH)

    @property
    def marker_x(self) -> float | None:
        """The place of the vertical line."""
        return self.place(self.marker[0], self.y.start)[0] if self.marker else None

    @cached_property
    def lines(self) -> list[Line]:
        """The series in their order, their names at the right end kept apart."""
        drawn = [[self.place(*point) for point in s.points] for s in self.series]
        labels = spread([points[-1][1] for points in drawn], self.top, self.bottom)
        return [
            Line(s.name, s.slot, path(points), _dots(points), label, self._leader(points, label))
            for s, points, label in zip(self.series, drawn, labels, strict=True)
        ]

    def _leader(self, points: Sequence[Point], label: float | None) -> str:
        (x, y), right = points[-1], self.right
        return "" if label is None else path([(x + 5, y), (right, y), (right + 6, label)])

    def rows(self) -> Iterator[tuple[str, list[str | None]]]:
        """The numbers at each x, as text, in the order of the lines; None where missing."""
        values = [dict(s.points) for s in self.series]
        for x in sorted({x for each in values for x in each}):
            at = (each.get(x) for each in values)
            yield f"{x:g}", [None if y is None else _text(y, self.as_percent) for y in at]


def slot_classes(slot: int) -> str:
    """The style sheet's classes for a slot: the first 64 differ in colour, dash or both."""
    return f"slot-{slot % COLOURS} dash-{(slot + slot // COLOURS) % DASHES}"


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers that cover low to high: steps of 1, 2 or 5 times a power of ten.

    Raises:
        ValueError: high is not above low.
    """
    if not high > low:
        raise ValueError(f"no span between {low} and {high}")
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * size for size in (1, 2, 5, 10) if power * size >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def line_chart(
    title: str,
    series: Sequence[Series],
    *,
    x_title: str,
    as_percent: bool = False,
    label_room: float = 86.0,
    marker: tuple[float, str] | None = None,
    size: tuple[float, float] = (430.0, 262.0),
    y_span: tuple[float, float] | None = None,
    summary: str = "",
) -> Chart | None:
    """Lay out a line chart; None where no series has a number.

    Args:
        title: also the picture's name for a screen reader.
        series: drawn in this order, each labelled at its right end.
        x_title: name of the x axis.
        as_percent: y is a share, ticked in percent and never drawn beyond 0 to 100 %.
        label_room: space right of the plot for the series' names.
        marker: an x and a label for a vertical line.
        size: width and height.
        y_span: what the y axis covers at least; what the points do, if left out.
        summary: a sentence; where left out, one on the final values.
    """
    drawn = [s for s in series if s.points]
    if not drawn:
        return None
    xs, ys = ([point[i] for s in drawn for point in s.points] for i in (0, 1))
    ys += y_span or ()
    y_values = _y_ticks(min(ys), max(ys), as_percent)
    labels = [f"{100 * y:.4g} %" if as_percent else _text(y) for y in y_values]
    return Chart(
        title,
        summary or _summary(drawn, x_title, as_percent),
        Axis(x_title, min(xs), max(xs), [(x, f"{x:g}") for x in _x_ticks(min(xs), max(xs))]),
        Axis("", y_values[0], y_values[-1], list(zip(y_values, labels, strict=True))),
        *size,
        size[0] - label_room,
        drawn,
        as_percent,
        marker,
    )


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


def position(value: float, low: float, high: float) -> float:
    """Where a value lies between low and high, in percent, clipped to 0 to 100."""
    share = 0.5 if high == low else (value - low) / (high - low)
    return round(100 * min(1.0, max(0.0, share)), 2)


def path(points: Sequence[Point]) -> str:
    """Points as a line in SVG, to a tenth of a unit."""
    return "M" + "L".join(f"{x:.4g} {y:.4g}" for x, y in points)


def _y_ticks(low: float, high: float, as_percent: bool) -> list[float]:
    if high - low < 1e-6:
        pad = 0.01 if as_percent else max(abs(high) * 0.1, 0.01)
        low, high = low - pad, high + pad
    if as_percent:
        low, high = max(0.0, low), min(1.0, high)
        return [y for y in ticks(low, high, 4) if -1e-9 <= y <= 1 + 1e-9]
    return ticks(max(0.0, low) if low >= 0 else low, high, 4)


def _x_ticks(low: float, high: float) -> list[float]:
    if high == low:
        return [low]
    inner = [x for x in ticks(low, high, 5) if low < x < high and x == int(x)]
    room = (high - low) / 12
    return [low, *(x for x in inner if x - low > room and high - x > room), high]


def _text(value: float, as_percent: bool = False) -> str:
    return f"{100 * value:.2f} %" if as_percent else f"{value:.4g}".replace("-", "−")


def _dots(points: Sequence[Point]) -> str:
    """Lines of no length, which round caps make dots: one element for all points."""
    few = points if len(points) <= MAX_DOTS else ()
    return "".join(f"M{x:.4g} {y:.4g}h0" for x, y in few)


def _summary(drawn: Sequence[Series], x_title: str, as_percent: bool) -> str:
    ends = [(s.points[-1][1], s.name) for s in drawn]
    if len(ends) == 1:
        (x, first), (last, name) = drawn[0].points[0], ends[0]
        return (
            f"{name}: {_text(first, as_percent)} at {x_title} {x:g}, "
            f"{_text(last, as_percent)} at the end."
        )
    lowest, highest = min(ends), max(ends)
    return (
        f"Final values from {_text(lowest[0], as_percent)} ({lowest[1]}) "
        f"to {_text(highest[0], as_percent)} ({highest[1]})."
    )
