"""What the stage leaves of a cell's influential training images, made up for a page."""

from typing import Any

import numpy as np

from heatproof.config.params import Params
from heatproof.storage import artifacts
from tests.report import fixture

EXPLAINED, SHOWN, OWN = 5, 2, 3


def asked(params: Params, cell: str) -> Params:
    """Return the parameters with the influence of this cell's training images computed."""
    return params.model_copy(update={"influenced": {cell: params.cells[cell]}})


def metrics() -> dict[str, Any]:
    """Return figures of three wrong predictions, and proponents that are the same everywhere."""
    kinds = {
        "proponents": (0.95, 0.44, 0.98, 0.125), "relative": (1.0, 0.98, 0.4, 0.9),
        "shuffled": (0.94, 0.31, 0.99, 0.11), "nearest": (0.96, 0.99, 0.5, 0.875),
    }  # fmt: skip
    parts = ("label", "resemblance", "size", "distinct")
    return {
        "train_images": 5000, "trained_on": 54001, "layer": "logits<b>", "units": 392,
        "images": EXPLAINED, "wrong_images": 3, "shown": SHOWN, "wrong_other_label": 1,
        "wrong_near_truth": 2, "self_concentration": 0.5,
        "check": {
            "images": 200, "label_chance": 0.1,
            **{kind: dict(zip(parts, each, strict=True)) for kind, each in kinds.items()},
        },
    }  # fmt: skip


def write(cell: str) -> dict[str, Any]:
    """Write the stage's files; return the metrics."""
    pictures = fixture.digits(limit=20)
    names = np.array([*pictures.class_names[:1], "<i>", *pictures.class_names[2:]], np.str_)
    predicted = np.array([1, 1, 2, 3, 4])
    arrays = {
        "class_names": names,
        "image_index": np.arange(EXPLAINED) + 7,
        "label": np.array([0, 2, 3, 3, 4]),
        "predicted": predicted,
        "confidence": np.array([0.99, 0.9, 0.8, 0.7, 0.6], np.float32),
        "original": pictures.images[:EXPLAINED],
        "self/index": np.arange(OWN),
        "self/label": np.array([1, 2, 3]),
        "self/predicted": np.array([1, 5, 3]),
        "self/image": pictures.images[:OWN],
        "self/value": np.array([0.25, 0.125, 0.1], np.float32),
    }
    for kind, value in (
        ("proponents", 0.03),
        ("relative", 0.02),
        ("opponents", -0.04),
        ("nearest", 0.9),
    ):
        label = np.repeat(predicted[:, None], SHOWN, axis=1)
        label[:, 1] = 9 if kind == "opponents" else label[:, 1]
        values = np.full((EXPLAINED, SHOWN), value, np.float32)
        if kind == "opponents":
            values[4] = 0.01  # nothing speaks against the last prediction
        arrays |= {
            f"{kind}/index": np.full((EXPLAINED, SHOWN), 11),
            f"{kind}/label": label,
            f"{kind}/image": pictures.images[: EXPLAINED * SHOWN].reshape(
                EXPLAINED, SHOWN, *pictures.images.shape[1:]
            ),
            f"{kind}/value": values,
        }
    artifacts.write_findings(cell, "influence", arrays)
    artifacts.write_metrics("explain_influence", cell, metrics())
    return metrics()
