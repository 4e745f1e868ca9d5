"""The stage on a small cell: libraries, figures, files; both sides in this process."""

from collections.abc import Iterator, Sequence
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest

from heatproof.config import params
from heatproof.crosscheck import crosscheck as stage
from heatproof.crosscheck import figures, processes, sides
from heatproof.crosscheck.checks import MAXIMISATION, checks, chosen
from heatproof.crosscheck.options import CrosscheckOptions
from heatproof.crosscheck.preparation import prepared
from heatproof.crosscheck.sides import Computed, Which
from heatproof.evaluation import results, table
from heatproof.storage import artifacts, paths, tables
from tests import small_cell

CELL = "simple_cnn-digits"
# What takes the libraries long is tested elsewhere (test_broken_methods).
QUICK = ("saliency", "gradcam", "partition_shap")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cell with random weights and predictions, evaluated."""
    folder = tmp_path_factory.mktemp("crosschecked")
    with chdir(folder):
        small_cell.write_params(CELL, crosscheck={"images": 3, "seconds": 60})
        small_cell.write_cell(CELL, 16, 1, mistaken=lambda p: np.arange(len(p)) % 3 == 1)
        evaluate()
        yield folder


def evaluate() -> None:
    """Write what evaluating leaves of the stored predictions."""
    loaded = params.load()
    predictions = artifacts.read_predictions(CELL)
    training = loaded.run(CELL).training
    metrics = results.on_test(predictions, loaded, training)
    artifacts.write_metrics("evaluate", CELL, metrics)
    tables.write_table(paths.predictions_csv(CELL), table.predictions_table(predictions))


def test_both_sides_are_computed_and_written(study: Path, monkeypatch, capsys) -> None:
    subject, asked = prepared(params.load(), CELL), []
    assert len(subject.targets) == 3
    assert subject.options["score_cam"].channels == 128
    np.testing.assert_array_equal(subject.network.model.input_shape[1:3], (16, 16))

    def computed(which: Which, names: Sequence[str], command, seconds) -> dict[str, Computed]:
        asked.append((which, tuple(names), seconds))
        line = command(names, Path("folder"))
        assert line[1:3] == ["-m", processes.PROGRAM] and line[len(line) - len(names) :] == list(
            names
        )
        return {
            name: sides.compute(checks()[name], which, subject)
            if name in QUICK
            else Computed(error="left out")
            for name in names
        }

    monkeypatch.setattr(processes, "computed", computed)
    stage.crosscheck(params.load(), CELL)
    assert asked[0] == ("own", tuple(checks()), None)
    # Each library once, for what is there of ours, with the limit of params.yaml.
    assert asked[1:] == [
        ("other", ("gradcam", "saliency"), 60),
        ("other", (), 60),
        ("other", ("partition_shap",), 60),
    ]
    metrics = artifacts.read_metrics("crosscheck", CELL)
    verdicts = {name: check["verdict"] for name, check in metrics["checks"].items()}
    assert verdicts["saliency"] == verdicts["partition_shap"] == verdicts["figures"] == "agrees"
    assert verdicts["gradcam"] in ("agrees", "on_purpose")
    assert verdicts["lime"] == "not_compared"
    assert sum(metrics["verdicts"].values()) == len(verdicts) == len(checks()) + 1
    assert metrics["libraries"]["tf-keras-vis"].startswith("tf-keras-vis 0.")
    timing = artifacts.read_timing("crosscheck", CELL)
    assert timing["saliency_own_seconds"] >= 0 and timing["saliency_other_seconds"] > 0
    printed = capsys.readouterr().out
    assert f"{CELL}: saliency: agrees with tf-keras-vis" in printed
    assert f"{CELL}: lime: not compared: left out" in printed


def test_what_is_not_explained_is_not_checked_unless_it_is_asked_for(study: Path) -> None:
    loaded = params.load()
    assert set(checks()) == set(chosen(loaded)), "all are listed, and score_cam"
    gradients = {"explain": loaded.explain.model_copy(update={"gradients": {}})}
    fewer = loaded.model_copy(update=gradients)
    found = ["score_cam", MAXIMISATION, "lime", "gradient_shap", "deep_shap", "partition_shap"]
    assert list(chosen(fewer)) == found
    none = {"crosscheck": CrosscheckOptions(images=0)}
    assert chosen(loaded.model_copy(update=none)) == {}
    assert stage.compared({}, lambda which, names: {}) == ({}, {})


def test_every_figure_of_an_evaluation_is_computed_again(study: Path) -> None:
    found = figures.checked(CELL)
    assert not found["wrong"] and found["largest"] <= 1e-6
    names = set(figures.recomputed(CELL, list(small_cell.CLASSES), 15))
    assert found["count"] == len(names)
    metrics = artifacts.read_metrics("evaluate", CELL)
    single = {n for n, value in metrics.items() if isinstance(value, float)}
    # Bootstraps have tests of their own; the majority class is the training part's.
    left_out = {n for n in single if n.endswith(("_low", "_high"))} | {"majority_accuracy"}
    assert single - left_out <= names
    assert {"f1 of class 3", "auc of class 0", "class 1 predicted as class 2"} <= names


@pytest.mark.parametrize(
    ("name", "value"), [("ece", 0.9), ("macro_f1", 0.1), ("loss", 3.0), ("macro_auc", None)]
)
def test_a_figure_that_is_wrong_is_named(study: Path, name: str, value: float | None) -> None:
    metrics = artifacts.read_metrics("evaluate", CELL)
    try:
        artifacts.write_metrics("evaluate", CELL, metrics | {name: value})
        found = figures.checked(CELL)
        assert [each["name"] for each in found["wrong"]] == [name]
        record, _ = stage._figures(CELL)
        assert record["verdict"] == "differs"
    finally:
        artifacts.write_metrics("evaluate", CELL, metrics)


def test_what_scikit_learn_raises_is_told(study: Path, monkeypatch) -> None:
    def broken(cell: str):
        raise TypeError("an argument is gone")

    monkeypatch.setattr(figures, "checked", broken)
    record, _ = stage._figures(CELL)
    assert record["verdict"] == "unserved"
    assert record["reason"] == "TypeError: an argument is gone"


def test_classes_that_are_numbers_or_formulas_are_told_apart(study: Path, monkeypatch) -> None:
    """A spreadsheet's apostrophe, and names that pandas would read as numbers or as missing."""
    names = ("01", "1", "=a", "nan", "None", "x, y", "1.0", "True", "-", "é")
    predictions = artifacts.read_predictions(CELL)
    try:
        renamed = type(predictions)(predictions.labels, predictions.logits, names)
        artifacts.write_predictions(CELL, renamed)
        evaluate()
        assert not figures.checked(CELL)["wrong"]
    finally:
        artifacts.write_predictions(CELL, predictions)
        evaluate()
