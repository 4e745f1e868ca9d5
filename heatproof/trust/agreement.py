"""Do methods point at the same pixels? Every pair of them, on the same images.

Methods that disagree cannot all be right; that they agree does not make them right. Maps are
compared as magnitudes, once pixel by pixel and once on a coarse grid: a feature map's method, which
sees in blocks of pixels, cannot agree with a gradient's speckle, even where both mean the same part
of the image.
"""

import numpy as np

from heatproof.statistics.correlation import mean_ranks

FRACTION = 0.1  # of the pixels, or cells, are the top ones
# Cells a side of the grid: that of the last feature maps, in whole pixels at the study's sizes
# (28 is 7 × 4; 32, 16 and 8 are multiples of 8).
GRIDS = (8, 7)


def agreement(maps: dict[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Compare every pair of methods at the maps' own resolution ("full") and pooled ("grid").

    Args:
        maps: method -> float (n, height, width), all of the same images and targets.

    Returns:
        "full" and "grid" -> how far every two methods, in their order, agree on each image.
        spearman: float64 (n, methods, methods) in [-1, 1], NaN where either map is constant.
        overlap: the same shape, in [0, 1]: the share of the top 10 % of the pixels that is in both;
        what chance gives is 0.1. A method agrees with itself (1), ties aside: pixels that tie for
        the last of the top places are drawn for each method apart, here as the mean over all draws,
        so that two maps with few pixels other than zero do not agree in their zeros.

    Raises:
        ValueError: maps of unlike shapes.
    """
    shapes = {method: np.shape(each) for method, each in maps.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"maps of unlike shapes cannot be compared: {shapes}")
    magnitudes = {method: np.abs(each.astype(np.float64)) for method, each in maps.items()}
    return {
        "full": _compared(magnitudes),
        "grid": _compared({method: pooled(each) for method, each in magnitudes.items()}),
    }


def mean_matrix(values: np.ndarray) -> np.ndarray:
    """Average (n, methods, methods) over the images on which a pair has a value; NaN where none."""
    return np.ma.masked_invalid(values).mean(axis=0).filled(np.nan)


def pooled(maps: np.ndarray) -> np.ndarray:
    """Average maps (n, height, width) over the cells of a grid of 8 or 7 cells a side.

    The first of the two that divides the side is taken; where neither does, 8 cells that differ by
    a pixel.
    """
    rows, columns = (_edges(side) for side in maps.shape[1:])
    sums = np.add.reduceat(np.add.reduceat(maps, rows[:-1], axis=1), columns[:-1], axis=2)
    return sums / np.outer(np.diff(rows), np.diff(columns))


def _edges(side: int) -> np.ndarray:
    """Return where a side's cells begin, and at last where they end."""
    cells = next((grid for grid in GRIDS if side % grid == 0), min(GRIDS[0], side))
    return np.linspace(0, side, cells + 1).round().astype(int)


def _compared(magnitudes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    methods = len(magnitudes)
    images = zip(*magnitudes.values(), strict=True)
    pairs = [_of_one_image(np.stack([map_.ravel() for map_ in each])) for each in images]
    numbers = np.array(pairs).reshape(len(pairs), 2, methods, methods)
    return {"spearman": numbers[:, 0], "overlap": numbers[:, 1]}


def _of_one_image(magnitudes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compare the rows of (methods, pixels): rank correlations and overlaps, each (m, m)."""
    ranks = mean_ranks(magnitudes)
    ranks -= ranks.mean(axis=1, keepdims=True)
    lengths = np.sqrt((ranks**2).sum(axis=1, keepdims=True))
    units = np.divide(ranks, lengths, out=np.full(ranks.shape, np.nan), where=lengths > 0)
    top = max(1, round(FRACTION * magnitudes.shape[1]))
    chances = top_chances(magnitudes, top)
    overlap = chances @ chances.T / top
    np.fill_diagonal(overlap, 1.0)
    return np.clip(units @ units.T, -1, 1), overlap


def top_chances(magnitudes: np.ndarray, top: int) -> np.ndarray:
    """Return each pixel's chance to be among the `top` of its row, whose ties are drawn for.

    Args:
        magnitudes: float (rows, pixels), none negative.
        top: how many places there are, at least 1.

    Returns:
        float64 (rows, pixels) in [0, 1]; each row sums to `top`.
    """
    last = np.partition(magnitudes, -top, axis=1)[:, [-top]]
    above, ties = magnitudes > last, magnitudes == last
    open_places = top - above.sum(axis=1, keepdims=True)
    return above + ties * (open_places / ties.sum(axis=1, keepdims=True))
