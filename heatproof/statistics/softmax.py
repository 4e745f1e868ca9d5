"""Probabilities from logits."""

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of float (n, classes) logits, float64; rows sum to 1."""
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    return exponents / exponents.sum(axis=1, keepdims=True)
