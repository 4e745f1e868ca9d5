"""Accuracy and its baseline, precision, recall, F1, confusions and cross-entropy."""

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import precision_recall_fscore_support, recall_score


def accuracy(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Return top-1 accuracy in [0, 1]: the share of int64 (n,) `predicted` that equal `labels`."""
    return float(np.mean(labels == predicted))


def balanced_accuracy(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Return the mean recall of the classes that occur in int64 (n,) `labels`, in [0, 1].

    Every class counts alike, however rare: always answering the same of K gives 1 / K. Brodersen
    et al. 2010, "The balanced accuracy and its posterior distribution".
    """
    return float(recall_score(labels, predicted, labels=np.unique(labels), average="macro"))


def majority(labels: np.ndarray) -> tuple[int, float]:
    """Return the test images' most frequent class, and the accuracy of always predicting it.

    It is the most that a network can reach without looking at an image. The training part's own
    may be another where classes are nearly equal, and reach less than a coin.

    Args:
        labels: int64 (n,), the test images' classes; of equally frequent ones the lowest counts.
    """
    most = int(np.bincount(labels).argmax())
    return most, float(np.mean(labels == most))


def per_class(
    labels: np.ndarray, predicted: np.ndarray, class_names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return each class' precision, recall and F1 in [0, 1], its support and predictions in images.

    A ratio of nothing (a class that was never predicted, or has no image) is 0.

    Args:
        labels: int64 (n,), the true classes.
        predicted: int64 (n,), the predicted classes.
        class_names: name of each class index.
    """
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=range(len(class_names)), zero_division=0
    )
    predictions = np.bincount(predicted, minlength=len(class_names))
    return {
        name: {
            "precision": float(precision[index]),
            "recall": float(recall[index]),
            "f1": float(f1[index]),
            "support": int(support[index]),
            "predicted": int(predictions[index]),
        }
        for index, name in enumerate(class_names)
    }


def macro(labels: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return the unweighted means over classes of precision, recall and F1, each in [0, 1].

    Macro F1 is the mean of the classes' F1. A class counts if it occurs in `labels` or in
    `predicted`, as in scikit-learn: one without a test image, never predicted, can be neither.
    """
    precision, recall, f1, _ = precision_recall_fscore_support(
        labels, predicted, average="macro", zero_division=0
    )
    return {
        "macro_precision": float(precision),
        "macro_recall": float(recall),
        "macro_f1": float(f1),
    }


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Return the confusion matrix, int64 (classes, classes): rows true, columns predicted."""
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes)


def top_confusions(
    matrix: np.ndarray, class_names: Sequence[str], limit: int = 10
) -> list[dict[str, object]]:
    """Return the pairs of classes that are confused most, the most frequent first.

    Equal counts are ordered by rate, and then as in the matrix, so that the list repeats.

    Args:
        matrix: confusion matrix (classes, classes), rows true, columns predicted.
        class_names: name of each class index.
        limit: how many pairs at most; pairs that never occur are left out.

    Returns:
        For each pair its true and predicted class, how often, and the rate: the count as a share
        of the true class' images.
    """
    sizes = matrix.sum(axis=1)
    pairs = [
        (int(matrix[true, guess]), matrix[true, guess] / sizes[true], int(true), int(guess))
        for true, guess in np.argwhere(matrix)
        if true != guess
    ]
    pairs.sort(key=lambda pair: (-pair[0], -pair[1], pair[2], pair[3]))
    return [
        {
            "true": class_names[true],
            "predicted": class_names[guess],
            "count": count,
            "rate": float(rate),
        }
        for count, rate, true, guess in pairs[:limit]
    ]


def cross_entropy(labels: np.ndarray, logits: np.ndarray) -> float:
    """Return the mean cross-entropy in nats of int64 (n,) labels under (n, classes) logits.

    In float64 and from the logits, so that a confident mistake costs its true loss, not infinity.
    """
    logits = logits.astype(np.float64)
    highest = logits.max(axis=1)
    totals = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
    return float(np.mean(totals - logits[np.arange(len(labels)), labels]))
