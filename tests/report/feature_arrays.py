"""What the features family leaves, made up for a page: filters, maps, preferred images."""

from typing import Any

import numpy as np

from heatproof.storage.records import Explanations

METRICS: dict[str, Any] = {
    "activity": {
        "test_images": 400,
        "layers": {"conv_1": {"channels": 4, "dead": 1, "near_dead": 0}},
    }
}


def arrays(rows: Explanations) -> dict[str, np.ndarray]:
    """Filters around zero, maps of one layer from zero up and of another around zero."""
    if not len(rows.label):
        return {}
    rng = np.random.default_rng(11)
    height, width, channels = rows.images.shape[1:]
    preferred = {"conv_2": 2, "logits": len(rows.class_names)}
    found: dict[str, np.ndarray] = {
        "filters/conv_1": rng.normal(size=(4, 3, 3, channels)).astype(np.float32),
        "feature_map/conv_1": np.abs(rng.normal(size=(1, 8, 8, 4))).astype(np.float32),
        "feature_map/conv_2": rng.normal(size=(1, 4, 4, 2)).astype(np.float32),
        "class_names": np.array(rows.class_names, np.str_),
    }
    for layer, count in preferred.items():
        pictures = rng.uniform(size=(count, height, width, channels))
        found[f"preferred/{layer}"] = pictures.astype(np.float32)
        found[f"reached/{layer}"] = np.full(count, 12.5, np.float32)
        found[f"largest_real/{layer}"] = np.full(count, 7.25, np.float32)
    return found
