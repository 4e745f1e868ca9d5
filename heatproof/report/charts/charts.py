"""Charts as coordinates for SVG templates: the frame that all share, and line charts.

Colours are not decided here: a series has a `slot`, which the style sheet turns into a colour and
a dash pattern for the reader's theme. Coordinates are rounded, so that the files are byte-stable.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from heatproof.report.charts import ticks

COLOURS = DASHES = 8  # in the style sheet
LABEL_HEIGHT, LETTER_WIDTH = 13.0, 7.0  # of a line's name, in the chart's units
MAX_DOTS = 30  # a line of more points is drawn without dots
MAX_SAMPLES, APART = 500, 5.0

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


@dataclass(frozen=True)
class Line:
    """A series as an SVG path, a path of dots if these are few, and the place of its name.

    leader: a path from the last point to the name; empty where there is no name. whiskers, samples:
    paths of the intervals and of what the points are means of.
    """

    name: str
    slot: int
    path: str
    dots: str
    label_y: float | None
    leader: str
    whiskers: str
    samples: str
    hollow: bool


@dataclass(frozen=True)
class Chart(Frame):
    """A line chart of series that have points.

    marker: an x with a vertical line, baseline: a y with a horizontal one, and what each is called.
    """

    series: Sequence[Series]
    as_percent: bool
    marker: tuple[float, str] | None
    baseline: tuple[float, str] | None

    @property
    def letters(self) -> int:
        """How many letters of a line's name fit beside the plot."""
        return int((self.width - self.right - 8) / LETTER_WIDTH)

    @property
    def marker_x(self) -> float | None:
        """The place of the vertical line."""
        return self.place(self.marker[0], self.y.start)[0] if self.marker else None

    @property
    def baseline_y(self) -> float | None:
        """The place of the horizontal line."""
        return self.place(self.x.start, self.baseline[0])[1] if self.baseline else None

    @cached_property
    def lines(self) -> list[Line]:
        """The series in their order, their names at the right end kept apart.

        Where they have intervals they are drawn side by side, a few units apart.
        """
        middle = (len(self.series) - 1) / 2 if any(s.intervals for s in self.series) else None
        shifts = [0.0 if middle is None else APART * (i - middle) for i in range(len(self.series))]
        drawn = [
            [self._shifted(point, shift) for point in s.points]
            for s, shift in zip(self.series, shifts, strict=True)
        ]
        labels = spread([points[-1][1] for points in drawn], self.top, self.bottom)
        return [
            Line(
                s.name,
                s.slot,
                path(points),
                _dots(points),
                label,
                self._leader(points, label),
                "".join(self._whisker(interval, shift) for interval in s.intervals),
                _dots([self._shifted(sample, shift) for sample in s.samples], MAX_SAMPLES),
                s.hollow,
            )
            for s, points, label, shift in zip(self.series, drawn, labels, shifts, strict=True)
        ]

    def _shifted(self, point: Point, shift: float) -> Point:
        x, y = self.place(*point)
        return round(x + shift, 2), y

    def _whisker(self, interval: tuple[float, float, float], shift: float) -> str:
        (x, low), (_, high) = (self._shifted((interval[0], y), shift) for y in interval[1:])
        return f"M{x:.4g} {low:.4g}V{high:.4g}"

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


def line_chart(
    title: str,
    series: Sequence[Series],
    *,
    x_title: str,
    as_percent: bool = False,
    label_room: float = 86.0,
    marker: tuple[float, str] | None = None,
    baseline: tuple[float, str] | None = None,
    x_ticks: Sequence[tuple[float, str]] = (),
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
        baseline: a y and a label for a horizontal line.
        x_ticks: of a logarithmic x axis; of an ordinary one, if left out.
        size: width and height.
        y_span: what the y axis covers at least; what the points do, if left out.
        summary: a sentence; where left out, one on the final values.
    """
    drawn = [s for s in series if s.points]
    if not drawn:
        return None
    xs, ys = ([point[i] for s in drawn for point in s.points] for i in (0, 1))
    ys += [*(y_span or ()), *([baseline[0]] if baseline else ())]
    ys += [y for s in drawn for _, *ends in (*s.intervals, *s.samples) for y in ends]
    y_values = ticks.upwards(min(ys), max(ys), as_percent)
    labels = [f"{100 * y:.4g} %" if as_percent else _text(y) for y in y_values]
    return Chart(
        title,
        summary or _summary(drawn, x_title, as_percent),
        Axis(
            x_title,
            min(xs),
            max(xs),
            x_ticks or [(x, f"{x:g}") for x in ticks.across(min(xs), max(xs))],
            log=bool(x_ticks),
        ),
        Axis("", y_values[0], y_values[-1], list(zip(y_values, labels, strict=True))),
        *size,
        size[0] - label_room,
        drawn,
        as_percent,
        marker,
        baseline,
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


def _text(value: float, as_percent: bool = False) -> str:
    return f"{100 * value:.2f} %" if as_percent else f"{value:.4g}".replace("-", "−")


def _dots(points: Sequence[Point], most: int = MAX_DOTS) -> str:
    """Lines of no length, which round caps make dots: one element for all points."""
    few = points if len(points) <= most else ()
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
