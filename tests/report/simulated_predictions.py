"""Simulated answers of a network, and the figures that evaluate counts from them."""

from typing import Any

import numpy as np

from heatproof.config.params import Params
from heatproof.evaluation import results
from heatproof.storage.records import Predictions


def answers(
    rng: np.random.Generator, labels: np.ndarray, classes: int, right: float, never: int | None
) -> np.ndarray:
    """Logits float32 (n, classes) whose largest is the label's for about the share `right`."""
    rows = np.arange(len(labels))
    predicted = labels.copy()
    if right < 1:
        errs = rng.random(len(labels)) > right
        near = (labels * 3 + rng.choice([1, 1, 2], len(labels))) % classes
        predicted = np.where(errs, near, predicted)
    if never is not None:
        predicted = np.where(predicted == never, (never + 1) % classes, predicted)
    logits = rng.normal(0, 0.6, (len(labels), classes))
    logits[rows, labels] += 2.2
    logits[rows, predicted] += np.where(predicted == labels, rng.gamma(6, 0.7, len(labels)), 0)
    top = logits.max(axis=1)
    logits[rows, predicted] = np.where(
        predicted == labels, logits[rows, predicted], top + rng.gamma(1.5, 0.8, len(labels))
    )
    if right >= 1:
        logits[rows, predicted] = logits.max(axis=1) + 1
    return logits.astype(np.float32)


def evaluated(predictions: Predictions, params: Params) -> dict[str, Any]:
    """The figures that evaluate writes of the answers, the training images like the test images."""
    metrics = results.on_test(predictions, params, params.training)
    return metrics | {
        "train_accuracy": min(1.0, metrics["accuracy"] + 0.01),
        "train_images": metrics["test_images"],
        "confusion_train": metrics["confusion_test"],
    }
