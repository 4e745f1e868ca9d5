"""Accuracy by images of each class, from the metrics of a cell's runs."""

from pathlib import Path

import pytest

from heatproof.evaluation.few_images import by_images_per_class
from heatproof.evaluation.seeds import over_seeds
from heatproof.storage import artifacts
from tests.small_cell import load_params

CELL = "simple_cnn-digits"
ENTRY = {"model": "simple_cnn", "dataset": "digits"}
RUNS = {
    f"{CELL}-seed43-5perclass": ENTRY | {"train_images_per_class": 5, "seed": 43},
    f"{CELL}-5perclass": ENTRY | {"train_images_per_class": 5},
    f"{CELL}-1perclass": ENTRY | {"train_images_per_class": 1},
    f"{CELL}-20perclass": ENTRY | {"train_images_per_class": 20},
    f"{CELL}-seed43": ENTRY | {"seed": 43},
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(run: str, accuracy: float, images: int, **more: float) -> None:
    measured = {"accuracy": accuracy, "test_images": 50, "majority_accuracy": 0.6}
    artifacts.write_metrics("evaluate", run, measured | {"class_names": ["a", "b"]} | more)
    artifacts.write_metrics("train", run, {"train_images": images})


def test_runs_are_joined_by_their_number_and_all_images_come_last() -> None:
    study = load_params(CELL, runs=RUNS)
    write(CELL, 0.9, 200)
    write(f"{CELL}-seed43", 0.8, 201)
    assert by_images_per_class(study, CELL) is None, "all images are no few"
    write(f"{CELL}-seed43-5perclass", 0.7, 10)
    write(f"{CELL}-5perclass", 0.5, 10)
    write(f"{CELL}-1perclass", 0.4, 2)
    found = by_images_per_class(study, CELL)
    assert (found["kind"], found["baseline"], found["test_images"]) == ("accuracy", 0.6, 50)
    one, five, every = found["numbers"]
    assert five == {
        "per_class": 5, "all": False, "seeds": [42, 43], "accuracies": [0.5, 0.7],
        "mean": 0.6, "low": None, "high": None,
    }  # fmt: skip
    assert (one["per_class"], one["mean"], one["low"]) == (1, 0.4, None)
    assert (every["per_class"], every["all"], every["accuracies"]) == (100.25, True, [0.9, 0.8])
    assert over_seeds(study, CELL) is None, "those of few images are no seeds of the cell"


def test_where_classes_are_balanced_so_is_the_accuracy() -> None:
    study = load_params(CELL, runs=RUNS, training={"balance": "sampling"})
    write(f"{CELL}-1perclass", 0.9, 2, balanced_accuracy=0.55)
    found = by_images_per_class(study, CELL)
    assert (found["kind"], found["baseline"]) == ("balanced_accuracy", 0.5)
    assert found["numbers"][0]["mean"] == 0.55
