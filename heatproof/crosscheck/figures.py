"""Every figure of an evaluation computed again by scikit-learn, from the files people get.

The classes come from data/predictions/<cell>.csv through pandas; what needs the probability of
every class, which the table does not have, from the logits beside it.
"""

import time
from typing import Any

import numpy as np

from heatproof.storage import artifacts, confusions, paths, tables

# Metrics are written with 6 decimals, the table with 6 digits.
TOLERANCE = 2e-6
_NEEDED = ("accuracy", "class_names", "per_class", "confusion_test", "reliability")


def checked(cell: str) -> dict[str, Any]:
    """Compare the figures of data/metrics/evaluate/<cell>.json with scikit-learn's.

    Returns:
        count: how many numbers. largest: the largest difference. wrong: of figures that differ by
        more than the tolerance: name, ours and scikit-learn's. seconds: of theirs.

    Raises:
        UserError: a file is missing or damaged.
    """
    metrics = artifacts.read_metrics("evaluate", cell, _NEEDED)
    started = time.perf_counter()
    found = recomputed(cell, metrics["class_names"], len(metrics["reliability"]))
    seconds = time.perf_counter() - started
    own = _flat(metrics)
    compared = {name: (own.get(name), value) for name, value in found.items()}
    apart = {name: _apart(*values) for name, values in compared.items()}
    wrong = [
        {"name": name, "own": compared[name][0], "other": compared[name][1]}
        for name, distance in apart.items()
        if distance > TOLERANCE
    ]
    finite = [distance for distance in apart.values() if np.isfinite(distance)]
    largest = max(finite, default=0.0)
    return {"count": len(found), "largest": largest, "wrong": wrong, "seconds": seconds}


def recomputed(cell: str, class_names: list[str], bins: int) -> dict[str, float | None]:
    """Return each figure by its name, None where it is not defined.

    Args:
        cell: whose predictions are read.
        class_names: of each index.
        bins: of confidence, for the calibration error.
    """
    import pandas as pd

    text = ("true", "predicted", "correct", "second_choice")
    table = tables.read_table(paths.predictions_csv(cell), f"evaluate@{cell}", text=text)
    index = {_spreadsheet(name): number for number, name in enumerate(class_names)}
    true, predicted = (table[name].map(index).to_numpy() for name in ("true", "predicted"))
    figures = _classified(true, predicted, class_names)
    # A bin holds its upper edge: (m / M, (m + 1) / M].
    edges = np.linspace(0, 1, bins + 1)
    binned = pd.cut(table["confidence"].clip(0, 1), edges, include_lowest=True)
    grouped = table.assign(hit=table["correct"] == "yes").groupby(binned, observed=True)
    gaps = (grouped["hit"].mean() - grouped["confidence"].mean()).abs() * grouped.size()
    figures["ece"] = float(gaps.sum() / len(table))
    return figures | _ranked(cell, class_names)


def _classified(
    true: np.ndarray, predicted: np.ndarray, class_names: list[str]
) -> dict[str, float | None]:
    from sklearn import metrics

    names = range(len(class_names))
    report: dict[str, Any] = metrics.classification_report(
        true, predicted, labels=names, target_names=[str(n) for n in names], output_dict=True,
        zero_division=0,
    )  # fmt: skip
    macro: dict[str, Any] = metrics.classification_report(
        true, predicted, output_dict=True, zero_division=0
    )["macro avg"]
    figures: dict[str, float | None] = {
        "accuracy": metrics.accuracy_score(true, predicted),
        "balanced_accuracy": metrics.recall_score(
            true, predicted, labels=np.unique(true), average="macro"
        ),
        "macro_precision": macro["precision"],
        "macro_recall": macro["recall"],
        "macro_f1": macro["f1-score"],
        "test_images": len(true),
    }
    counts = metrics.confusion_matrix(true, predicted, labels=names)
    for number, name in enumerate(class_names):
        of_class = report[str(number)]
        for own, theirs in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score"),
                            ("support", "support")):  # fmt: skip
            figures[f"{own} of {name}"] = of_class[theirs]
        figures[f"predictions of {name}"] = counts[:, number].sum()
        for guess, other in enumerate(class_names):
            figures[f"{name} predicted as {other}"] = counts[number, guess]
    return {name: float(value) for name, value in figures.items() if value is not None}


def _ranked(cell: str, class_names: list[str]) -> dict[str, float | None]:
    from scipy.special import softmax
    from sklearn import metrics

    predictions = artifacts.read_predictions(cell)
    labels = predictions.labels
    probabilities = softmax(predictions.logits.astype(np.float64), axis=1)
    figures: dict[str, float | None] = {
        "loss": float(metrics.log_loss(labels, probabilities, labels=range(len(class_names))))
    }
    known: dict[str, list[float]] = {"auc": [], "average_precision": []}
    for number, name in enumerate(class_names):
        own, scores = labels == number, predictions.probabilities[:, number]
        defined = own.any() and not own.all()
        for figure, function in (
            ("auc", metrics.roc_auc_score),
            ("average_precision", metrics.average_precision_score),
        ):
            value = float(function(own, scores)) if defined else None
            figures[f"{figure} of {name}"] = value
            known[figure] += [value] if value is not None else []
    return figures | {
        f"macro_{figure}": float(np.mean(values)) if values else None
        for figure, values in known.items()
    }


def _flat(metrics: dict[str, Any]) -> dict[str, float | None]:
    """Return our figures under the names that they have here."""
    names = metrics["class_names"]
    flat: dict[str, float | None] = {
        name: value for name, value in metrics.items() if isinstance(value, int | float | None)
    }
    for name, of_class in metrics["per_class"].items():
        flat |= {
            f"{'predictions' if figure == 'predicted' else figure} of {name}": value
            for figure, value in of_class.items()
        }
    matrix = confusions.matrix(metrics["confusion_test"], len(names))
    return flat | {
        f"{name} predicted as {other}": float(matrix[row, column])
        for row, name in enumerate(names)
        for column, other in enumerate(names)
    }


def _apart(own: float | None, other: float | None) -> float:
    if own is None or other is None:
        return 0.0 if own is other else float("inf")
    return abs(own - other)


def _spreadsheet(name: str) -> str:
    from heatproof.evaluation.table import spreadsheet_safe

    return spreadsheet_safe(name)
