"""How well a network's probability of a class tells its images from all others.

Whatever the threshold, and so whatever the share of the class: a network that always predicts the
more frequent of two classes may still tell them apart.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

POINTS = 50  # a curve's steps along the x axis


def one_against_rest(
    labels: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]
) -> dict[str, dict[str, float | None]]:
    """Return each class' AUC and average precision, in [0, 1], one against the rest.

    auc: the area under the ROC curve: how often an image of the class gets a higher probability of
    it than another image does; 0.5 is chance (Fawcett 2006, "An introduction to ROC analysis").
    average_precision: the area under the precision-recall curve, as a sum without interpolation;
    chance is the class' share. None where there is no image of the class, or none of another.

    Args:
        labels: int64 (n,), the true classes.
        probabilities: float (n, classes).
        class_names: name of each class index.
    """
    result: dict[str, dict[str, float | None]] = {}
    for index, name in enumerate(class_names):
        own, scores = labels == index, probabilities[:, index]
        known = own.any() and not own.all()
        result[name] = {
            "auc": float(roc_auc_score(own, scores)) if known else None,
            "average_precision": float(average_precision_score(own, scores)) if known else None,
        }
    return result


def macro(per_class: Mapping[str, Mapping[str, Any]]) -> dict[str, float | None]:
    """Return the unweighted means over classes, `macro_auc` and `macro_average_precision`.

    A class without a number does not count; None where none has one.
    """
    means = {}
    for number in ("auc", "average_precision"):
        known = [each[number] for each in per_class.values() if each[number] is not None]
        means[f"macro_{number}"] = float(np.mean(known)) if known else None
    return means


def curves(
    labels: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]
) -> dict[str, Any]:
    """Return the ROC and precision-recall curves of each class, where there are just two.

    Args:
        labels: int64 (n,), the true classes.
        probabilities: float (n, classes).
        class_names: name of each class index.

    Returns:
        x: `POINTS` + 1 shares from 0 to 1. roc: class -> the true positive rate at each false
        positive rate x, linear between thresholds. precision: class -> the precision of the
        highest threshold whose recall is at least x. share: class -> of the test images. Empty with
        another number of classes, or with images of one class alone.
    """
    if len(class_names) != 2 or len(np.unique(labels)) != 2:
        return {}
    x = np.linspace(0, 1, POINTS + 1)
    result: dict[str, Any] = {"x": x, "roc": {}, "precision": {}, "share": {}}
    for index, name in enumerate(class_names):
        own, scores = labels == index, probabilities[:, index]
        false_positives, true_positives, _ = roc_curve(own, scores)
        # Of points one above the other np.interp takes the last, the highest.
        result["roc"][name] = np.interp(x, false_positives, true_positives)
        precision, recall, _ = precision_recall_curve(own, scores)
        # They come with falling recall and end in the point (0, 1), which is no threshold's.
        rising = recall[-2::-1], precision[-2::-1]
        first = np.searchsorted(rising[0], x - 1e-9)
        result["precision"][name] = rising[1][first]
        result["share"][name] = float(own.mean())
    return result
