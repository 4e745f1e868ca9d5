"""The train stage on the bundled digits, from the real params.yaml, shrunk."""

import json
import re
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from heatproof.config import params
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths, resuming, tables, weights
from heatproof.storage.records import Dataset
from heatproof.training import loop
from stages.train import train
from tests import stored
from tests.small_cell import write_params

CELL = "simple_cnn-digits"


@pytest.fixture
def _digits(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prepare(monkeypatch)


def prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the parameters and images of the cell into the current folder."""
    monkeypatch.setenv("STUDY_TRACKING", "off")
    monkeypatch.setattr(loop, "MAX_STEPS", 1)  # its graph takes two thirds of the time to make
    write_params(CELL)
    random = np.random.default_rng(0)
    labels = np.arange(200, dtype=np.int64) % 10
    images = random.integers(0, 256, (200, 16, 16, 1), dtype=np.uint8)
    names = tuple(str(digit) for digit in range(10))
    stored.write("digits", Dataset(images, labels, images[:20], labels[:20], names))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed training of the cell writes."""
    with chdir(tmp_path_factory.mktemp("whole")), pytest.MonkeyPatch.context() as patch:
        prepare(patch)
        train(CELL)
        return files()


def files(run: str = CELL) -> dict[str, bytes]:
    written = [paths.weights(run), paths.history(run), paths.metrics("train", run)]
    return {str(path): path.read_bytes() for path in written}


def unnamed(written: dict[str, bytes]) -> list[bytes]:
    """What was written, without what stands for the run's name: the checksum that seals a file."""
    return [re.sub(rb"[0-9a-f]{64}", b"", content) for content in written.values()]


@pytest.mark.usefixtures("_digits")
def test_it_writes_weights_history_metrics_and_timing_and_repeats_to_the_byte(
    whole: dict[str, bytes], capsys
) -> None:
    train(CELL)
    first = files()
    study = params.load()
    schedule = study.run(CELL).schedule
    metrics = json.loads(first["data/metrics/train/simple_cnn-digits.json"])
    history = tables.read_table(paths.history(CELL))
    assert metrics["epochs"] == schedule.epochs == len(history) == metrics["epochs_run"]
    best = history.iloc[metrics["best_epoch"] - 1]
    assert metrics["val_accuracy"] == pytest.approx(best["val_accuracy"], abs=1e-5)
    assert metrics["val_accuracy"] == pytest.approx(history["val_accuracy"].max(), abs=1e-5)
    assert metrics["validation_images"] == 20
    assert set(artifacts.read_timing("train", CELL)) == {"train_seconds", "images_per_second"}
    assert f"epoch 1/{schedule.epochs}" in capsys.readouterr().out
    assert first == whole
    with h5py.File(paths.weights(CELL)) as file:
        assert "optimizer" not in file
        assert set(file["layers"]) >= {"conv2d", "conv2d_1", "dense"}


@pytest.mark.usefixtures("_digits")
def test_killed_before_its_results_were_written_it_goes_on_and_ends_in_the_same_bytes(
    whole: dict[str, bytes], monkeypatch, capsys
) -> None:
    def killed(*arguments) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(weights, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            train(CELL)
    capsys.readouterr()
    train(CELL)
    assert "resuming after epoch" in capsys.readouterr().out
    assert files() == whole
    assert not list(Path(".resume").glob("*"))
    # With another seed the file would be of another training: it would not be used.
    with monkeypatch.context() as patch:
        patch.setattr(weights, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            train(CELL)
    write_params(CELL, seed=7)
    capsys.readouterr()
    train(CELL)
    assert "of another training" in capsys.readouterr().out


@pytest.mark.usefixtures("_digits")
def test_killed_before_dvc_noted_its_results_it_trains_nothing_again(monkeypatch, capsys) -> None:
    monkeypatch.setenv(resuming.KEEPS, "1")
    train(CELL)
    whole = files()
    kept = resuming.finished_path(CELL)
    assert kept.exists()
    capsys.readouterr()
    for _ in range(2):
        for path in whole:
            Path(path).unlink()
        train(CELL)
        said = capsys.readouterr().out
        assert "resuming after epoch" in said and "epoch 1/" not in said
        assert files() == whole
        assert kept.exists() and not list(resuming.RESUME.glob("*.npz"))
    # DVC alone, which nobody tidies up after, leaves nothing.
    monkeypatch.delenv(resuming.KEEPS)
    train(CELL)
    assert not list(resuming.RESUME.rglob("*.npz"))


@pytest.mark.usefixtures("_digits")
def test_missing_data_and_unknown_cells_and_layers_are_messages() -> None:
    write_params(CELL, explain={"gradients": {"gradcam": {"layer": "conf1"}}})
    message = r"explain\.gradients\.gradcam\.layer = 'conf1': .*did you mean 'conv1"
    with pytest.raises(UserError, match=message):
        train(CELL)
    assert not list(resuming.RESUME.rglob("*.npz")), "refused before its first epoch"
    write_params(CELL)
    paths.processed("digits").unlink()
    with pytest.raises(UserError, match="dvc repro preprocess@digits"):
        train(CELL)
    with pytest.raises(UserError, match="did you mean 'simple_cnn-digits'"):
        train("simple_cnn-digit")


@pytest.mark.usefixtures("_digits")
def test_a_run_has_a_seed_and_labels_of_its_own_and_all_else_is_the_cells(
    whole: dict[str, bytes],
) -> None:
    entry = {"model": "simple_cnn", "dataset": "digits", "seed": 43}
    seed, shuffled = f"{CELL}-seed43", f"{CELL}-shuffled43"
    write_params(CELL, runs={seed: entry, shuffled: entry | {"labels": "shuffled"}})
    for run in (seed, shuffled):
        train(run)
    own = unnamed(whole)
    other, meaningless = (unnamed(files(run)) for run in (seed, shuffled))
    assert len({*own, *other, *meaningless}) == 9  # no file is as another
    # As the whole study's seed it gives the same bytes, though its name is another.
    write_params(CELL, seed=43)
    train(CELL)
    assert unnamed(files()) == other
    # And as labels of the dataset, shuffled labels do.
    dataset = artifacts.read_dataset("digits")
    order = np.random.default_rng(43).permutation(dataset.train_labels)
    stored.write("digits", replace(dataset, train_labels=order))
    train(CELL)
    assert unnamed(files()) == meaningless
