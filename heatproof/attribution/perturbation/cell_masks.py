"""Masks of square cells: each value of a small grid holds for a block of pixels."""

import numpy as np

from heatproof.attribution.core.masking import masked_logits
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.rows import Rows


def fitting(grid_size: int, size: tuple[int, int]) -> tuple[int, int]:
    """Return the cells down and across an image (height, width): no more than it has pixels."""
    return min(grid_size, size[0]), min(grid_size, size[1])


def enlarged(grids: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Give each pixel the value of its cell.

    Args:
        grids: (n, rows, columns). size: height and width in pixels, not smaller.

    Returns:
        (n, height, width); cells are as large as each other, or one pixel larger.
    """
    down, across = (
        np.arange(pixels) * cells // pixels
        for pixels, cells in zip(size, grids.shape[1:], strict=True)
    )
    return grids[:, down[:, None], across]


def cell_scores(network: Network, rows: Rows, grids: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Return each row's target logit under every mask, float32 (n, masks).

    Args:
        network: the network to explain.
        rows: images and targets.
        grids: float32 (masks, rows, columns) in [0, 1], how much of a cell is kept.
        colour: float32 (channels,) in [0, 1], what shows where nothing is.
    """
    size = rows.images.shape[1:3]
    logits = masked_logits(
        network, rows.images, colour, lambda part: enlarged(grids[part], size), len(grids)
    )
    return rows.of_targets(logits)
