"""The pictures hold the numbers that they were given, and can be drawn with any name."""

import io

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from heatproof.evaluation import calibration, figures


def drawn(figure: Figure) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()


def test_training_curves_show_four_series() -> None:
    history = pd.DataFrame(
        {
            "epoch": [1, 2],
            "loss": [2.0, 1.0],
            "accuracy": [0.3, 0.6],
            "val_loss": [2.1, 1.2],
            "val_accuracy": [0.2, 0.5],
        }
    )
    figure = figures.training_curves(history)
    lines = [line.get_ydata().tolist() for axes in figure.axes for line in axes.lines]
    assert lines == [[2.0, 1.0], [2.1, 1.2], [0.3, 0.6], [0.2, 0.5]]
    assert drawn(figure) == drawn(figures.training_curves(history))


def test_the_confusion_picture_has_counts_and_is_shaded_by_row() -> None:
    matrix = np.array([[3, 1], [0, 0]])
    figure = figures.confusion(matrix, ("$a_b", "<&>" * 20))
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["3", "1", "0", "0"]
    assert axes.images[0].get_array().tolist() == [[0.75, 0.25], [0, 0]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    assert drawn(figure).startswith(b"\x89PNG")


def test_a_hundred_classes_are_drawn_without_names() -> None:
    figure = figures.confusion(np.eye(100, dtype=int), [f"class {n}" for n in range(100)])
    assert len(figure.axes[0].texts) == 0
    assert drawn(figure).startswith(b"\x89PNG")


def test_the_reliability_picture_leaves_out_empty_bins() -> None:
    bins = calibration.reliability(np.array([0.5, 0.95]), np.array([True, False]), 10)
    figure = figures.reliability(bins)
    assert [bar.get_height() for bar in figure.axes[0].patches] == [1, 0]
    assert drawn(figure).startswith(b"\x89PNG")
