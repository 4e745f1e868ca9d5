"""Pairs of parameters varied on a grid, as heat tables of the results."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from heatproof.report.charts.heat import Square
from heatproof.report.sections.outcomes import FIGURES, Outcome, as_typed, canonical
from heatproof.statistics import numbers

LEVELS = 6  # shades of the style sheet
MAX_GRIDS = 8  # per cell
MIN_FILLED = 2 / 3  # of a grid's combinations: failed experiments leave holes
SHOWN = ("accuracy", "parameters", "train_seconds")  # of each combination


@dataclass(frozen=True)
class Grid:
    """Rows by one parameter and columns by another, which is None where only one was varied.

    `rest`: the other varied parameters, with their values in this grid. `tables`: title -> rows.
    """

    row: str
    column: str | None
    row_values: list[str]
    column_values: list[str]
    rest: list[tuple[str, str]]
    tables: dict[str, list[list[Square]]]


def grids(cell: str, experiments: Sequence[Outcome], baseline: Outcome) -> list[Grid]:
    """Find every pair of parameters that the experiments vary on a full or nearly full grid.

    The baseline fills its place if no experiment has the same values. Of experiments with the same
    combination, the latest counts.
    """
    by_time = sorted(experiments, key=lambda e: (e.order, e.name))
    for points in ([baseline, *by_time], by_time):
        evaluated = [p for p in points if "accuracy" in p.figures.get(cell, {})]
        if found := list(_grids(cell, evaluated, baseline)):
            return found[:MAX_GRIDS]
    return []


def _grids(cell: str, points: Sequence[Outcome], baseline: Outcome) -> Iterator[Grid]:
    names = {name for p in points for name in p.changes(baseline)}
    varying = sorted(name for name in names if len({_value(p, name) for p in points}) > 1)
    if len(varying) == 1 and len(points) > 1:
        yield _grid(cell, points, varying[0], None, [])
    for a, b in combinations(varying, 2):
        others = [name for name in varying if name not in (a, b)]
        groups: dict[tuple[str, ...], list[Outcome]] = {}
        for point in points:
            groups.setdefault(tuple(_value(point, n) for n in others), []).append(point)
        for group in groups.values():
            rows, columns = ({_value(p, name) for p in group} for name in (a, b))
            places = {(_value(p, a), _value(p, b)) for p in group}
            full = len(places) >= MIN_FILLED * len(rows) * len(columns)
            if full and min(len(rows), len(columns)) > 1:
                rest = [(name, as_typed(group[0].params.get(name))) for name in others]
                first, second = (b, a) if len(columns) > len(rows) else (a, b)
                yield _grid(cell, group, first, second, rest)


def _value(point: Outcome, name: str | None) -> str:
    """A parameter's value, to be compared; the same for all where no parameter is named."""
    return canonical(point.params.get(name)) if name else ""


def _grid(
    cell: str, points: Sequence[Outcome], a: str, b: str | None, rest: list[tuple[str, str]]
) -> Grid:
    placed = {(_value(p, a), _value(p, b)): p for p in points}
    rows, columns = (_ordered(points, name) for name in (a, b))
    places = [[placed.get((row, column)) for column in columns] for row in rows]
    return Grid(
        row=a,
        column=b,
        row_values=list(rows.values()),
        column_values=list(columns.values()),
        rest=rest,
        tables={
            FIGURES[name].label: squares
            for name in SHOWN
            if (squares := _squares(cell, name, places))
        },
    )


def _squares(cell: str, name: str, places: list[list[Outcome | None]]) -> list[list[Square]]:
    """A figure at each place, shaded from the lowest to the highest; empty where unknown of all."""
    values = (p.figures[cell].get(name) for row in places for p in row if p)
    known = [value for value in values if numbers.known(value)]
    if not known:
        return []
    low, high = min(known), max(known)

    def square(point: Outcome | None) -> Square:
        value = point.figures[cell].get(name) if point else None
        if point is None or not numbers.known(value):
            return Square(numbers.NOTHING, "none", point.name if point else "no result")
        share = (value - low) / (high - low) if high > low else 0
        accuracy = name == "accuracy"
        interval = point.interval(cell) if accuracy else ""
        return Square(
            point.text(cell, name),
            f"hit-{min(LEVELS - 1, int(LEVELS * share))}",
            point.name,
            "" if interval == numbers.NOTHING else interval,
            accuracy and value == high > low,
        )

    return [[square(point) for point in row] for row in places]


def _ordered(points: Sequence[Outcome], name: str | None) -> dict[str, str]:
    """A parameter's values as compared -> as typed, numbers by size and before all else."""
    distinct = {_value(p, name): p.params.get(name) if name else None for p in points}

    def rank(item: tuple[str, Any]) -> tuple[bool, float, str]:
        text, value = item
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return not number, value if number else 0.0, text

    return {text: as_typed(value) for text, value in sorted(distinct.items(), key=rank)}
