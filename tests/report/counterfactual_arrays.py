"""What the counterfactual family leaves, made up for a page: two searches, two attacks."""

import numpy as np

from heatproof.storage.records import Explanations


def arrays(rows: Explanations) -> dict[str, np.ndarray]:
    """One of each was found, of the first image, and one was not, of the last."""
    if len(rows.label) < 2:
        return {}
    chosen = np.array([0, len(rows.label) - 1])
    original = rows.images[chosen]
    changed = original / np.float32(255)
    changed[0, 7:9, 7:9] = 1 - changed[0, 7:9, 7:9]
    other = (rows.predicted[chosen] + 1) % len(rows.class_names)
    found = np.array([True, False])
    nowhere = np.array([0.05, np.nan], np.float32)
    size = original.shape[:3]
    return {
        "class_names": np.array(rows.class_names, np.str_),
        "search/image_index": rows.image_index[chosen],
        "search/label": rows.label[chosen],
        "search/predicted": rows.predicted[chosen],
        "search/target": other,
        "search/original": original,
        "search/changed": changed,
        "search/success": found,
        "search/survives_rounding": np.array([False, False]),
        "search/confidence_before": rows.confidence[chosen],
        "search/confidence": np.array([0.91, 0.1], np.float32),
        "search/l0": np.array([4, 0]),
        "search/linf": np.array([0.8, 0], np.float32),
        "attack/image_index": rows.image_index[chosen],
        "attack/label": rows.label[chosen],
        "attack/before": rows.predicted[chosen],
        "attack/after": np.where(found, other, rows.predicted[chosen]),
        "attack/original": original,
        "attack/changed": changed,
        "attack/epsilon": nowhere,
        "attack/confidence_before": nowhere + 0.5,
        "attack/confidence": nowhere + 0.4,
        "attack/epsilons": np.array([0, 0.02, 0.05], np.float32),
        **{
            f"attack/gradcam/{image}/{target}": np.linspace(0, 1, np.prod(size), dtype=np.float32)
            .reshape(size)
            for image in ("original", "adversarial")
            for target in ("before", "after")
        },
        "attack/correlation/prediction": nowhere,
    }  # fmt: skip
