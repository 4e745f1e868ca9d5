"""How far a network holds an image for a class: by its logit, and by its probability."""

import numpy as np

from heatproof.statistics.softmax import softmax


def target_scores(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return how far the network holds images for the target class.

    Args:
        logits: float (m, classes).
        targets: int64 (m,).

    Returns:
        float64 (m, 2): the target's logit less the mean of the image's logits, and its softmax
        probability.
    """
    logits = logits.astype(np.float64)
    rows = np.arange(len(logits))
    over_mean = logits[rows, targets] - logits.mean(axis=1)
    return np.stack([over_mean, softmax(logits)[rows, targets]], axis=1)


def chance(classes: int) -> float:
    """Return the probability of a class by chance, less what single precision may have lost."""
    return (1 - 1e-6) / classes
