"""Splits: every image on one side, every class on both, the same for the same seed."""

import numpy as np
import pytest

from heatproof.datasets.split import train_validation_split

# 100, 10, 2 and 1 images of four classes, mixed up.
LABELS = np.random.default_rng(1).permutation(np.repeat([0, 1, 2, 3], [100, 10, 2, 1]))


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
def test_the_parts_are_disjoint_and_cover_everything(fraction: float) -> None:
    train, held_out = train_validation_split(LABELS, fraction, seed=3)
    assert train.dtype == held_out.dtype == np.int64
    np.testing.assert_array_equal(np.sort(np.concatenate([train, held_out])), np.arange(113))


@pytest.mark.parametrize(
    ("fraction", "held_out"),
    [
        (0.0, [0, 0, 0, 0]),
        (0.001, [1, 1, 1, 0]),  # at least one where there are two
        (0.1, [10, 1, 1, 0]),
        (0.24, [24, 2, 1, 0]),  # 2.4 of 10
        (0.26, [26, 3, 1, 0]),  # 2.6 of 10
        (1.0, [99, 9, 1, 0]),  # at least one stays
    ],
)
def test_each_class_gives_its_share(fraction: float, held_out: list[int]) -> None:
    train, validation = train_validation_split(LABELS, fraction, seed=3)
    assert np.bincount(LABELS[validation], minlength=4).tolist() == held_out
    kept = [size - gone for size, gone in zip([100, 10, 2, 1], held_out, strict=True)]
    assert np.bincount(LABELS[train], minlength=4).tolist() == kept


def test_the_seed_decides() -> None:
    one, again, other = (train_validation_split(LABELS, 0.3, seed) for seed in (5, 5, 6))
    for part in range(2):
        np.testing.assert_array_equal(one[part], again[part])
    assert set(one[1]) != set(other[1])


def test_a_known_split() -> None:
    # NumPy's PCG64 gives the same stream for a seed for ever.
    assert np.random.default_rng(0).permutation(6).tolist() == [3, 2, 5, 4, 0, 1]
    # In that order the labels are 1 1 1 0 0 0; a third of each class is its first image.
    train, held_out = train_validation_split(np.array([0, 0, 1, 1, 0, 1]), 1 / 3, seed=0)
    assert held_out.tolist() == [3, 4]
    assert train.tolist() == [2, 5, 0, 1]


def test_both_parts_are_shuffled() -> None:
    labels = np.zeros(1000, dtype=np.int64)
    train, held_out = train_validation_split(labels, 0.5, seed=0)
    for part in (train, held_out):
        # Of shuffled numbers about half are greater than the one before; of sorted ones, all.
        assert 0.4 < (np.diff(part) > 0).mean() < 0.6


def test_nothing_to_split() -> None:
    for part in train_validation_split(np.zeros(0, dtype=np.int64), 0.5, seed=0):
        assert part.shape == (0,)
