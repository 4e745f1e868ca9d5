"""Accuracy by cross-validation, from the metrics of the runs that left a fold out."""

import pytest

from heatproof.evaluation.cross_validation import over_folds, remark
from heatproof.evaluation.seeds import over_seeds
from heatproof.statistics.cross_validation import cross_validated_interval
from heatproof.storage import artifacts
from tests.small_cell import load_params

CELL = "simple_cnn-digits"
ENTRY = {"model": "simple_cnn", "dataset": "digits"}
RUNS = {f"{CELL}-fold{fold}of2": ENTRY | {"fold": fold, "folds": 2} for fold in (1, 2)} | {
    f"{CELL}-seed43-fold{fold}of2": ENTRY | {"fold": fold, "folds": 2, "seed": 43}
    for fold in (1, 2)
}


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(run: str, accuracy: float, images: int) -> None:
    measured = {"accuracy": accuracy, "test_images": images, "majority_accuracy": images / 28}
    artifacts.write_metrics("evaluate", run, measured)
    parts = {"train_images": 27 - images, "validation_images": 3}
    artifacts.write_metrics("train", run, parts)
    artifacts.write_timing("train", run, {"train_seconds": 1.5})


def test_only_whole_repetitions_count() -> None:
    study = load_params(CELL, runs=RUNS)
    accuracies = (0.5, 1.0, 0.75, 0.875)
    found = []
    for run, accuracy, images in zip(RUNS, accuracies, (14, 16, 14, 16), strict=True):
        found.append(over_folds(study, CELL))
        write(run, accuracy, images)
    assert found[0] is found[1] is None and found[2] == found[3]
    assert (found[2]["repeats"], found[2]["mean"]) == (1, 0.75)
    whole = over_folds(study, CELL)
    assert (whole["folds"], whole["repeats"], whole["images"]) == (2, 2, 30)
    assert (whole["trained_on"], whole["train_seconds"]) == (15, 6)
    assert whole["baseline"] == pytest.approx((14 * 14 + 16 * 16) / 28 / 30)
    ratio = (14 / 16 + 16 / 14) / 2
    expected = cross_validated_interval(accuracies, 30, ratio)
    assert (whole["kind"], whole["mean"], whole["low"], whole["high"]) == ("accuracy", *expected)
    assert over_seeds(study, CELL) is None, "these are not trained as the cell is"


def test_where_classes_are_balanced_so_is_the_accuracy_and_rare_images_count() -> None:
    study = load_params(CELL, runs=RUNS, training={"balance": "sampling"})
    for run in RUNS:
        write(run, 0.99, 15)
        support = {"a": {"support": 12}, "b": {"support": 3}, "c": {"support": 0}}
        more = {"accuracy": 0.99, "balanced_accuracy": 1.0, "test_images": 15, "per_class": support}
        artifacts.write_metrics("evaluate", run, more)
    found = over_folds(study, CELL)
    # Of 24 and 6 images a balanced accuracy varies as that of 4 / (1 / 24 + 1 / 6) = 19.2 would.
    assert (found["kind"], found["mean"], found["images"]) == ("balanced_accuracy", 1, 30)
    assert found["baseline"] == 0.5
    assert found["low"] == pytest.approx(19 / (19 + 1.959964**2))


def test_a_success_on_few_test_images_that_the_folds_do_not_confirm_is_said() -> None:
    folds = {"kind": "accuracy", "mean": 0.45, "low": 0.25, "high": 0.65, "baseline": 0.5}
    found = folds | {"images": 24}
    evaluated = {
        "accuracy_low": 0.61, "majority_accuracy": 0.5, "balanced_training": False,
        "test_images": 6,
    }  # fmt: skip
    assert remark(found, evaluated) == (
        "Cross-validation does not confirm what its 6 test images say: accuracy 45.0 % (95 % "
        "interval 25.0 to 65.0 %) on 24 other images, not above that of always predicting the same "
        "class: 50.0 %."
    )
    assert remark(found | {"low": 0.51}, evaluated) == ""
    assert remark(found, evaluated | {"accuracy_low": 0.4}) == "", "it says so itself"


def test_a_study_without_folds_has_none() -> None:
    assert over_folds(load_params(CELL), CELL) is None
