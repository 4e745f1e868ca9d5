"""Training from further seeds: each as it would be alone, and their spread."""

import os
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest

from heatproof.run.errors import UserError
from heatproof.statistics.spread import spread
from heatproof.storage import artifacts, paths
from heatproof.storage.records import Dataset, Predictions
from stages.train_seeds import numbers, train_seeds
from stages.train_twin import train_twin
from tests.scratch import cell
from tests.small_cell import write_params

ROOT = Path(__file__).resolve().parents[2]
CELL = "simple_cnn-digits"
OTHER = "baseline_cnn-digits"
SEEDS = [43, 44]


def _write_study() -> None:
    write_params(
        CELL,
        OTHER,
        seeds={CELL: cell(CELL) | {"seeds": SEEDS}},
        twins={CELL: cell(CELL) | {"seed": SEEDS[1]}},
    )
    random = np.random.default_rng(0)
    labels = np.arange(200, dtype=np.int64) % 10
    images = random.integers(0, 256, (200, 16, 16, 1), dtype=np.uint8)
    names = tuple(str(digit) for digit in range(10))
    artifacts.write_dataset("digits", Dataset(images, labels, images[:50], labels[:50], names))
    logits = random.standard_normal((50, 10)).astype(np.float32)
    artifacts.write_predictions(CELL, Predictions(labels[:50], logits, names))


@pytest.fixture
def _digits(tmp_path, monkeypatch) -> None:
    """Stand in a folder with a prepared dataset and a cell's predictions."""
    monkeypatch.chdir(tmp_path)
    _write_study()


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    """Such a folder in which the cell was trained from its seeds, without an interruption."""
    folder = tmp_path_factory.mktemp("done")
    with chdir(folder):
        _write_study()
        train_seeds(CELL)
    return folder


def test_numbers_are_those_of_the_predictions() -> None:
    logits = np.log(np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], np.float32))
    found = numbers(Predictions(np.array([0, 1, 1]), logits, ("a", "b")))
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["macro_f1"] == pytest.approx(2 / 3)  # both classes' is 2 · 1/2 · 1 / (3/2)
    assert found["loss"] == pytest.approx(-np.log([0.9, 0.2, 0.7]).mean(), rel=1e-5)


def test_the_cells_own_run_is_among_them_and_each_other_is_a_training_of_its_own(
    done: Path, monkeypatch
) -> None:
    from heatproof.config.params import load
    from heatproof.evaluation import inference
    from heatproof.models.build import build_model

    monkeypatch.chdir(done)
    said = artifacts.read_metrics("train_seeds", CELL)
    assert said["seeds"] == [42, *SEEDS]
    for name in ("accuracy", "macro_f1", "loss"):
        values = said[name]["values"]
        for what, value in spread(values).items():
            assert said[name][what] == pytest.approx(value, abs=1e-6)  # as written
        assert len(set(values)) > 1
    own = numbers(artifacts.read_predictions(CELL))
    assert said["loss"]["values"][0] == pytest.approx(own["loss"])

    # The second of them after another training in this process, the twin alone: the same network.
    train_twin(CELL)
    network = build_model(load(), CELL, (16, 16, 1), 10)
    network.load_weights(paths.weights(CELL).with_name(f"{CELL}.twin.weights.h5"))
    dataset = artifacts.read_dataset("digits")
    logits = inference.logits(inference.compiled_forward(network), dataset.test_images)
    twin = numbers(Predictions(dataset.test_labels, logits, dataset.class_names))
    assert said["loss"]["values"][2] == pytest.approx(twin["loss"], abs=1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("_digits")
def test_as_a_command_of_its_own(done: Path) -> None:
    """Where nothing has loaded TensorFlow before; the numbers are those of this process."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "STUDY_TRACKING": "off"}
    ended = subprocess.run(
        [sys.executable, "-m", "stages.train_seeds", "--cell", CELL],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    path = paths.metrics("train_seeds", CELL)
    assert path.read_bytes() == (done / path).read_bytes()


@pytest.mark.usefixtures("_digits")
def test_interrupted_it_goes_on_and_gives_the_same(done: Path, monkeypatch) -> None:
    import stages.train_seeds as stage

    path = paths.metrics("train_seeds", CELL)

    def interrupted(predictions):
        if calls.append(1) or len(calls) == 3:
            raise KeyboardInterrupt
        return numbers(predictions)

    calls: list[int] = []
    monkeypatch.setattr(stage, "numbers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_seeds(CELL)
    assert not path.exists()
    monkeypatch.setattr(stage, "numbers", numbers)
    train_seeds(CELL)
    assert path.read_bytes() == (done / path).read_bytes()


@pytest.mark.usefixtures("_digits")
def test_a_cell_that_is_not_listed_is_a_message() -> None:
    with pytest.raises(UserError, match="cell with further seeds"):
        train_seeds(OTHER)
