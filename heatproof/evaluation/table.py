"""predictions.csv: the prediction for each test image, for a person and a spreadsheet."""

import numpy as np
import pandas as pd

from heatproof.storage.records import Predictions

# A spreadsheet takes a cell that starts like this for a formula, and runs it (OWASP, "CSV
# injection"); the wide forms of the East Asian keyboards count too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def predictions_table(predictions: Predictions) -> pd.DataFrame:
    """Return one row for each test image.

    Returns:
        Columns index (from 0, in the dataset's order), true, predicted (class names), correct (yes
        or no), confidence (the predicted class' probability), second_choice (class name) and
        second_probability. Of equally likely classes the one with the lower index is first.
    """
    names = np.array([spreadsheet_safe(name) for name in predictions.class_names], dtype=object)
    probabilities = predictions.probabilities
    rows = np.arange(len(probabilities))
    first = predictions.predicted
    others = probabilities.copy()
    others[rows, first] = -1
    second = others.argmax(axis=1)
    return pd.DataFrame(
        {
            "index": rows,
            "true": names[predictions.labels],
            "predicted": names[first],
            "correct": np.where(first == predictions.labels, "yes", "no"),
            "confidence": probabilities[rows, first],
            "second_choice": names[second],
            "second_probability": probabilities[rows, second],
        }
    )


def spreadsheet_safe(text: str) -> str:
    """Return `text`, with an apostrophe before it where a spreadsheet would see a formula."""
    dangerous = text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS)
    return f"'{text}" if dangerous else text
