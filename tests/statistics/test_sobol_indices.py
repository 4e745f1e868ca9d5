"""Total Sobol indices, where they are known in closed form."""

import numpy as np
import pytest

from heatproof.statistics.sobol_indices import design, terms


def indices(pairs: int, inputs: int, function, seed: int = 0) -> np.ndarray:
    points = design(pairs, inputs, seed)
    return terms(function(points)[None], pairs)[0].mean(axis=1)


def test_the_design_swaps_one_input_at_a_time() -> None:
    points = design(pairs=4, inputs=3, seed=1)
    first, second, swapped = points[:4], points[4:8], points[8:].reshape(3, 4, 3)
    assert points.dtype == np.float32 and points.min() >= 0 and points.max() <= 1
    for i in range(3):
        np.testing.assert_array_equal(swapped[i][:, i], second[:, i])
        np.testing.assert_array_equal(np.delete(swapped[i], i, 1), np.delete(first, i, 1))
    np.testing.assert_array_equal(design(4, 3, 1), points)
    assert not np.array_equal(design(4, 3, 2), points)
    # Balanced: of four numbers, one lies in each quarter.
    np.testing.assert_array_equal(np.sort((first * 4).astype(int), axis=0).T, [range(4)] * 3)


def test_effects_that_add_up() -> None:
    """f = Σ w_i x_i: V = Σ w_i² / 12, so that the index is w_i² / Σ w²; they sum to 1."""
    weights = np.array([3.0, -1.0, 0.5, 0.0])
    found = indices(1024, 4, lambda x: x @ weights)
    np.testing.assert_allclose(found, weights**2 / (weights**2).sum(), atol=0.01)
    assert found[3] == 0


def test_effects_that_multiply() -> None:
    """f = x y: V = 7/144; V(E[f|y]) = 1/48 is what x has no part in, so x and y have 4/7 each."""
    found = indices(4096, 3, lambda x: x[:, 0] * x[:, 1])
    np.testing.assert_allclose(found, [4 / 7, 4 / 7, 0], atol=0.02)


def test_ishigami() -> None:
    """The usual test function, with the values of Ishigami & Homma 1990 for a = 7, b = 0.1."""

    def function(x: np.ndarray) -> np.ndarray:
        a, b, c = (2 * np.pi * x - np.pi).T.astype(np.float64)
        return np.sin(a) + 7 * np.sin(b) ** 2 + 0.1 * c**4 * np.sin(a)

    np.testing.assert_allclose(indices(4096, 3, function), [0.558, 0.442, 0.244], atol=0.01)


@pytest.mark.parametrize("value", [0.0, 0.1, -3.7])
def test_what_does_not_vary_has_no_indices(value: float) -> None:
    scores = np.full((2, 4 * 5), value, np.float32)
    np.testing.assert_array_equal(terms(scores, 4), np.zeros((2, 3, 4)))


def test_what_varies_in_its_last_bit_alone_has_no_indices() -> None:
    scores = np.full((2, 4 * 5), 0.5, np.float32)
    scores[:, ::3] = np.nextafter(np.float32(0.5), np.float32(1))
    np.testing.assert_array_equal(terms(scores, 4), np.zeros((2, 3, 4)))
    scores[:, ::3] = 0.5001
    assert terms(scores, 4).max() > 0
