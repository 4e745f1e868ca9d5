"""Spearman's rank correlation of two maps' magnitudes."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from stages.trust.correlation import spearman


def maps(seed: int, count: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 6, 5))


def test_it_is_scipys_of_the_magnitudes_ties_included() -> None:
    first, second = maps(0), np.maximum(maps(1), 0)  # half of the second is zero, as in Grad-CAM
    expected = [
        spearmanr(np.abs(a).ravel(), b.ravel()).statistic
        for a, b in zip(first, second, strict=True)
    ]
    np.testing.assert_allclose(spearman(first, second), expected, rtol=1e-12)


def test_equal_maps_give_one_and_the_reverse_order_minus_one() -> None:
    positive = np.abs(maps(0))
    np.testing.assert_allclose(spearman(positive, positive), 1)
    np.testing.assert_allclose(spearman(positive, 1 / positive), -1)


def test_neither_sign_nor_scale_counts() -> None:
    first, second = maps(0), maps(1)
    expected = spearman(first, second)
    np.testing.assert_allclose(spearman(-first, 7 * second**3), expected, rtol=1e-12)


def test_each_image_is_compared_with_its_own() -> None:
    first, second = maps(0), maps(1)
    alone = [spearman(first[i : i + 1], second[i : i + 1])[0] for i in range(4)]
    np.testing.assert_allclose(spearman(first, second), alone, rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_a_constant_map_has_no_order(value: float) -> None:
    first, second = maps(0), maps(1)
    second[1] = value
    for result in (spearman(first, second), spearman(second, first)):
        assert np.isnan(result).tolist() == [False, True, False, False]


def test_no_maps() -> None:
    assert spearman(np.zeros((0, 3, 3)), np.zeros((0, 3, 3))).shape == (0,)
