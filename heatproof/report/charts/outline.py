"""The outline of a mask as the path of an SVG, in the image's pixels."""

from collections.abc import Iterator

import numpy as np


def path(mask: np.ndarray) -> str:
    """Return the edges between the pixels inside and outside of a mask, bool (height, width).

    Lines from left to right, then from top to bottom; none where nothing is inside.
    """
    inside = mask.astype(bool)
    across = (f"M{x} {y}h{length}" for y, x, length in _edges(inside))
    down = (f"M{x} {y}v{length}" for x, y, length in _edges(inside.T))
    return "".join([*across, *down])


def _edges(inside: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Yield the edges along the rows: before which row, from which column, how long."""
    padded = np.pad(inside, ((1, 1), (0, 0)))
    for row, changes in enumerate(padded[1:] != padded[:-1]):
        ends = np.flatnonzero(np.diff(changes.astype(np.int8), prepend=0, append=0))
        for start, stop in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
            yield row, start, stop - start
