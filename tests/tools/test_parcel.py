"""Trained cells on their way: parts, checksums, and what they were trained with."""

import json
from pathlib import Path

import numpy as np
import pytest

from heatproof.config import params
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from heatproof.storage.records import Dataset
from tests.small_cell import write_params
from tools import parcel

CELL = "simple_cnn-digits"
WEIGHTS = bytes(range(256)) * 9
HISTORY = b"epoch,loss\n1,0.5\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one parcel, its weights in three parts, beside the study that made it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parcel, "LARGEST_PART", 1000)
    write_params(CELL)
    images = np.zeros((2, 16, 16, 1), np.uint8)
    labels = np.arange(2, dtype=np.int64)
    artifacts.write_dataset("digits", Dataset(images, labels, images, labels, ("a", "b")))
    parcel.write(
        Path("sent"), CELL, parcel.basis(params.load(), CELL), WEIGHTS, HISTORY,
        {"val_accuracy": 0.5, "loss": float("nan")}, {"train_seconds": 1.5},
        {"test_accuracy": 0.5, "precision": "float32"},
    )  # fmt: skip
    return Path("sent")


def test_it_arrives_as_it_was_sent(folder: Path) -> None:
    names = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert names.keys() == {
        f"{CELL}.parcel.json", f"{CELL}.history.csv",
        *(f"{CELL}.weights.h5.0{number}" for number in range(3)),
    }  # fmt: skip
    assert [names[f"{CELL}.weights.h5.0{number}"] for number in range(3)] == [1000, 1000, 304]
    assert parcel.cells_in(folder) == [CELL]
    arrived = parcel.read(folder, CELL)
    assert (arrived.weights, arrived.history) == (WEIGHTS, HISTORY)
    assert arrived.manifest.metrics == {"val_accuracy": 0.5, "loss": None}
    assert arrived.manifest.run["python"]
    assert parcel.differences(arrived.manifest.basis, parcel.basis(params.load(), CELL)) == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (f"{CELL}.weights.h5.01", None, r"weights\.h5\.01: there is no such file"),
        (f"{CELL}.weights.h5.01", b"x" * 1000, r"weights\.h5\.01: damaged \(1,000 bytes"),
        (f"{CELL}.history.csv", b"", r"history\.csv: damaged"),
        (f"{CELL}.parcel.json", b"{", "not valid JSON"),
        (f"{CELL}.parcel.json", b"[]", "not what `python -m bench.gpu` writes"),
        (f"{CELL}.parcel.json", b"{}", "format is missing"),
    ],
)
def test_what_is_missing_or_damaged_is_named(folder: Path, name, content, said) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=said):
        parcel.read(folder, CELL)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": "0" * 64}, "it was altered"),
        ({"cell": "../../etc"}, "says it is of '../../etc'"),
        ({"parts": ["../x"]}, "parts.0"),
        ({"more": 1}, "unknown parameter"),
    ],
)
def test_an_altered_manifest_is_refused(folder: Path, change, said) -> None:
    path = folder / f"{CELL}.parcel.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match=said):
        parcel.read(folder, CELL)


def test_another_training_is_told_by_what_differs(folder: Path) -> None:
    theirs = parcel.read(folder, CELL).manifest.basis
    write_params(CELL, seed=7)
    data = paths.processed("digits")
    data.write_bytes(data.read_bytes() + b" ")
    changed = theirs.model_copy(update={"code": {**theirs.code, "stages/train.py": "0" * 64}})
    said = parcel.differences(changed, parcel.basis(params.load(), CELL))
    assert said == [
        "seed was 42, params.yaml has 7",
        "other code: stages/train.py",
        "other prepared data: data/processed was not the same file",
    ]


def test_a_folder_without_parcels_and_missing_data_are_messages(folder: Path) -> None:
    with pytest.raises(UserError, match="no trained cells"):
        parcel.cells_in(Path("data"))
    paths.processed("digits").unlink()
    with pytest.raises(UserError, match="dvc repro preprocess@digits"):
        parcel.basis(params.load(), CELL)
