"""Simulated answers of a network, and the figures that evaluate counts from them."""

from typing import Any

import numpy as np

from heatproof.storage.records import Predictions

BINS = 10


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


def evaluated(predictions: Predictions) -> dict[str, Any]:
    """The figures that evaluate writes, counted from the answers."""
    names, labels, predicted = predictions.class_names, predictions.labels, predictions.predicted
    table = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(table, (labels, predicted), 1)
    hits, support, predictions_per_class = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    precision = hits / np.maximum(predictions_per_class, 1)
    recall = hits / np.maximum(support, 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    accuracy, images = float(hits.sum() / len(labels)), len(labels)
    margin = 1.96 * float(np.sqrt(accuracy * (1 - accuracy) / images))
    confidence, correct = predictions.confidence, labels == predicted
    bins = _bins(confidence, correct)
    gaps = [b["count"] * abs(b["confidence"] - b["accuracy"]) for b in bins if b["count"]]
    off = [
        {"true": names[i], "predicted": names[j], "count": int(table[i, j]),
         "rate": float(table[i, j] / support[i])}
        for i, j in zip(*np.nonzero(table), strict=True)
        if i != j
    ]  # fmt: skip
    chosen = predictions.probabilities[np.arange(images), labels]
    return {
        "accuracy": accuracy,
        "accuracy_low": max(0.0, accuracy - margin),
        "accuracy_high": min(1.0, accuracy + margin),
        "macro_precision": float(precision.mean()),
        "macro_recall": float(recall.mean()),
        "macro_f1": float(f1.mean()),
        "ece": float(sum(gaps) / images),
        "loss": float(-np.log(chosen).mean()),
        "train_accuracy": min(1.0, accuracy + 0.01),
        "test_images": images,
        "train_images": images,
        "per_class": {
            name: {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(s)}
            for name, p, r, f, s in zip(names, precision, recall, f1, support, strict=True)
        },
        "confusion_test": table.tolist(),
        "confusion_train": table.tolist(),
        "top_confusions": sorted(off, key=lambda c: -c["count"])[:10],
        "reliability": bins,
        "class_names": list(names),
    }


def _bins(confidence: np.ndarray, correct: np.ndarray) -> list[dict[str, Any]]:
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    bins = []
    for number in range(BINS):
        inside = place == number
        some = bool(inside.any())
        bins.append(
            {
                "low": number / BINS,
                "high": (number + 1) / BINS,
                "count": int(inside.sum()),
                "confidence": float(confidence[inside].mean()) if some else None,
                "accuracy": float(correct[inside].mean()) if some else None,
            }
        )
    return bins
