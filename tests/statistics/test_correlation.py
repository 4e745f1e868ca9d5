"""Spearman's rank correlation of two maps, and of their magnitudes."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from heatproof.statistics.correlation import magnitude_correlation, mean_ranks, rank_correlation


def maps(seed: int, count: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 6, 5))


def test_it_is_scipys_of_the_magnitudes_ties_included() -> None:
    first, second = maps(0), np.maximum(maps(1), 0)  # half of the second is zero, as in Grad-CAM
    expected = [
        spearmanr(np.abs(a).ravel(), b.ravel()).statistic
        for a, b in zip(first, second, strict=True)
    ]
    np.testing.assert_allclose(magnitude_correlation(first, second), expected, rtol=1e-12)


def test_equal_maps_give_one_and_the_reverse_order_minus_one() -> None:
    positive = np.abs(maps(0))
    np.testing.assert_allclose(magnitude_correlation(positive, positive), 1)
    np.testing.assert_allclose(magnitude_correlation(positive, 1 / positive), -1)


def test_neither_sign_nor_scale_counts() -> None:
    first, second = maps(0), maps(1)
    expected = magnitude_correlation(first, second)
    np.testing.assert_allclose(magnitude_correlation(-first, 7 * second**3), expected, rtol=1e-12)


def test_each_image_is_compared_with_its_own() -> None:
    first, second = maps(0), maps(1)
    alone = [magnitude_correlation(first[i : i + 1], second[i : i + 1])[0] for i in range(4)]
    np.testing.assert_allclose(magnitude_correlation(first, second), alone, rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_a_constant_map_has_no_order(value: float) -> None:
    first, second = maps(0), maps(1)
    second[1] = value
    for result in (magnitude_correlation(first, second), magnitude_correlation(second, first)):
        assert np.isnan(result).tolist() == [False, True, False, False]


def test_no_maps() -> None:
    assert magnitude_correlation(np.zeros((0, 3, 3)), np.zeros((0, 3, 3))).shape == (0,)


def test_signs_count_unless_magnitudes_are_compared() -> None:
    ramp = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    first = np.concatenate([ramp, ramp, ramp, ramp])
    second = np.concatenate([ramp**3, -ramp, np.ones_like(ramp), ramp])
    second[3, 0, :2] = second[3, 0, 1::-1]  # two of twelve exchanged: 1 - 6 * 2 / (12 * 143)
    expected = [1, -1, np.nan, 1 - 12 / (12 * 143)]
    np.testing.assert_allclose(rank_correlation(first, second), expected, rtol=1e-12)
    np.testing.assert_allclose(magnitude_correlation(first, second)[1], 1)


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    ranks = mean_ranks(np.array([[0.5, 0, -1, 0, 0], [3, 2, 1, 0, 3], [1, np.nan, 2, 3, 0]]))
    np.testing.assert_array_equal(ranks[:2], [[5, 3, 1, 3, 3], [4.5, 3, 2, 1, 4.5]])
    assert np.isnan(ranks[2]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ranks_are_those_of_scipy(dtype: type) -> None:
    values = np.random.default_rng(0).normal(size=(4, 5000)).astype(dtype)
    values[1] = values[1].round(1)
    values[2, ::2] = 0
    values[3] = 1
    np.testing.assert_array_equal(mean_ranks(values), rankdata(values, axis=1))
