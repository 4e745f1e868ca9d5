"""How metrics files hold a confusion matrix: the entries that are not zero.

Of a thousand classes a million pairs can be confused, of which at most as many are as there are
images.
"""

from collections.abc import Sequence

import numpy as np


def entries(matrix: np.ndarray) -> list[list[int]]:
    """Return (true class, predicted class, count) of each count of int (classes, classes)."""
    return [[int(i), int(j), int(matrix[i, j])] for i, j in np.argwhere(matrix)]


def matrix(stored: Sequence[Sequence[int]], classes: int) -> np.ndarray:
    """Return the confusion matrix, int64 (classes, classes), whose `entries` were stored."""
    counts = np.zeros((classes, classes), np.int64)
    for true, predicted, count in stored:
        counts[true, predicted] = count
    return counts
