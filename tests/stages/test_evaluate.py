"""The evaluate stage on a tiny cell, with the real params.yaml shrunk and real files."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from heatproof.config import params
from heatproof.datasets.parts import evaluated_part
from heatproof.datasets.split import train_validation_split
from heatproof.evaluation.inference import Forward
from heatproof.evaluation.results import on_train
from heatproof.run import tracking
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, confusions, weights
from heatproof.storage.records import Dataset
from stages import evaluate as stage
from tests import overlay, scratch, stored
from tests.run.tracking.recorded import send

if TYPE_CHECKING:
    import keras

CELL = "simple_cnn-digits"
NAMES = ("=zero", *"123456789")
TEST_IMAGES, TRAIN_IMAGES = 300, 160


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with parameters, random images of ten classes and random weights, evaluated once."""
    folder = tmp_path_factory.mktemp("a study") / "größer"
    folder.mkdir()
    overlay.write(folder / "params.yaml", scratch.shrunken_params(CELL))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        stored.write("digits", dataset())
        loaded = params.load()
        save_weights(loaded, bias=None)
        stage.evaluate(CELL)
        yield folder


def dataset() -> Dataset:
    generator = np.random.default_rng(5)
    shape = (16, 16, 1)
    return Dataset(
        generator.integers(0, 256, (TRAIN_IMAGES, *shape), dtype=np.uint8),
        np.arange(TRAIN_IMAGES) % 10,
        generator.integers(0, 256, (TEST_IMAGES, *shape), dtype=np.uint8),
        generator.integers(0, 10, TEST_IMAGES),
        NAMES,
    )


def save_weights(loaded: params.Params, bias: np.ndarray | None) -> None:
    """Save random weights; with a bias, ones under which every image gets it as its logits."""
    from heatproof.models.build import build_model

    model = build_model(loaded.run(CELL), (16, 16, 1), 10)
    if bias is not None:
        kernel = model.layers[-1].kernel
        model.layers[-1].set_weights([np.zeros(kernel.shape), bias])
    weights.save(CELL, model)
    artifacts.write_metrics("train", CELL, {"val_accuracy": 0.5, "epochs_run": 3})


def loaded_network(folder: Path = Path()) -> "keras.Model":
    """Return the cell's saved network, of the study in a folder."""
    from heatproof.models.build import trained_network

    return trained_network(params.load().run(CELL), (16, 16, 1), 10, folder)


def direct_logits(images: np.ndarray, folder: Path = Path()) -> np.ndarray:
    """Return what the saved network says, computed without the stage's batches."""
    import keras

    model = loaded_network(folder)
    return keras.ops.convert_to_numpy(model(images.astype(np.float32) / 255, training=False))


def counts(stored: list[list[int]]) -> np.ndarray:
    return confusions.matrix(stored, len(NAMES))


def results() -> dict:
    return json.loads(Path(f"data/metrics/evaluate/{CELL}.json").read_text())


def test_the_predictions_are_the_network_s_own(study: Path) -> None:
    predictions = artifacts.read_predictions(CELL)
    expected = direct_logits(dataset().test_images)
    np.testing.assert_allclose(predictions.logits, expected, rtol=1e-4, atol=1e-5)
    assert predictions.logits.dtype == np.float32
    assert predictions.labels.tolist() == dataset().test_labels.tolist()
    assert predictions.class_names == NAMES


def test_a_run_that_left_out_a_fold_is_evaluated_on_it(
    study: Path, tmp_path, monkeypatch, capsys
) -> None:
    name = f"{CELL}-fold2of4"
    content = scratch.shrunken_params(CELL)
    content["runs"][name] = scratch.cell(CELL) | {"fold": 2, "folds": 4}
    monkeypatch.chdir(tmp_path)
    overlay.write(params.PARAMS, content)
    stored.write("digits", dataset())
    weights.save(name, loaded_network(study))
    artifacts.write_metrics("train", name, {"val_accuracy": 0.5, "epochs_run": 3})
    stage.evaluate(name)
    assert f"evaluate {name}: {TRAIN_IMAGES // 4} images of its fold\n" in capsys.readouterr().out
    images, labels = evaluated_part(params.load().run(name), dataset())
    found = artifacts.read_predictions(name)
    assert found.labels.tolist() == labels.tolist() and len(labels) == TRAIN_IMAGES // 4
    assert np.array_equal(found.logits.argmax(axis=1), direct_logits(images, study).argmax(axis=1))
    headline = json.loads(Path(f"metrics/evaluate/{name}.json").read_text())
    assert list(headline) == ["accuracy"], "ten more for each of many folds hide all others"


def test_the_metrics_follow_from_the_predictions(study: Path) -> None:
    logits = direct_logits(dataset().test_images).astype(np.float64)
    labels, predicted = dataset().test_labels, logits.argmax(axis=1)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = results()
    assert found["accuracy"] == pytest.approx(np.mean(labels == predicted), abs=1e-6)
    assert found["accuracy_low"] < found["accuracy"] < found["accuracy_high"]
    assert found["loss"] == pytest.approx(
        -np.log(probabilities[np.arange(TEST_IMAGES), labels]).mean(), abs=1e-4
    )
    assert found["test_images"] == TEST_IMAGES == counts(found["confusion_test"]).sum()
    assert sum(entry["count"] for entry in found["reliability"]) == TEST_IMAGES
    expected = [[np.sum((labels == i) & (predicted == j)) for j in range(10)] for i in range(10)]
    assert counts(found["confusion_test"]).tolist() == expected
    most = int(np.bincount(labels).argmax())
    assert found["majority_class"] == found["class_names"][most]
    assert found["majority_accuracy"] == pytest.approx(np.mean(labels == most), abs=1e-6)
    assert 0.4 < found["macro_auc"] < 0.6  # random weights, random labels
    assert found["class_names"] == list(NAMES)
    assert {name: entry["support"] for name, entry in found["per_class"].items()} == {
        name: np.sum(labels == index) for index, name in enumerate(NAMES)
    }
    worst = found["top_confusions"][0]
    off_diagonal = np.array(expected) - np.diag(np.diag(expected))
    row, column = NAMES.index(worst["true"]), NAMES.index(worst["predicted"])
    assert worst["count"] == off_diagonal.max() == off_diagonal[row, column]


def test_the_training_side_counts_only_images_that_were_trained_on(study: Path) -> None:
    loaded = params.load()
    fraction = loaded.run(CELL).training.validation_fraction
    chosen, held_out = train_validation_split(dataset().train_labels, fraction, loaded.seed)
    assert len(held_out) > 0
    counted = chosen[: loaded.evaluate.train_images]
    found = results()
    assert found["train_images"] == loaded.evaluate.train_images == 64
    labels = dataset().train_labels[counted]
    assert counts(found["confusion_train"]).sum(axis=1).tolist() == [
        np.sum(labels == index) for index in range(10)
    ]
    predicted = direct_logits(dataset().train_images[counted]).argmax(axis=1)
    assert found["train_accuracy"] == pytest.approx(np.mean(labels == predicted), abs=1e-6)


def test_images_that_the_schedule_left_out_do_not_count(study: Path) -> None:
    run = params.load().run(CELL)
    schedule = run.schedule.model_copy(update={"train_images": 7})
    smaller = run.model_copy(update={"schedule": schedule})
    forward = Forward(lambda batch: np.zeros((len(batch), 10), np.float32), 64)
    found = on_train(smaller, dataset(), forward, 64)
    assert found["train_images"] == 7


def test_the_csv_names_classes_and_holds_no_formula(study: Path) -> None:
    with open(f"data/predictions/{CELL}.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    predictions = artifacts.read_predictions(CELL)
    shown = ("'=zero", *NAMES[1:])
    assert [row["true"] for row in rows] == [shown[label] for label in predictions.labels]
    assert [row["predicted"] for row in rows] == [shown[label] for label in predictions.predicted]
    right = [row["correct"] == "yes" for row in rows]
    assert right == (predictions.labels == predictions.predicted).tolist()
    assert all(float(row["confidence"]) >= float(row["second_probability"]) > 0 for row in rows)


def test_durations_are_apart_and_everything_else_repeats_to_the_byte(study: Path) -> None:
    timing = artifacts.read_timing("evaluate", CELL)
    assert set(timing) == {"inference_ms_per_image", "evaluate_seconds"}
    assert all(value > 0 for value in timing.values())
    made = [
        Path(f"data/predictions/{CELL}.npz"),
        Path(f"data/predictions/{CELL}.csv"),
        Path(f"data/metrics/evaluate/{CELL}.json"),
        Path(f"metrics/evaluate/{CELL}.json"),
    ]
    before = [path.read_bytes() for path in made]
    stage.evaluate(CELL)
    assert [path.read_bytes() for path in made] == before


def test_a_network_with_constant_predictions_has_known_metrics_and_is_told(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = params.load()
    probabilities = np.full(10, 0.02)
    probabilities[3] = 0.82
    save_weights(loaded, np.log(probabilities))
    stage.evaluate(CELL)
    found = results()
    threes = dataset().test_labels == 3
    share = threes.mean()
    assert found["accuracy"] == pytest.approx(share, abs=1e-6)
    assert found["ece"] == pytest.approx(0.82 - share, abs=1e-5)
    assert found["loss"] == pytest.approx(
        -(share * np.log(0.82) + (1 - share) * np.log(0.02)), abs=1e-5
    )
    assert found["macro_recall"] == found["balanced_accuracy"] == pytest.approx(0.1)
    assert "note: It always predicts the same class, 3," in capsys.readouterr().out
    assert found["per_class"]["3"]["precision"] == pytest.approx(share, abs=1e-6)
    assert found["per_class"]["4"] == {
        "precision": 0, "recall": 0, "f1": 0, "support": np.sum(dataset().test_labels == 4),
        "predicted": 0, "auc": 0.5, "average_precision": pytest.approx(
            np.mean(dataset().test_labels == 4), abs=1e-6),
    }  # fmt: skip
    assert {pair["predicted"] for pair in found["top_confusions"]} == {"3"}


def test_the_run_is_tracked_with_its_numbers_and_figures(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes").mkdir()
    monkeypatch.setenv(tracking.NOTED, str(tmp_path / "notes"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    stage.evaluate(CELL)
    send(tmp_path / "notes")
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    cell, run = client.search_runs(
        [client.get_experiment_by_name("study").experiment_id], order_by=["tags.kind DESC"]
    )
    assert cell.data.metrics["accuracy"] == run.data.metrics["accuracy"]
    assert cell.data.metrics.keys() < run.data.metrics.keys(), "the headline"
    assert run.data.tags["dvc_stage"] == f"evaluate@{CELL}"
    assert run.data.metrics["accuracy"] == pytest.approx(results()["accuracy"], abs=1e-6)
    assert "inference_ms_per_image" in run.data.metrics
    assert run.data.params["evaluate.bootstrap_samples"] == "100"
    logged = sorted(path.name for path in (tmp_path / "mlartifacts").rglob("*.png"))
    assert logged == [f"confusion-{CELL}.png", f"reliability-{CELL}.png"]


def test_missing_weights_and_data_are_named_with_what_makes_them(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "params.yaml").write_bytes((study / "params.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"data/processed/digits\.npz.*dvc repro preprocess@digits"):
        stage.evaluate(CELL)
    stored.write("digits", dataset())
    with pytest.raises(UserError, match=rf"{CELL}\.weights\.h5.*dvc repro train@{CELL}"):
        stage.evaluate(CELL)
    assert not Path("metrics").exists()


def test_an_unknown_cell_is_refused_at_once_with_the_nearest_name(study: Path) -> None:
    done = run_stage(study, "--run", "simple_cnn-digit")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: params.yaml")
    assert CELL in done.stderr


def test_help_describes_the_stage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate", "--help"])
    with pytest.raises(SystemExit, match="0"):
        stage.main()
    told = " ".join(capsys.readouterr().out.split())
    assert "--run RUN" in told and "dvc repro evaluate@RUN" in told


def run_stage(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = scratch.environment(PYTHONPATH=str(scratch.ROOT))
    return subprocess.run(
        [sys.executable, "-m", "stages.evaluate", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
