"""The size of a change and its proximal operator, where both are known."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from heatproof.counterfactuals.change_size import differences, proximal, size_of


def weights(l1: float = 0, l2: float = 0, total_variation: float = 0) -> SimpleNamespace:
    return SimpleNamespace(l1=l1, l2=l2, total_variation=total_variation)


def settled(change: np.ndarray, pace: float, of: SimpleNamespace, calls: int = 100) -> np.ndarray:
    """Return the operator's result after enough calls to converge."""

    @tf.function
    def called(dual: tuple) -> tuple:
        return proximal(tf.constant(change), dual, tf.fill([1, 1, 1, 1], pace), of)

    dual = differences(tf.zeros_like(change))
    for _ in range(calls):
        result, dual = called(dual)
    return result.numpy()


def test_the_size_is_the_weighted_sum_of_its_parts() -> None:
    change = np.array([[1, 0, 0], [0, -2, 0]], np.float32)[None, :, :, None]
    assert size_of(tf.constant(change), weights(l1=1)).numpy() == [3]
    assert size_of(tf.constant(change), weights(l2=1)).numpy() == [5]
    # Down: |-1| + |-2| + 0; right: |-1| + 0 + |-2| + |2|.
    assert size_of(tf.constant(change), weights(total_variation=1)).numpy() == [8]
    assert size_of(tf.constant(change), weights(2, 3, 0.5)).numpy() == [2 * 3 + 3 * 5 + 4]


def test_l1_pulls_to_zero_and_the_square_shrinks() -> None:
    change = np.array([0.5, -0.5, 0.1, -0.1, 0], np.float32).reshape(1, 1, 5, 1)
    pulled = settled(change, 0.2, weights(l1=1.0), calls=1)
    np.testing.assert_allclose(pulled.ravel(), [0.3, -0.3, 0, 0, 0], atol=1e-6)
    shrunk = settled(change, 0.5, weights(l2=1.0), calls=1)
    np.testing.assert_allclose(shrunk, change / 2, atol=1e-6)


def test_total_variation_levels_two_halves() -> None:
    """Four edges hold eight pixels a side: each side moves by half of the pace."""
    change = np.zeros((1, 4, 4, 1), np.float32)
    change[:, :, 2:] = 1
    levelled = settled(change, 0.2, weights(total_variation=1.0))
    np.testing.assert_allclose(levelled[:, :, :2], 0.1, atol=1e-4)
    np.testing.assert_allclose(levelled[:, :, 2:], 0.9, atol=1e-4)
    np.testing.assert_allclose(settled(change, 5.0, weights(total_variation=1.0)), 0.5, atol=1e-4)


@pytest.mark.parametrize("of", [weights(0.4, 0, 1), weights(0.3, 0.8, 0.5)])
def test_nothing_near_is_better(of: SimpleNamespace) -> None:
    """The result minimises what the operator is said to minimise, which is convex."""
    random = np.random.default_rng(0)
    change = random.normal(size=(1, 5, 6, 2)).astype(np.float32)
    pace = 0.3
    found = settled(change, pace, of, calls=400)

    def objective(candidates: np.ndarray) -> np.ndarray:
        distance = ((candidates - change) ** 2).sum(axis=(1, 2, 3), dtype=np.float64) / 2
        return distance + pace * np.asarray(size_of(tf.constant(candidates), of))

    best = objective(found)[0]
    scale = 10.0 ** random.uniform(-3, 0, (500, 1, 1, 1))
    noise = random.normal(size=(500, 5, 6, 2)) * scale
    towards = scale * (change - found) * random.random((500, 5, 6, 2))
    for moves in (noise, noise * (found != 0), towards):
        assert objective((found + moves).astype(np.float32)).min() > best - 1e-4
    assert (found == 0).any()
    assert (found != 0).any()
