"""Boxes in a labels table: four columns of edges, or one column with the edges of all boxes."""

import re
from collections.abc import Sequence

from heatproof.datasets.labelled_files import Box

# What columns are called, in any case. Edges: left, top, right and lower one.
_EDGES = (
    ("xmin", "ymin", "xmax", "ymax"), ("x_min", "y_min", "x_max", "y_max"),
    ("x0", "y0", "x1", "y1"), ("x1", "y1", "x2", "y2"), ("left", "top", "right", "bottom"),
)  # fmt: skip
# Or the left and the upper one, width and height. Without these two, they are the image's.
_SIZES = (("x", "y", "w", "h"), ("x", "y", "width", "height"), ("left", "top", "width", "height"),
          ("bbox_x", "bbox_y", "bbox_width", "bbox_height"))  # fmt: skip
_ALL = ("boxes", "box", "bbox")  # x0 y0 x1 y1, and so on
_NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")
_BETWEEN = re.compile(r"[\s,;|()\[\]]*")


class BoxColumns:
    """Which columns of a table hold boxes; none where it has no such columns."""

    def __init__(self, header: Sequence[str]) -> None:
        """Find them by the columns' names, in lower case."""
        self.columns: list[int] = []
        self._are_sizes = False
        for names, are_sizes in (
            *((names, False) for names in (*_EDGES, *((name,) for name in _ALL))),
            *((names, True) for names in _SIZES),
        ):
            if all(name in header for name in names):
                self.columns = [header.index(name) for name in names]
                self._are_sizes = are_sizes
                return

    def boxes(self, row: Sequence[str]) -> tuple[Box, ...]:
        """Return the boxes of a row; none where its columns are empty.

        Raises:
            ValueError: they are no boxes; the message says why.
        """
        texts = [row[column].strip() for column in self.columns]
        if not any(texts):
            return ()
        joined = " ".join(texts)
        if _BETWEEN.fullmatch(_NUMBER.sub("", joined)) is None:
            raise ValueError(f"box '{joined}': expected numbers")
        numbers = list(map(float, _NUMBER.findall(joined)))
        if len(numbers) % 4 or not numbers:
            raise ValueError(f"box '{joined}': expected four numbers, or several times four")
        return tuple(self._box(*numbers[i : i + 4]) for i in range(0, len(numbers), 4))

    def _box(self, left: float, top: float, right: float, bottom: float) -> Box:
        if self._are_sizes:
            right, bottom = left + right, top + bottom
        if not (left < right and top < bottom):
            raise ValueError(f"box {left:g} {top:g} {right:g} {bottom:g}: ends before it begins")
        return left, top, right, bottom
