"""The train stage on the bundled digits, from the real params.yaml, shrunk."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from heatproof.config import params
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths, tables, weights
from heatproof.storage.records import Dataset
from stages import train
from stages.train import train_cell
from tests.small_cell import write_params

CELL = "simple_cnn-digits"


@pytest.fixture
def _digits(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STUDY_TRACKING", "off")
    write_params(CELL)
    random = np.random.default_rng(0)
    labels = np.arange(200, dtype=np.int64) % 10
    images = random.integers(0, 256, (200, 16, 16, 1), dtype=np.uint8)
    names = tuple(str(digit) for digit in range(10))
    artifacts.write_dataset("digits", Dataset(images, labels, images[:20], labels[:20], names))


def files() -> dict[str, bytes]:
    written = [
        paths.weights(CELL),
        paths.history(CELL),
        paths.metrics("train", CELL),
    ]
    return {str(path): path.read_bytes() for path in written}


@pytest.mark.usefixtures("_digits")
def test_it_writes_weights_history_metrics_and_timing_and_repeats_to_the_byte(capsys) -> None:
    train_cell(CELL)
    first = files()
    study = params.load()
    schedule = study.schedule_of(CELL)
    metrics = json.loads(first["data/metrics/train/simple_cnn-digits.json"])
    history = tables.read_table(paths.history(CELL))
    assert metrics["epochs"] == schedule.epochs == len(history) == metrics["epochs_run"]
    best = history.iloc[metrics["best_epoch"] - 1]
    assert metrics["val_accuracy"] == pytest.approx(best["val_accuracy"], abs=1e-5)
    assert metrics["val_accuracy"] == pytest.approx(history["val_accuracy"].max(), abs=1e-5)
    assert metrics["validation_images"] == 20
    assert set(artifacts.read_timing("train", CELL)) == {"train_seconds", "images_per_second"}
    assert f"epoch 1/{schedule.epochs}" in capsys.readouterr().out

    train_cell(CELL)
    assert files() == first


@pytest.mark.usefixtures("_digits")
def test_the_file_holds_the_networks_weights_and_no_optimiser() -> None:
    train_cell(CELL)
    with h5py.File(paths.weights(CELL)) as file:
        assert "optimizer" not in file
        assert set(file["layers"]) >= {"conv2d", "conv2d_1", "dense"}


@pytest.mark.usefixtures("_digits")
def test_killed_before_its_results_were_written_it_goes_on_and_ends_in_the_same_bytes(
    monkeypatch, capsys
) -> None:
    train_cell(CELL)
    whole = files()
    assert not list(Path(".resume").glob("*"))

    def killed(*arguments) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(weights, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            train_cell(CELL)
    for path in whole:
        Path(path).unlink()
    capsys.readouterr()
    train_cell(CELL)
    assert "going on after epoch" in capsys.readouterr().out
    assert files() == whole
    assert not list(Path(".resume").glob("*"))
    # With another seed the file would be of another training: it would not be used.
    with monkeypatch.context() as patch:
        patch.setattr(weights, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            train_cell(CELL)
    write_params(CELL, seed=7)
    capsys.readouterr()
    train_cell(CELL)
    assert "of another training" in capsys.readouterr().out


@pytest.mark.usefixtures("_digits")
def test_killed_before_dvc_noted_its_results_it_trains_nothing_again(monkeypatch, capsys) -> None:
    monkeypatch.setenv(train.KEEPS, "1")
    train_cell(CELL)
    whole = files()
    kept = train.finished(train.RESUME / f"{CELL}.npz")
    assert kept.exists()
    capsys.readouterr()
    for _ in range(2):
        for path in whole:
            Path(path).unlink()
        train_cell(CELL)
        said = capsys.readouterr().out
        assert "going on after epoch" in said and "epoch 1/" not in said
        assert files() == whole
        assert kept.exists() and not list(train.RESUME.glob("*.npz"))
    # DVC alone, which nobody tidies up after, leaves nothing.
    monkeypatch.delenv(train.KEEPS)
    train_cell(CELL)
    assert not list(train.RESUME.rglob("*.npz"))


@pytest.mark.usefixtures("_digits")
def test_missing_data_and_unknown_cells_are_messages() -> None:
    paths.processed("digits").unlink()
    with pytest.raises(UserError, match="dvc repro preprocess@digits"):
        train_cell(CELL)
    with pytest.raises(UserError, match="did you mean 'simple_cnn-digits'"):
        train_cell("simple_cnn-digit")
