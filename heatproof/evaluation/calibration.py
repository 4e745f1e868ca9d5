"""Calibration: does a confidence of 90 % mean right nine times out of ten?

Guo et al. 2017, "On Calibration of Modern Neural Networks", https://arxiv.org/abs/1706.04599.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np


def reliability(
    confidence: np.ndarray, correct: np.ndarray, bins: int
) -> list[dict[str, float | int | None]]:
    """Sort predictions into bins of equal width by confidence (section 2 of the paper).

    Args:
        confidence: float (n,) in (0, 1], the predicted class' probability.
        correct: bool (n,), whether the prediction is right.
        bins: how many; bin m of M holds confidences in ((m - 1) / M, m / M].

    Returns:
        For each bin its edges (low, high), count, mean confidence, and accuracy; both are None in
        an empty bin.
    """
    edges = np.linspace(0, 1, bins + 1)
    # A softmax in floating point may end a rounding error above 1.
    index = np.clip(np.digitize(confidence, edges, right=True) - 1, 0, bins - 1)
    counts = np.bincount(index, minlength=bins)
    sums = np.bincount(index, weights=confidence, minlength=bins)
    hits = np.bincount(index, weights=correct, minlength=bins)
    return [
        {
            "low": float(edges[m]),
            "high": float(edges[m + 1]),
            "count": int(counts[m]),
            "confidence": float(sums[m] / counts[m]) if counts[m] else None,
            "accuracy": float(hits[m] / counts[m]) if counts[m] else None,
        }
        for m in range(bins)
    ]


def expected_calibration_error(bins: Sequence[dict[str, Any]]) -> float:
    """Return the ECE in [0, 1]: mean |accuracy - confidence|, weighted by count (equation 3).

    Args:
        bins: what `reliability` returns, of at least one prediction.
    """
    total = sum(entry["count"] for entry in bins)
    gaps = (e["count"] * abs(e["accuracy"] - e["confidence"]) for e in bins if e["count"])
    return float(sum(gaps) / total)
