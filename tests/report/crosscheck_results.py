"""What the stage crosscheck says of a cell: a line of each verdict."""

from typing import Any

SAME = {"largest": 3e-6, "mean": 0.0, "rank": 1.0}
CONTENT: dict[str, Any] = {
    "verdicts": {"agrees": 2, "on_purpose": 2, "differs": 1, "unserved": 1, "not_compared": 1},
    "draws": {"own": 8, "other": 2},
    "bounds": {
        "largest": 0.1, "mean": 0.0001, "standard_errors": 2.0, "reached": 0.05, "figures": 2e-6,
    },
    "libraries": {"shap": "shap 0.51.0", "scikit-learn": "scikit-learn 1.9.1"},
    "checks": {
        "gradcam": {
            "library": "tf-keras-vis", "verdict": "on_purpose", "rows": 4, "same": SAME,
            "maps": {"largest": 0.35, "mean": 0.02, "rank": 0.994},
        },
        "saliency": {"library": "tf-keras-vis", "verdict": "agrees", "rows": 4, "maps": SAME},
        "activation_maximisation": {
            "library": "tf-keras-vis", "verdict": "on_purpose", "rows": 4,
            "reached": {"largest": 0.5, "mean": 0.4},
        },
        "lime": {
            "library": "lime", "verdict": "differs", "rows": 4,
            "maps": {"largest": 0.75, "mean": 0.125, "rank": -0.5},
        },
        "gradient_shap": {"library": "shap", "verdict": "not_compared", "reason": "no <rule>"},
        "deep_shap": {
            "library": "shap", "verdict": "unserved",
            "reason": "shap 0.51.0 cannot serve this network: <b>LookupError</b>",
        },
        "figures": {
            "library": "scikit-learn", "verdict": "agrees", "count": 180, "largest": 1e-6,
            "wrong": [],
        },
    },
}  # fmt: skip
TIMING = {"saliency_own_seconds": 0.0021, "saliency_other_seconds": 0.0612}
