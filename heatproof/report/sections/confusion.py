"""Confusion matrices: a table with shaded squares, or a picture where there are too many classes.

Beside a picture the most confused classes have a table.

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
MAX_CONFUSED = 15  # of more classes, the most confused that have a table
MAX_SQUARES = 200  # of the picture, a side: more could not be told apart
MAX_NAMES = 20  # of classes that are never predicted, in a list
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
class Table:
    """Some classes' part of a confusion matrix, or `all` of it.

    classes: their numbers. rows: of each its number, its squares, and its images predicted as
    another class than these.
    """

    classes: tuple[int, ...]
    rows: tuple[tuple[int, tuple[Square, ...], int], ...]
    all: bool


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix ready for its template.

    table: of all classes, or the most confused ones where there are too many; then `picture` shows
    them all, with `squares` a side and `block` classes a side in each.
    """

    part: str
    images: int
    correct: int
    class_names: tuple[str, ...]
    table: Table
    totals: tuple[int, ...]
    picture: bytes | None
    block: int
    squares: int
    never_predicted: tuple[str, ...]
    absent: tuple[str, ...]


def matrix(part: str, counts: np.ndarray, class_names: Sequence[str]) -> Matrix:
    """Lay out a confusion matrix.

    Args:
        part: "test" or "train".
        counts: int (classes, classes), rows true and columns predicted.
        class_names: of the rows and of the columns.
    """
    totals = counts.sum(axis=1)
    as_table = len(class_names) <= MAX_TABLE_CLASSES
    classes = list(range(len(class_names))) if as_table else most_confused(counts)
    block = -(-len(class_names) // MAX_SQUARES)
    blocks = in_blocks(counts, block)
    return Matrix(
        part=part,
        images=int(counts.sum()),
        correct=int(np.trace(counts)),
        class_names=tuple(class_names),
        table=Table(
            tuple(classes),
            tuple(_row(counts, true, classes, class_names) for true in classes),
            as_table,
        ),
        totals=tuple(totals.tolist()),
        picture=None if as_table else _picture(blocks),
        block=block,
        squares=len(blocks),
        never_predicted=_names(class_names, (counts.sum(axis=0) == 0) & (totals > 0)),
        absent=_names(class_names, totals == 0),
    )


def most_confused(counts: np.ndarray) -> list[int]:
    """Return the classes of the most frequent confusions, at most `MAX_CONFUSED`, in their order.

    Of equally frequent ones those of the rarer true class come first, and then as in the matrix.
    """
    totals = counts.sum(axis=1)
    wrong = np.argwhere(counts * ~np.eye(len(counts), dtype=bool))
    wrong = wrong[np.lexsort((totals[wrong[:, 0]], -counts[tuple(wrong.T)]))]
    chosen: dict[int, None] = {}
    for pair in wrong.tolist():
        more = chosen | dict.fromkeys(pair)
        if len(more) > MAX_CONFUSED:
            break
        chosen = more
    return sorted(chosen)


def in_blocks(counts: np.ndarray, block: int) -> np.ndarray:
    """Add up a confusion matrix in squares of `block` by `block` neighbouring classes."""
    starts = np.arange(0, len(counts), block)
    return np.add.reduceat(np.add.reduceat(counts, starts, axis=0), starts, axis=1)


def step(share: float | np.ndarray, steps: Sequence[float]) -> np.ndarray:
    """Return the shade of each share: 0 below the first step, len(steps) from the last on."""
    return np.searchsorted(steps, np.asarray(share) + 1e-12, side="right")


def _names(class_names: Sequence[str], chosen: np.ndarray) -> tuple[str, ...]:
    return tuple(name for name, keep in zip(class_names, chosen, strict=True) if keep)


def _row(
    counts: np.ndarray, true: int, columns: Sequence[int], class_names: Sequence[str]
) -> tuple[int, tuple[Square, ...], int]:
    total = int(counts[true].sum())
    squares = []
    for predicted in columns:
        value = int(counts[true, predicted])
        share = value / total if total else 0.0
        hit = f"hit-{step(share, HIT_STEPS)}"
        shade = hit if true == predicted else f"miss-{step(share, MISS_STEPS)}"
        names = [numbers.printable(class_names[index]) for index in (true, predicted)]
        tip = f"true {names[0]}, predicted {names[1]}: {value:,} of {total:,}"
        tip = f"{tip} ({numbers.percent(share)})"
        squares.append(Square(str(value or "·"), shade if value else "none", tip))
    return true, tuple(squares), total - int(counts[true, list(columns)].sum())


def _picture(table: np.ndarray) -> bytes:
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    hits = np.array(_HIT_COLOURS, np.uint8)[step(shares, HIT_STEPS)]
    misses = np.array(_MISS_COLOURS, np.uint8)[step(shares, MISS_STEPS)]
    picture = np.where(np.eye(len(table), dtype=bool)[..., None], hits, misses)
    picture[table == 0] = _NO_COUNT
    return png(picture)
