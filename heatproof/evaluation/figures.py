"""Pictures for MLflow: training curves, confusion matrix, reliability diagram.

The report draws its own. Figures are made without pyplot, which keeps them in a global list.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from heatproof.run.lettering import drawable, legible
from heatproof.statistics import numbers

# More class names than this cannot be read along an axis.
_MAX_NAMES = 30
# More numbers than this cannot be read in squares.
_MAX_NUMBERS = 12
_MAX_LETTERS = 20


def training_curves(history: Mapping[str, np.ndarray | Sequence[float]]) -> Figure:
    """Draw loss and accuracy over the epochs.

    Args:
        history: columns epoch, loss, accuracy, val_loss, val_accuracy; one row per epoch.
    """
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, measure in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for column, label, style in (
            (measure, "training", "o-"),
            (f"val_{measure}", "validation", "s--"),
        ):
            axes.plot(history["epoch"], history[column], style, markersize=3, label=label)
        axes.set(xlabel="epoch", ylabel=measure)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def confusion(matrix: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Draw a confusion matrix, shaded by the share of the true class.

    Args:
        matrix: int (classes, classes), rows true, columns predicted.
        class_names: name of each class index.
    """
    figure = Figure(figsize=(7, 6), layout="constrained")
    axes = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, label="share of the true class")
    axes.set(xlabel="predicted", ylabel="true")
    if len(class_names) <= _MAX_NAMES:
        names = [numbers.short(name, _MAX_LETTERS) for name in drawable(class_names)]
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
        axes.set_yticks(range(len(names)), names)
    if len(class_names) <= _MAX_NUMBERS:
        for (row, column), count in np.ndenumerate(matrix):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=8)
    return legible(figure)


def reliability(bins: Sequence[dict[str, Any]]) -> Figure:
    """Draw a reliability diagram.

    Args:
        bins: what `calibration.reliability` returns.
    """
    figure = Figure(figsize=(5, 4.6), layout="constrained")
    axes = figure.subplots()
    filled = [entry for entry in bins if entry["count"]]
    axes.plot([0, 1], [0, 1], "--", color="gray", label="perfectly calibrated")
    axes.bar(
        [entry["low"] for entry in filled],
        [entry["accuracy"] for entry in filled],
        width=[entry["high"] - entry["low"] for entry in filled],
        align="edge",
        alpha=0.5,
        edgecolor="tab:blue",
        label="accuracy of the bin",
    )
    confidences = [entry["confidence"] for entry in filled]
    axes.plot(confidences, [entry["accuracy"] for entry in filled], "o", label="mean confidence")
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="upper left")
    return figure
