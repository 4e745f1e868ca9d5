"""Line charts as coordinates for SVG templates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from heatproof.report.charts import ticks
from heatproof.report.charts.frame import Axis, Frame, Point, path
from heatproof.report.charts.labels import LETTER_WIDTH, Place, along, spread
from heatproof.report.charts.series import Series, as_text, in_a_sentence, text_rows

MAX_DOTS = 30  # a line of more points is drawn without dots
MAX_SAMPLES, APART = 500, 5.0


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

    @property
    def baseline_label(self) -> Place | None:
        """Where the horizontal line is named: where the fewest lines and dots are."""
        if self.baseline is None or self.baseline_y is None:
            return None
        alone = [[self.place(*point)] for s in self.series for point in s.samples]
        errors = [
            [self.place(x, low), self.place(x, high)]
            for s in self.series
            for x, low, high in s.intervals
        ]
        lines = [[self.place(*point) for point in s.points] for s in self.series]
        area = self.left, self.top, self.right, self.bottom
        return along(self.baseline_y, len(self.baseline[1]), [*lines, *errors, *alone], area)

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
        return text_rows(self.series, self.as_percent)


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
    labels = [f"{100 * y:.4g} %" if as_percent else as_text(y) for y in y_values]
    return Chart(
        title,
        summary or in_a_sentence(drawn, x_title, as_percent),
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


def _dots(points: Sequence[Point], most: int = MAX_DOTS) -> str:
    """Lines of no length, which round caps make dots: one element for all points."""
    few = points if len(points) <= most else ()
    return "".join(f"M{x:.4g} {y:.4g}h0" for x, y in few)
