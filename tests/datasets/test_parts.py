"""Which images a run is trained on, validated with and tested on: never the same ones."""

import numpy as np
import pytest

from heatproof.config.runs import Run
from heatproof.datasets.parts import evaluated_part, training_parts
from heatproof.datasets.split import train_validation_split
from heatproof.run.errors import UserError
from heatproof.storage.records import Dataset
from tests.small_cell import load_params

CELL = "simple_cnn-digits"
LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1], [60, 40]))
IMAGES = np.arange(100, dtype=np.uint8).reshape(-1, 1, 1, 1)


def run(fold: int | None = None, folds: int = 5, **schedule: object) -> Run:
    entry = {"model": "simple_cnn", "dataset": "digits"}
    name = CELL if fold is None else f"{CELL}-fold{fold}of{folds}"
    runs = {} if fold is None else {name: entry | {"fold": fold, "folds": folds}}
    found = load_params(CELL, runs=runs).run(name)
    changed = found.schedule.model_copy(update={"train_images": "all"} | schedule)
    return found.model_copy(update={"schedule": changed})


def dataset(**more: np.ndarray) -> Dataset:
    return Dataset(IMAGES, LABELS, IMAGES[:3] + 100, LABELS[:3], ("a", "b"), **more)


def test_a_cells_own_run_has_the_whole_training_part() -> None:
    trained, validated = training_parts(run(), dataset())
    expected = train_validation_split(LABELS, 0.1, 42)
    np.testing.assert_array_equal(trained, expected[0])
    np.testing.assert_array_equal(validated, expected[1])
    assert len(training_parts(run(train_images=7), dataset())[0]) == 7
    assert evaluated_part(run(), dataset())[0].ravel().tolist() == [100, 101, 102]


@pytest.mark.parametrize("grouped", [False, True])
def test_a_fold_is_tested_and_neither_trained_on_nor_validated_with(grouped: bool) -> None:
    groups = {"groups": np.arange(100) // 4} if grouped else {}
    data, seen = dataset(**groups), []
    for fold in range(1, 6):
        one = run(fold)
        trained, validated = training_parts(one, data)
        images, labels = evaluated_part(one, data)
        rows = images.ravel().astype(int)
        np.testing.assert_array_equal(labels, LABELS[rows])
        everything = np.sort(np.concatenate([trained, validated, rows]))
        np.testing.assert_array_equal(everything, np.arange(100))
        if grouped:
            parts = [set(data.groups[part]) for part in (trained, validated, rows)]
            assert sum(map(len, parts)) == 25, "a group is in one part only"
        else:
            assert np.bincount(labels).tolist() == [12, 8]
            assert np.bincount(LABELS[validated]).tolist() == [5, 3]
        seen.append(rows)
    np.testing.assert_array_equal(np.sort(np.concatenate(seen)), np.arange(100))


def test_the_users_own_validation_part_is_in_no_fold() -> None:
    own = (np.arange(100) >= 80).astype(np.uint8)
    data = dataset(validation=own)
    for fold in (1, 2):
        trained, validated = training_parts(run(fold), data)
        rows = evaluated_part(run(fold), data)[0].ravel()
        assert sorted(validated) == list(range(80, 100))
        assert max(rows) < 80 and len(trained) + len(rows) == 80


@pytest.mark.parametrize(
    ("folds", "more", "message"),
    [
        (61, {}, "at most 60 images of a class, of the 100 to train with"),
        (6, {"groups": np.arange(100) // 20}, "at most 5 groups to train with"),
        (2, {"groups": np.arange(100) // 50}, "one group of images is left to train on"),
    ],
)
def test_too_many_folds_are_a_message(folds: int, more: dict, message: str) -> None:
    with pytest.raises(UserError, match=rf"runs.{CELL}-fold1of{folds}.*{message}"):
        training_parts(run(1, folds), dataset(**more))
