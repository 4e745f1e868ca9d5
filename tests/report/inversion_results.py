"""What the stage leaves of what a cell's layers keep, made up for a page."""

from typing import Any

import numpy as np

from heatproof.config.params import Params
from heatproof.storage import artifacts
from tests.report import fixture

LAYERS = ["conv_1", "conv<b>2", "logits"]


def asked(params: Params, cell: str) -> Params:
    """Return the parameters with this cell's layers inverted."""
    return params.model_copy(update={"inversions": {cell: params.cells[cell]}})


def metrics() -> dict[str, Any]:
    """Return figures of three layers, of which the first two keep an image, untrained the first."""
    numbers = [(0.01, 0.05, 0.08), (0.2, 0.12, 0.25), (0.0, 0.4, 0.45)]
    layers = [
        {
            "name": name, "values": 64, "error": error, "same_class": 0.75, "other_class": 1.5,
            "pixels": pixels, "untrained_error": 0.02, "untrained_pixels": untrained,
        }
        for name, (error, pixels, untrained) in zip(LAYERS, numbers, strict=True)
    ]  # fmt: skip
    losses = {"style_before": 0.75, "style_after": 0.125, "content_after": 0.25}
    variants = [
        {"name": name, "layers": used, "trained": losses, "untrained": losses}
        for name, used in (("first layer", LAYERS[:1]), ("all layers", LAYERS[:2]))
    ]
    held = [
        {
            "name": name,
            "trained": {"nearest": nearest, "apart": 0.5},
            "untrained": {"nearest": 0.25, "apart": 0.125},
        }
        for name, nearest in zip(LAYERS, (0.25, 0.5), strict=False)
    ]
    return {
        "images": 2, "numbers": 64, "pixels_same_class": 0.3, "pixels_other_class": 0.35,
        "pixels_grey": 0.25, "layers": layers,
        "style": {
            "content_layer": LAYERS[1], "variants": variants, "layers": held, "images": 200,
            "pixels_nearest": 0.75, "chance": 0.1,
        },
    }  # fmt: skip


def write(cell: str) -> dict[str, Any]:
    """Write the stage's files; return the metrics."""
    pictures = fixture.digits(limit=20)
    names = np.array([*pictures.class_names[:1], "<i>", *pictures.class_names[2:]], np.str_)
    some = {"original": 2, "same_class": 2, "other_class": 2, "content": 1, "style": 2}
    for number in range(3):
        some |= {f"inverted/{number}": 2, f"untrained/{number}": 2}
    for number in range(2):
        some |= {f"styled/{number}": 2, f"styled_untrained/{number}": 2}
    arrays = {name: pictures.images[:count] for name, count in some.items()}
    arrays |= {"class_names": names, "label": np.array([0, 1]), "image_index": np.array([3, 5])}
    artifacts.write_findings(cell, "inversion", arrays)
    artifacts.write_metrics("explain_inversion", cell, metrics())
    return metrics()
