"""One picture of a few explained images with their maps, for the experiment tracker."""

from typing import TYPE_CHECKING

import numpy as np

from heatproof.storage.records import Explanations

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS = 8


def panel(explanations: Explanations) -> "Figure":
    """Draw at most 8 rows, evenly spread: the image, then each method's map on its own scale.

    Args:
        explanations: at least one row.
    """
    from matplotlib.figure import Figure

    from heatproof.run.lettering import drawable, legible

    count = len(explanations.target)
    rows = np.unique(np.linspace(0, count - 1, min(count, ROWS)).round().astype(int))
    names = drawable(explanations.class_names)
    figure = Figure(figsize=(2 * (1 + len(explanations.maps)), 2.1 * len(rows)), dpi=80)
    axes = figure.subplots(len(rows), 1 + len(explanations.maps), squeeze=False)
    for row, places in zip(rows, axes, strict=True):
        image = explanations.images[row].squeeze()
        places[0].imshow(image, cmap="gray", vmin=0, vmax=255)
        places[0].set_title(f"{names[explanations.label[row]]}", fontsize=8)
        for place, (method, maps) in zip(places[1:], explanations.maps.items(), strict=True):
            place.imshow(maps[row], cmap="viridis")
            place.set_title(f"{method}: {names[explanations.target[row]]}", fontsize=8)
    for place in axes.flat:
        place.set_axis_off()
    figure.subplots_adjust(left=0, right=1, bottom=0.01, top=0.97, wspace=0, hspace=0.15)
    return legible(figure)
