"""One picture of what the features family found, for the experiment tracker."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from heatproof.attribution.core.activation_layers import LOGITS
from heatproof.run.lettering import drawable, legible

COLUMNS = 16


@dataclass(frozen=True)
class Row:
    """Tiles side by side: float (n, height, width) or (n, height, width, 3), a label, names."""

    label: str
    tiles: np.ndarray
    names: list[str]
    style: dict


def figure(arrays: dict[str, np.ndarray]) -> Figure | None:
    """Draw the first layer's filters and the images that the classes prefer.

    Filters are red where positive, blue where negative, white at zero, one row a colour channel,
    all of a layer on one scale; at most 16 of each layer. Classes: at most 16.

    Args:
        arrays: as `features` describes them.

    Returns:
        None where there is nothing to draw.
    """
    rows: list[Row] = []
    for name, kernels in arrays.items():
        if name.startswith("filters/"):
            rows += _filter_rows(name.partition("/")[2], kernels[:COLUMNS])
    preferred = arrays.get(f"preferred/{LOGITS}", np.zeros((0, 1, 1, 1)))[:COLUMNS]
    if len(preferred):
        names = [name[:12] for name in drawable(arrays["class_names"])[:COLUMNS]]
        tiles = preferred[..., 0] if preferred.shape[-1] == 1 else preferred
        rows.append(Row("preferred by", tiles, names, {"cmap": "gray", "vmin": 0, "vmax": 1}))
    if not rows:
        return None
    columns = max(len(row.tiles) for row in rows)
    drawn = Figure(figsize=(0.9 * columns + 1, 1.2 * len(rows)), dpi=100, layout="constrained")
    # One pair of axes per row: matplotlib needs longer for one than for all that is drawn in it.
    for row, axes in zip(rows, drawn.subplots(len(rows), 1, squeeze=False)[:, 0], strict=True):
        axes.imshow(_side_by_side(row.tiles, columns), **row.style)
        step = row.tiles.shape[2] + 1
        places = np.arange(len(row.tiles)) * step + (step - 2) / 2
        axes.set_xticks(places, row.names, fontsize=6)
        axes.set_yticks([])
        axes.tick_params(length=0)
        axes.set_ylabel(row.label, fontsize=6)
        axes.spines[:].set_visible(False)
    return legible(drawn)


def _filter_rows(layer: str, kernels: np.ndarray) -> list[Row]:
    peak = float(np.abs(kernels).max()) or 1.0
    style = {"cmap": "RdBu_r", "vmin": -peak, "vmax": peak}
    names = [str(number) for number in range(len(kernels))]
    channels = kernels.shape[-1]
    return [
        Row(layer if channels == 1 else f"{layer} {channel}", kernels[..., channel], names, style)
        for channel in range(channels)
    ]


def _side_by_side(tiles: np.ndarray, columns: int) -> np.ma.MaskedArray:
    """Join tiles with a gap of one pixel, masked like the places of tiles that are missing."""
    height, width, *colour = tiles.shape[1:]
    # Zeros behind the mask: matplotlib computes with what is there, and can overflow.
    behind = np.zeros((height, columns * (width + 1) - 1, *colour), np.float32)
    joined = np.ma.MaskedArray(behind, mask=True)
    for number, tile in enumerate(tiles):
        start = number * (width + 1)
        joined[:, start : start + width] = tile
    if colour:  # which matplotlib does not mask
        return np.ma.array(joined.filled(1.0))
    return joined
