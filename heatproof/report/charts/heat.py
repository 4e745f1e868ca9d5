"""A square table of numbers between −1 and 1, shaded by size: blue above zero, orange below."""

from collections.abc import Sequence
from dataclasses import dataclass

from heatproof.statistics import numbers

SHADES = (0.1, 0.3, 0.5, 0.7, 0.9)  # a size below the first is the lightest


@dataclass(frozen=True)
class Square:
    """A shaded number: a class of the style sheet, a tooltip, more beneath it, a mark if best."""

    text: str
    shade: str
    tip: str = ""
    detail: str = ""
    best: bool = False


@dataclass(frozen=True)
class Heat:
    """A caption, the names of rows and columns alike, and the squares."""

    caption: str
    names: tuple[str, ...]
    rows: tuple[tuple[Square, ...], ...]


def heat(
    caption: str, names: Sequence[str], values: Sequence[Sequence[float | None]]
) -> Heat | None:
    """Lay out a matrix, row by row; None where there are fewer than two names.

    Args:
        caption: what the numbers are.
        names: of rows and columns.
        values: within [-1, 1]; None or NaN where unknown.
    """
    if len(names) < 2:
        return None
    rows = tuple(
        tuple(Square("", "own") if i == j else square(value) for j, value in enumerate(row))
        for i, row in enumerate(values)
    )
    return Heat(caption, tuple(names), rows)


def square(value: float | None) -> Square:
    """One number without its leading zero, and its shade."""
    if not numbers.known(value):
        return Square(numbers.NOTHING, "none")
    strength = sum(abs(value) >= edge for edge in SHADES)
    text = numbers.decimal(value, 2).replace("0.", ".", 1)
    return Square(text, f"{'hit' if value >= 0 else 'miss'}-{strength}")
