"""Total Sobol indices of functions of which they are known."""

import numpy as np
import pytest

from heatproof.concepts import sobol


def indices(function, inputs, count=1024):
    return sobol.total_indices(function(sobol.points(inputs, count, seed=5)), inputs)


def test_of_a_sum_they_are_the_squares_shares() -> None:
    """Of 1, 2 and 4 times uniform inputs: 1, 4 and 16 of 21."""
    found = indices(lambda x: x @ np.array([1.0, 2.0, 4.0]), 3)
    np.testing.assert_allclose(found, np.array([1, 4, 16]) / 21, atol=0.005)


def test_of_ishigamis_function_they_are_the_published_ones() -> None:
    """sin x1 + 7 sin² x2 + 0.1 x3⁴ sin x1 on [-π, π]³: 0.5576, 0.4424, 0.2437."""

    def ishigami(points: np.ndarray) -> np.ndarray:
        x, y, z = (2 * np.pi * (points - 0.5)).T
        return np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)

    found = indices(ishigami, 3, 4096)
    np.testing.assert_allclose(found, [0.5576, 0.4424, 0.2437], atol=0.01)


def test_what_interacts_counts_for_both_and_what_is_not_there_for_none() -> None:
    """(x - 1/2) (y - 1/2) varies with both at once only: each has all of it."""
    found = indices(lambda x: (x[:, 0] - 0.5) * (x[:, 1] - 0.5), 3)
    np.testing.assert_allclose(found, [1, 1, 0], atol=0.02)
    assert indices(lambda x: np.full(len(x), 3.0), 2).tolist() == [0, 0]


def test_points_exchange_one_input_each() -> None:
    points = sobol.points(2, 8, 0)
    first, second, one, other = points.reshape(4, 8, 2)
    assert points.shape == (32, 2) and points.min() >= 0 and points.max() < 1
    np.testing.assert_array_equal(one, np.stack([second[:, 0], first[:, 1]], axis=1))
    np.testing.assert_array_equal(other, np.stack([first[:, 0], second[:, 1]], axis=1))
    np.testing.assert_array_equal(points, sobol.points(2, 8, 0))
    assert pytest.approx(0.5, abs=0.1) == first.mean()
