"""Confusion matrices: a table with shaded squares, or a picture where there are too many classes.

Shades are relative to the true class, so that mistakes on rare classes are as visible as on
common ones. The diagonal has a scale of its own, because a confusion of 2 % matters and a
difference of 2 % in recall hardly does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heatproof.report.charts.heat import Square
from heatproof.report.charts.sprites import png
from heatproof.statistics import numbers

MAX_TABLE_CLASSES = 30
HIT_STEPS = (0.5, 0.8, 0.9, 0.95, 0.99)
MISS_STEPS = (0.005, 0.01, 0.02, 0.05, 0.1)
HIT_KEYS = ("< 50 %", "50 %", "80 %", "90 %", "95 %", "≥ 99 %")
MISS_KEYS = ("< 0.5 %", "0.5 %", "1 %", "2 %", "5 %", "≥ 10 %")

# For the picture, which has no style sheet: from pale to strong, blue on the diagonal, else orange.
_HITS = ((217, 230, 245), (183, 208, 236), (140, 180, 222), (94, 148, 204), (51, 113, 179))
_HIT_COLOURS = (*_HITS, (23, 78, 140))
_MISSES = ((252, 236, 221), (250, 217, 186), (245, 190, 140), (234, 153, 86), (211, 112, 36))
_MISS_COLOURS = (*_MISSES, (161, 71, 10))
_NO_COUNT = (255, 255, 255)


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix ready for its template; `rows` is empty where `picture` is used."""

    part: str
    images: int
    correct: int
    class_names: tuple[str, ...]
    rows: tuple[tuple[Square, ...], ...]
    totals: tuple[int, ...]
    picture: bytes | None
    never_predicted: tuple[str, ...]
    absent: tuple[str, ...]


def matrix(part: str, counts: Sequence[Sequence[int]], class_names: Sequence[str]) -> Matrix:
    """Lay out a confusion matrix.

    Args:
        part: "test" or "train".
        counts: (classes, classes), rows true and columns predicted.
        class_names: of the rows and of the columns.
    """
    table = np.asarray(counts, dtype=np.int64).reshape(len(class_names), len(class_names))
    totals = table.sum(axis=1)
    as_table = len(class_names) <= MAX_TABLE_CLASSES
    return Matrix(
        part=part,
        images=int(table.sum()),
        correct=int(np.trace(table)),
        class_names=tuple(class_names),
        rows=tuple(_row(table, row, class_names) for row in range(len(table))) if as_table else (),
        totals=tuple(totals.tolist()),
        picture=None if as_table else _picture(table),
        never_predicted=_names(class_names, (table.sum(axis=0) == 0) & (totals > 0)),
        absent=_names(class_names, totals == 0),
    )


def step(share: float | np.ndarray, steps: Sequence[float]) -> np.ndarray:
    """Return the shade of each share: 0 below the first step, len(steps) from the last on."""
    return np.searchsorted(steps, np.asarray(share) + 1e-12, side="right")


def _names(class_names: Sequence[str], chosen: np.ndarray) -> tuple[str, ...]:
    return tuple(name for name, keep in zip(class_names, chosen, strict=True) if keep)


def _row(table: np.ndarray, row: int, class_names: Sequence[str]) -> tuple[Square, ...]:
    total = int(table[row].sum())
    squares = []
    for column, value in enumerate(table[row].tolist()):
        share = value / total if total else 0.0
        hit = f"hit-{step(share, HIT_STEPS)}"
        shade = hit if row == column else f"miss-{step(share, MISS_STEPS)}"
        true, predicted = (numbers.printable(class_names[index]) for index in (row, column))
        tip = f"true {true}, predicted {predicted}: {value:,} of {total:,}"
        tip = f"{tip} ({numbers.percent(share)})"
        squares.append(Square(str(value or "·"), shade if value else "none", tip))
    return tuple(squares)


def _picture(table: np.ndarray) -> bytes:
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    hits = np.array(_HIT_COLOURS, np.uint8)[step(shares, HIT_STEPS)]
    misses = np.array(_MISS_COLOURS, np.uint8)[step(shares, MISS_STEPS)]
    picture = np.where(np.eye(len(table), dtype=bool)[..., None], hits, misses)
    picture[table == 0] = _NO_COUNT
    return png(picture)
