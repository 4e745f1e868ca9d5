"""The labels that a run learns: the dataset's, or the same in another order."""

import numpy as np
import pytest

from heatproof.config.runs import Run
from heatproof.storage.records import Dataset
from heatproof.training.labels import with_labels_of
from tests.small_cell import load_params

CELL = "simple_cnn-digits"


@pytest.fixture
def runs() -> dict[str, Run]:
    shuffled = {f"{CELL}-shuffled{seed}": seed for seed in (1, 2)}
    study = load_params(
        CELL,
        runs={
            name: {"model": "simple_cnn", "dataset": "digits", "seed": seed, "labels": "shuffled"}
            for name, seed in shuffled.items()
        },
    )
    return {name: study.run(name) for name in study.runs}


def dataset() -> Dataset:
    images = np.zeros((2000, 2, 2, 1), np.uint8)
    labels = np.arange(2000, dtype=np.int64) % 10
    return Dataset(images, labels, images[:20], labels[:20], tuple("0123456789"))


def test_labels_are_permuted_by_the_seed_and_stay_as_many_of_each_class(runs) -> None:
    before = dataset()
    first, same, other = (
        with_labels_of(runs[f"{CELL}-shuffled{seed}"], before).train_labels for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(np.bincount(first), np.full(10, 200))
    np.testing.assert_array_equal(first, np.random.default_rng(1).permutation(before.train_labels))
    np.testing.assert_array_equal(first, same)
    np.testing.assert_array_equal(before.train_labels, dataset().train_labels)
    for one, another in ((first, before.train_labels), (first, other)):
        assert 0.07 < (one == another).mean() < 0.13  # a tenth by chance
    assert first.dtype == np.int64


def test_a_cells_own_run_learns_the_labels_as_they_are(runs) -> None:
    data = dataset()
    assert with_labels_of(runs[CELL], data) is data
