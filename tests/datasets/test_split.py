"""Splits: every image on one side, every class on both, the same for the same seed."""

import numpy as np
import pytest

from heatproof.datasets.split import few_of_each, fold_split, group_split, train_validation_split

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


def shares(labels: np.ndarray, groups: np.ndarray, fraction: float, seed: int) -> list[int]:
    """Split by groups, require that none is on both sides, and count the classes held out."""
    train, held_out = group_split(labels, groups, fraction, seed)
    np.testing.assert_array_equal(
        np.sort(np.concatenate([train, held_out])), np.arange(len(labels))
    )
    assert not set(groups[train]) & set(groups[held_out]) and len(train) and len(held_out)
    return np.bincount(labels[held_out], minlength=labels.max() + 1).tolist()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("sizes", "fraction", "held_out"),
    [
        # Images of two classes in each group. Only these groups give the share asked for.
        ([(5, 5), (2, 0), (0, 2), (9, 9), (4, 4)], 0.1, [2, 2]),
        ([(5, 5), (3, 3), (9, 9), (4, 4), (19, 19)], 0.45, [18, 18]),
        # None does: 6 and 6 of the 60 and 60 are asked for, 5 and 7 are nearest.
        ([(5, 7), (20, 20), (10, 30), (25, 3)], 0.1, [5, 7]),
        # One group has all of a class: it stays where most of its class is asked for.
        ([(8, 0), (8, 0), (0, 30)], 0.3, [8, 0]),
        ([(50, 50), (1, 1)], 0.001, [1, 1]),  # at least one group
        ([(50, 50), (1, 1)], 0.999, [50, 50]),  # at least one stays
    ],
)
def test_groups_meet_the_share_as_well_as_they_can(
    seed: int, sizes: list[tuple[int, int]], fraction: float, held_out: list[int]
) -> None:
    labels = np.concatenate([np.repeat([0, 1], each) for each in sizes])
    groups = np.repeat(np.arange(len(sizes)), [sum(each) for each in sizes])
    mixed = np.random.default_rng(seed).permutation(len(labels))
    assert shares(labels[mixed], groups[mixed], fraction, seed) == held_out


@pytest.mark.parametrize("groups", [None, np.arange(113) // 3])
def test_folds_are_disjoint_and_stratified(groups: np.ndarray | None) -> None:
    parts = [fold_split(LABELS, groups, fold, 5, seed=1) for fold in range(1, 6)]
    left_out = [held_out for _, held_out in parts]
    np.testing.assert_array_equal(np.sort(np.concatenate(left_out)), np.arange(113))
    for train, held_out in parts:
        np.testing.assert_array_equal(np.sort(np.concatenate([train, held_out])), np.arange(113))
        counts = np.bincount(LABELS[held_out], minlength=4)
        if groups is None:
            assert counts[:2].tolist() == [20, 2]
        else:
            assert 17 <= counts[0] <= 23 and not set(groups[train]) & set(groups[held_out])
    assert set(fold_split(LABELS, groups, 1, 5, seed=2)[1]) != set(left_out[0])


def test_few_of_each_class_are_the_first_of_more() -> None:
    labels = np.random.default_rng(1).permutation(np.repeat([0, 1, 2], [50, 20, 9]))
    more = few_of_each(labels, 3, 9, seed=5)
    assert labels[more].tolist() == [0, 1, 2] * 9 and len(set(more)) == 27
    for count in (1, 4):
        np.testing.assert_array_equal(few_of_each(labels, 3, count, seed=5), more[: 3 * count])
    assert set(few_of_each(labels, 3, 4, seed=6)) != set(more[:12])


def test_a_known_draw() -> None:
    # In the order 3 2 5 4 0 1 of seed 0 the labels are 1 1 1 0 0 0.
    drawn = few_of_each(np.array([0, 0, 1, 1, 0, 1]), 2, 2, seed=0)
    assert drawn.tolist() == [4, 3, 0, 2]
