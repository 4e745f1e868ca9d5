"""How far a map's sum is from what it shares out."""

import numpy as np

from heatproof.attribution.core.additivity import MIN_DIFFERENCE, additivity_gap


def test_a_share_of_the_difference() -> None:
    maps = np.zeros((3, 2, 2), np.float32)
    maps[:, 0, 0], maps[:, 1, 1] = 3, -1
    gap = additivity_gap(maps, np.array([2.0, 4.0, -2.0]))
    np.testing.assert_allclose(gap, [0, 0.5, 2])
    assert gap.dtype == np.float32


def test_no_difference_is_no_division_by_zero() -> None:
    maps = np.zeros((2, 2, 2), np.float32)
    maps[1] = 1e-4
    gap = additivity_gap(maps, np.zeros(2))
    np.testing.assert_allclose(gap, [0, 4e-4 / MIN_DIFFERENCE], rtol=1e-5)


def test_large_values_that_cancel() -> None:
    """In float32 the sum of these would be off by far more than 1."""
    maps = np.tile(np.array([1e8, 1, -1e8, 1], np.float32), 4).reshape(1, 4, 4)
    np.testing.assert_allclose(additivity_gap(maps, np.array([8.0])), 0)
