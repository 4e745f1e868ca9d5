"""Two parameters that were tried in combination, as heat tables of what came of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from heatproof.report.sections.outcomes import Outcome, same
from heatproof.statistics import numbers

LEVELS = 6  # shades of the style sheet
MOST = 8  # grids of one cell: more are a table's business
FULL = 2 / 3  # of the combinations at least: one that failed leaves a hole, no more
# What is shown of each combination: its title, how it is written (the number, of so many test
# images), and whether more is better.
SHOWN: tuple[tuple[str, str, Callable[[float, Any], str], bool], ...] = (
    ("accuracy", "Test accuracy", numbers.percent, True),
    ("parameters", "Parameters", lambda value, _: numbers.amount(value), False),
    ("train_seconds", "Training time", lambda value, _: numbers.duration(value), False),
)


@dataclass(frozen=True)
class Square:
    """A number as text, its interval beneath it, its shade, and which experiment it is of."""

    text: str
    under: str
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

    `rest`: other parameters that vary between grids, with their values in this one.
    """

    row: str
    column: str | None
    row_values: tuple[str, ...]
    column_values: tuple[str, ...]
    rest: tuple[tuple[str, str], ...]
    tables: tuple[HeatTable, ...]


def grids(cell: str, experiments: Sequence[Outcome], baseline: Outcome) -> tuple[Grid, ...]:
    """Find every pair of parameters that the experiments vary on a grid, full or nearly.

    The baseline fills a place that no experiment took, where it has one. Where a combination was
    tried twice, the later experiment counts.
    """
    by_time = sorted(experiments, key=lambda e: (e.order, e.name))
    for points in ([baseline, *by_time], by_time):
        having = [p for p in points if "accuracy" in p.figures.get(cell, {})]
        found = tuple(_grids(cell, having, baseline))
        if found:
            return found[:MOST]
    return ()


def _grids(cell: str, points: Sequence[Outcome], baseline: Outcome) -> Iterator[Grid]:
    names = {name for p in points for name in p.changes(baseline)}
    varying = sorted(n for n in names if len({same(p.params.get(n)) for p in points}) > 1)
    if len(varying) == 1 and len(points) > 1:
        yield _grid(cell, varying[0], None, _placed(points, varying[0], None), ())
    for a, b in combinations(varying, 2):
        others = [n for n in varying if n not in (a, b)]
        groups: dict[tuple[str, ...], list[Outcome]] = {}
        for point in points:
            groups.setdefault(tuple(same(point.params.get(n)) for n in others), []).append(point)
        for group in groups.values():
            placed = _placed(group, a, b)
            rows, columns = ({place[i] for place in placed} for i in (0, 1))
            full = len(placed) >= FULL * len(rows) * len(columns)
            if full and min(len(rows), len(columns)) > 1:
                rest = tuple((n, told(group[0].params.get(n))) for n in others)
                turned = len(columns) > len(rows)
                first, second = (b, a) if turned else (a, b)
                yield _grid(cell, first, second, _placed(group, first, second), rest)


def _placed(points: Sequence[Outcome], a: str, b: str | None) -> dict[tuple[str, str], Outcome]:
    """The point at each pair of values: the last of several, and the baseline is the first."""
    placed: dict[tuple[str, str], Outcome] = {}
    for point in points:
        place = same(point.params.get(a)), same(point.params.get(b)) if b else ""
        placed[place] = point
    return placed


def _grid(
    cell: str, a: str, b: str | None, placed: dict[tuple[str, str], Outcome],
    rest: tuple[tuple[str, str], ...],
) -> Grid:  # fmt: skip
    points = list(placed.values())
    rows = _ordered([p.params.get(a) for p in points])
    columns = _ordered([p.params.get(b) for p in points]) if b else [None]
    places = [[placed.get((same(r), same(c) if b else "")) for c in columns] for r in rows]
    return Grid(
        row=a,
        column=b,
        row_values=tuple(map(told, rows)),
        column_values=tuple(map(told, columns)) if b else ("",),
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
        images, under = figures.get("test_images"), ""
        if name == "accuracy":
            ends = figures.get("accuracy_low"), figures.get("accuracy_high")
            under = numbers.interval(*ends, images) if all(map(numbers.known, ends)) else ""
        shade = f"hit-{min(LEVELS - 1, int(LEVELS * share))}"
        first = best and value == high and high > low
        return Square(write(value, images), under, shade, first, point.name)

    sizes = product(range(len(values)), range(len(values[0])))
    squares = {place: square(*place) for place in sizes}
    return tuple(tuple(squares[i, j] for j in range(len(values[0]))) for i in range(len(values)))


def _ordered(values: list[Any]) -> list[Any]:
    """Distinct values, numbers by size and before anything else."""
    distinct = {same(v): v for v in values}

    def rank(text: str) -> tuple[bool, float, str]:
        value = distinct[text]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return not number, value if number else 0.0, text

    return [distinct[text] for text in sorted(distinct, key=rank)]


def told(value: Any) -> str:
    """A parameter's value as one would type it."""
    if value is None:
        return numbers.NOTHING
    return numbers.printable(value if isinstance(value, str) else same(value))
