"""Pairs of parameters varied on a grid, as heat tables of the results."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from heatproof.report.sections.outcomes import Outcome, canonical
from heatproof.statistics import numbers

LEVELS = 6  # shades of the style sheet
MAX_GRIDS = 8  # per cell
MIN_FILLED = 2 / 3  # of a grid's combinations: failed experiments leave holes
# What is shown of each combination: a metric, its title, how it is formatted (the value and the
# number of test images), and whether its maximum is marked as the best.
SHOWN: tuple[tuple[str, str, Callable[[float, Any], str], bool], ...] = (
    ("accuracy", "Test accuracy", numbers.percent, True),
    ("parameters", "Parameters", lambda value, _: numbers.amount(value), False),
    ("train_seconds", "Training time", lambda value, _: numbers.duration(value), False),
)


@dataclass(frozen=True)
class Square:
    """A number as text, its interval, its shade, and its experiment's name."""

    text: str
    interval: str
    shade: str
    best: bool
    name: str


@dataclass(frozen=True)
class HeatTable:
    title: str
    rows: tuple[tuple[Square, ...], ...]


@dataclass(frozen=True)
class Grid:
    """Rows by one parameter and columns by another, which is None where only one was varied.

    `rest`: the other varied parameters, with their values in this grid.
    """

    row: str
    column: str | None
    row_values: tuple[str, ...]
    column_values: tuple[str, ...]
    rest: tuple[tuple[str, str], ...]
    tables: tuple[HeatTable, ...]


def grids(cell: str, experiments: Sequence[Outcome], baseline: Outcome) -> tuple[Grid, ...]:
    """Find every pair of parameters that the experiments vary on a full or nearly full grid.

    The baseline fills its place if no experiment has the same values. Of experiments with the same
    combination, the latest counts.
    """
    by_time = sorted(experiments, key=lambda e: (e.order, e.name))
    for points in ([baseline, *by_time], by_time):
        evaluated = [p for p in points if "accuracy" in p.figures.get(cell, {})]
        grids_found = tuple(_grids(cell, evaluated, baseline))
        if grids_found:
            return grids_found[:MAX_GRIDS]
    return ()


def _grids(cell: str, points: Sequence[Outcome], baseline: Outcome) -> Iterator[Grid]:
    names = {name for p in points for name in p.changes(baseline)}
    varying = sorted(n for n in names if len({canonical(p.params.get(n)) for p in points}) > 1)
    if len(varying) == 1 and len(points) > 1:
        yield _grid(cell, varying[0], None, _placed(points, varying[0], None), ())
    for a, b in combinations(varying, 2):
        others = [n for n in varying if n not in (a, b)]
        groups: dict[tuple[str, ...], list[Outcome]] = {}
        for point in points:
            groups.setdefault(tuple(canonical(point.params.get(n)) for n in others), []).append(
                point
            )
        for group in groups.values():
            placed = _placed(group, a, b)
            rows, columns = ({place[i] for place in placed} for i in (0, 1))
            full = len(placed) >= MIN_FILLED * len(rows) * len(columns)
            if full and min(len(rows), len(columns)) > 1:
                rest = tuple((n, as_typed(group[0].params.get(n))) for n in others)
                transposed = len(columns) > len(rows)
                first, second = (b, a) if transposed else (a, b)
                yield _grid(cell, first, second, _placed(group, first, second), rest)


def _placed(points: Sequence[Outcome], a: str, b: str | None) -> dict[tuple[str, str], Outcome]:
    """The point at each pair of values; of several, the last."""
    placed: dict[tuple[str, str], Outcome] = {}
    for point in points:
        place = canonical(point.params.get(a)), canonical(point.params.get(b)) if b else ""
        placed[place] = point
    return placed


def _grid(
    cell: str, a: str, b: str | None, placed: dict[tuple[str, str], Outcome],
    rest: tuple[tuple[str, str], ...],
) -> Grid:  # fmt: skip
    points = list(placed.values())
    rows = _ordered([p.params.get(a) for p in points])
    columns = _ordered([p.params.get(b) for p in points]) if b else [None]
    places = [
        [placed.get((canonical(r), canonical(c) if b else "")) for c in columns] for r in rows
    ]
    return Grid(
        row=a,
        column=b,
        row_values=tuple(map(as_typed, rows)),
        column_values=tuple(map(as_typed, columns)) if b else ("",),
        rest=rest,
        tables=tuple(
            HeatTable(title, _squares(cell, name, write, best, places))
            for name, title, write, best in SHOWN
            if any(numbers.known(p.figures[cell].get(name)) for p in points)
        ),
    )


def _squares(
    cell: str,
    name: str,
    write: Callable[[float, Any], str],
    best: bool,
    places: list[list[Outcome | None]],
) -> tuple[tuple[Square, ...], ...]:
    values = [[p.figures[cell].get(name) if p else None for p in row] for row in places]
    known = [v for row in values for v in row if numbers.known(v)]
    low, high = min(known), max(known)

    def square(row: int, column: int) -> Square:
        value, point = values[row][column], places[row][column]
        if point is None or not numbers.known(value):
            return Square(numbers.NOTHING, "", "none", False, point.name if point else "no result")
        share = (value - low) / (high - low) if high > low else 0
        figures = point.figures[cell]
        images, interval = figures.get("test_images"), ""
        if name == "accuracy":
            ends = figures.get("accuracy_low"), figures.get("accuracy_high")
            interval = numbers.interval(*ends, images) if all(map(numbers.known, ends)) else ""
        shade = f"hit-{min(LEVELS - 1, int(LEVELS * share))}"
        first = best and value == high and high > low
        return Square(write(value, images), interval, shade, first, point.name)

    sizes = product(range(len(values)), range(len(values[0])))
    squares = {place: square(*place) for place in sizes}
    return tuple(tuple(squares[i, j] for j in range(len(values[0]))) for i in range(len(values)))


def _ordered(values: list[Any]) -> list[Any]:
    """Distinct values, numbers by size and before anything else."""
    distinct = {canonical(v): v for v in values}

    def rank(text: str) -> tuple[bool, float, str]:
        value = distinct[text]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return not number, value if number else 0.0, text

    return [distinct[text] for text in sorted(distinct, key=rank)]


def as_typed(value: Any) -> str:
    """A parameter's value as one would type it."""
    if value is None:
        return numbers.NOTHING
    return numbers.printable(value if isinstance(value, str) else canonical(value))
