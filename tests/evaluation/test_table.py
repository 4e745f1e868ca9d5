"""predictions.csv: readable, right, and harmless in a spreadsheet."""

import csv
import io

import numpy as np
import pytest

from heatproof.evaluation.table import predictions_table, spreadsheet_safe
from heatproof.storage.records import Predictions


def predictions(names: tuple[str, ...]) -> Predictions:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.4, 0.4, 0.2]])
    return Predictions(np.array([0, 1, 1]), np.log(probabilities).astype(np.float32), names)


def test_a_row_has_the_true_the_predicted_and_the_second_class() -> None:
    table = predictions_table(predictions(("cat", "dog", "bird")))
    assert table["index"].tolist() == [0, 1, 2]
    assert table["true"].tolist() == ["cat", "dog", "dog"]
    assert table["predicted"].tolist() == ["cat", "bird", "cat"]
    assert table["correct"].tolist() == ["yes", "no", "no"]
    np.testing.assert_allclose(table["confidence"], [0.7, 0.6, 0.4], rtol=1e-6)
    assert table["second_choice"].tolist() == ["dog", "dog", "dog"]  # the third is a tie
    np.testing.assert_allclose(table["second_probability"], [0.2, 0.3, 0.4], rtol=1e-6)


def test_no_cell_of_the_csv_starts_a_formula() -> None:
    hostile = ('=HYPERLINK("http://x")', "@SUM(1;2)", '-2+3,"\n=1')
    text = predictions_table(predictions(hostile)).to_csv(index=False)
    rows = list(csv.reader(io.StringIO(text)))[1:]
    assert len(rows) == 3
    cells = [row[column] for row in rows for column in (1, 2, 5)]
    assert all(cell.startswith("'") for cell in cells)
    assert cells[0] == "'" + hostile[0]


@pytest.mark.parametrize("name", ["=1", "+1", "-1", "@x", "\t=1", "  =1", "\rx", "＝1"])
def test_a_dangerous_start_gets_an_apostrophe(name: str) -> None:
    assert spreadsheet_safe(name) == f"'{name}"


@pytest.mark.parametrize("name", ["", "cat", "T-shirt/top", "a=b", "Größe", "7", "'x"])
def test_other_names_stay_as_they_are(name: str) -> None:
    assert spreadsheet_safe(name) == name
