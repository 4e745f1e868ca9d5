"""Pictures of what explaining finds, for the experiment tracker: rows of tiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS = 8


@dataclass(frozen=True)
class Row:
    """Tiles of one size, float (height, width, 3) in [0, 1], each with its name, and a label."""

    label: str
    tiles: Sequence[np.ndarray]
    names: Sequence[str]


def picture(rows: Sequence[Row], inches: float) -> "Figure | None":
    """Draw rows of tiles so many inches wide, names below them; None where there is nothing."""
    rows = [row for row in rows if len(row.tiles)]
    if not rows:
        return None
    from matplotlib.figure import Figure

    from heatproof.run.lettering import legible

    columns = max(len(row.tiles) for row in rows)
    size = (inches * columns + 1, (inches + 0.3) * len(rows))
    drawn = Figure(figsize=size, dpi=100, layout="constrained")
    # One pair of axes per row: matplotlib needs longer for one than for all that is drawn in it.
    for row, axes in zip(rows, drawn.subplots(len(rows), 1, squeeze=False)[:, 0], strict=True):
        height, width = row.tiles[0].shape[:2]
        joined = np.ones((height, columns * (width + 1) - 1, 3))
        for number, tile in enumerate(row.tiles):
            joined[:, number * (width + 1) :][:, :width] = tile
        axes.imshow(joined)
        middles = np.arange(len(row.tiles)) * (width + 1) + (width - 1) / 2
        axes.set_xticks(middles, row.names, fontsize=6)
        axes.set_yticks([])
        axes.tick_params(length=0)
        axes.set_ylabel(row.label, fontsize=6)
        axes.spines[:].set_visible(False)
    return legible(drawn)


def spread(count: int) -> np.ndarray:
    """Return which of so many are drawn: at most 8, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, ROWS)).round().astype(int))


def of_image(image: np.ndarray) -> np.ndarray:
    """Return a tile of an image, float (height, width, 1 or 3) in [0, 1]."""
    return np.broadcast_to(image, (*image.shape[:2], 3))


def of_values(values: np.ndarray, peak: float) -> np.ndarray:
    """Return a tile of float (height, width): red to `peak`, blue to -`peak`, white at zero."""
    from matplotlib import colormaps

    return colormaps["RdBu_r"](0.5 + values / (2 * (peak or 1)))[..., :3]
