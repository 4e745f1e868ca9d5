"""Line charts as coordinates for SVG templates.

Colours are not decided here: a series has a `slot`, which the style sheet turns into a colour and
a dash pattern for the reader's theme. Coordinates are rounded, so that the files are byte-stable.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

COLOURS = DASHES = 8  # in the style sheet
LABEL_HEIGHT, LETTER_WIDTH = 13.0, 7.0  # of a line's name, in the chart's units
MAX_DOTS = 30  # a line of more points is drawn without dots


@dataclass(frozen=True)
class Frame:
    """A chart in its own units; the plot area is (left, top) to (right, bottom).

    `summary` is a sentence; a tick is its place and its label.
    """

    title: str
    summary: str
    x_title: str
    width: float
    height: float
    left: float
    top: float
    right: float
    bottom: float
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Line:
    """One series: an SVG path (and a path of dots, if few), its name's place."""

    name: str
    slot: int
    path: str
    dots: str
    label_y: float | None
    leader: str  # a path from the last point to the name; empty where there is no name


@dataclass(frozen=True)
class Row:
    """The numbers at one x, as text, in the order of the lines; None where missing."""

    x: str
    values: tuple[str | None, ...]


@dataclass(frozen=True)
class Chart(Frame):
    """A line chart; `rows` are its numbers, one column per line."""

    rows: tuple[Row, ...]
    lines: tuple[Line, ...]
    letters: int  # of a line's name that fit beside the plot
    marker_x: float | None = None
    marker_label: str = ""


@dataclass(frozen=True)
class Series:
    """A named sequence of (x, y); y may be None or NaN where there is no number."""

    name: str
    slot: int
    xs: Sequence[float]
    ys: Sequence[float | None]


# A series and its points that have numbers.
Drawn = tuple[Series, list[tuple[float, float]]]


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
    """
    drawn = [(s, _finite(s)) for s in series]
    drawn = [(s, pairs) for s, pairs in drawn if pairs]
    if not drawn:
        return None
    xs = [x for _, pairs in drawn for x, _ in pairs]
    ys = [y for _, pairs in drawn for _, y in pairs]
    x_low, x_high = min(xs), max(xs)
    y_values = _y_ticks(min(ys), max(ys), as_percent)
    y_low, y_high = y_values[0], y_values[-1]
    width, height = size
    left, top, right, bottom = 46.0, 24.0, width - label_room, height - 38.0

    def x_at(x: float) -> float:
        share = 0.5 if x_high == x_low else (x - x_low) / (x_high - x_low)
        return round(left + share * (right - left), 1)

    def y_at(y: float) -> float:
        return round(bottom - (y - y_low) / (y_high - y_low) * (bottom - top), 1)

    places = spread([y_at(pairs[-1][1]) for _, pairs in drawn], top, bottom)
    lines = tuple(
        Line(
            name=s.name,
            slot=s.slot,
            path=_path([(x_at(x), y_at(y)) for x, y in pairs]),
            dots=_dots([(x_at(x), y_at(y)) for x, y in pairs]) if len(pairs) <= MAX_DOTS else "",
            label_y=place,
            leader=_leader(x_at(pairs[-1][0]), y_at(pairs[-1][1]), right, place),
        )
        for (s, pairs), place in zip(drawn, places, strict=True)
    )
    return Chart(
        title=title,
        summary=_summary(drawn, x_title, as_percent),
        rows=tuple(_rows(drawn, as_percent)),
        x_title=x_title,
        width=width,
        height=height,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        x_ticks=tuple((x_at(x), f"{x:g}") for x in _x_ticks(x_low, x_high)),
        y_ticks=tuple(
            (y_at(y), f"{100 * y:.4g} %" if as_percent else f"{y:.4g}".replace("-", "−"))
            for y in y_values
        ),
        lines=lines,
        letters=int((label_room - 8) / LETTER_WIDTH),
        marker_x=x_at(marker[0]) if marker else None,
        marker_label=marker[1] if marker else "",
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


def _finite(series: Series) -> list[tuple[float, float]]:
    pairs = zip(series.xs, series.ys, strict=True)
    return [(float(x), float(y)) for x, y in pairs if y is not None and math.isfinite(y)]


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


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _leader(x: float, y: float, right: float, place: float | None) -> str:
    return "" if place is None else f"M{x + 5:g} {y:g}L{right:g} {y:g}L{right + 6:g} {place:g}"


def _format(value: float, as_percent: bool) -> str:
    return f"{100 * value:.2f} %" if as_percent else f"{value:.4g}".replace("-", "−")


def _dots(points: Sequence[tuple[float, float]]) -> str:
    """Lines of no length, which round caps make dots: one element for all points."""
    return "".join(f"M{x:g} {y:g}h0" for x, y in points)


def _summary(drawn: Sequence[Drawn], x_title: str, as_percent: bool) -> str:
    ends = [(pairs[-1][1], s.name) for s, pairs in drawn]
    if len(ends) == 1:
        (x, first), (last, name) = drawn[0][1][0], ends[0]
        return (
            f"{name}: {_format(first, as_percent)} at {x_title} {x:g}, "
            f"{_format(last, as_percent)} at the end."
        )
    lowest, highest = min(ends), max(ends)
    return (
        f"Final values from {_format(lowest[0], as_percent)} ({lowest[1]}) "
        f"to {_format(highest[0], as_percent)} ({highest[1]})."
    )


def _rows(drawn: Sequence[Drawn], as_percent: bool) -> Iterator[Row]:
    lines = [dict(pairs) for _, pairs in drawn]
    for x in sorted({x for line in lines for x in line}):
        values = (line.get(x) for line in lines)
        yield Row(f"{x:g}", tuple(None if y is None else _format(y, as_percent) for y in values))
