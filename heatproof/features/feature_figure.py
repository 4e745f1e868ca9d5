"""One picture of what the features family found, for the experiment tracker."""

from typing import TYPE_CHECKING

import numpy as np

from heatproof.attribution.core.activation_layers import LOGITS
from heatproof.attribution.core.panel import Row, of_image, of_values, picture
from heatproof.run.lettering import drawable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 16


def figure(arrays: dict[str, np.ndarray]) -> "Figure | None":
    """Draw the first layer's filters and the images that the classes prefer.

    Filters are one row a colour channel, all of a layer on one scale; at most 16 of each layer.
    Classes: at most 16.

    Args:
        arrays: as `features` describes them.

    Returns:
        None where there is nothing to draw.
    """
    rows: list[Row] = []
    for name, filters in arrays.items():
        if name.startswith("filters/"):
            layer, kernels = name.partition("/")[2], filters[:COLUMNS]
            peak = float(np.abs(kernels).max(initial=0))
            numbers = list(map(str, range(len(kernels))))
            for channel in range(kernels.shape[-1]):
                tiles = [of_values(kernel[..., channel], peak) for kernel in kernels]
                rows.append(Row(f"{layer} {channel}", tiles, numbers))
    preferred = arrays.get(f"preferred/{LOGITS}", np.zeros((0, 1, 1, 1)))[:COLUMNS]
    names = [name[:12] for name in drawable(arrays.get("class_names", ()))[: len(preferred)]]
    return picture([*rows, Row("preferred by", list(map(of_image, preferred)), names)], 0.9)
