"""Labels that networks contradict, by predictions that are of the dataset as it is now."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heatproof.datasets.parts import fold_rows
from heatproof.report.cell_results import CellResults
from heatproof.report.sections import contradictions
from heatproof.report.study import Study
from heatproof.storage import artifacts
from heatproof.storage.records import Dataset, Predictions
from tests.small_cell import load_params

CELL = "simple_cnn-digits"
FOLDS = {
    f"{CELL}-fold{fold}of2": {"model": "simple_cnn", "dataset": "digits", "fold": fold, "folds": 2}
    for fold in (1, 2)
}
LABELS = np.arange(20) % 2
IMAGES = np.zeros((20, 8, 8, 1), np.uint8)
DATA = Dataset(IMAGES, LABELS, IMAGES, LABELS, ("a", "b"))
GOOD = {"balanced_training": False, "accuracy_low": 0.9, "majority_accuracy": 0.5}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A cell and its two folds, evaluated on `DATA`."""
    monkeypatch.chdir(tmp_path)
    params = load_params(CELL, runs=FOLDS)
    cell = params.cell(CELL)
    schedule = params.run(CELL).schedule
    artifacts.write_predictions(CELL, predictions(LABELS))
    for run in params.fold_runs(CELL):
        artifacts.write_predictions(run.name, predictions(LABELS[fold_rows(run, DATA)]))
    result = CellResults(CELL, cell, schedule, evaluate=GOOD, predicted=True)
    return Study(params, (result,), {})


def predictions(labels: np.ndarray) -> Predictions:
    return Predictions(labels, np.eye(2, dtype=np.float32)[labels], ("a", "b"))


def judged(study: Study, data: Dataset) -> list[tuple[str, int]]:
    return [(c.part, c.images) for c in contradictions.of_dataset(study, "digits", data)]


def test_test_images_and_folds_are_judged(study: Study) -> None:
    assert judged(study, DATA) == [("test", 20), ("training", 20)]


def test_predictions_of_an_earlier_dataset_judge_nothing(study: Study) -> None:
    fewer = replace(DATA, train_images=IMAGES[:18], train_labels=LABELS[:18])
    assert judged(study, fewer) == [("test", 20)]
    others = replace(DATA, test_labels=1 - LABELS, train_labels=np.arange(20) // 10)
    assert judged(study, others) == []
    classes = replace(DATA, class_names=("a", "b", "c"))
    assert judged(study, classes) == []


def test_one_earlier_fold_is_left_out(study: Study) -> None:
    run = study.params.fold_runs(CELL)[0]
    artifacts.write_predictions(run.name, predictions(LABELS[:7]))
    assert judged(study, DATA) == [("test", 20), ("training", 10)]
