"""Factorisations of activations that are made of known parts."""

import numpy as np
import pytest

from heatproof.concepts import factorisation

# Each unit belongs to one part, so that there is one factorisation.
PARTS = np.array([[3.0, 4, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 2, 2, 1]])
UNIT = PARTS / np.linalg.norm(PARTS, axis=1, keepdims=True)


def planted(rows: int = 60) -> np.ndarray:
    random = np.random.default_rng(0)
    return random.uniform(0.5, 2, (rows, 3)) * random.integers(0, 2, (rows, 3))


def test_the_planted_parts_are_found() -> None:
    weights = planted()
    found = factorisation.factorised(weights @ PARTS, 3, seed=0)
    assert found.error < 1e-3
    order = (UNIT @ found.parts.T).argmax(axis=1)
    np.testing.assert_allclose(found.parts[order], UNIT, atol=5e-3)
    np.testing.assert_allclose(
        found.weights[:, order], weights * np.linalg.norm(PARTS, axis=1), atol=5e-2
    )
    again = factorisation.factorised(weights @ PARTS, 3, seed=0)
    np.testing.assert_array_equal(found.weights, again.weights)
    other = factorisation.factorised(weights @ PARTS, 3, seed=1)
    assert factorisation.stability(found.weights, other.weights).min() > 0.999


def test_other_activations_have_their_own_share_of_each_part() -> None:
    wanted = np.array([[1.0, 0, 2], [0, 3, 0], [0, 0, 0]])
    np.testing.assert_allclose(factorisation.weights_of(wanted @ UNIT, UNIT), wanted, atol=1e-9)


def test_stability_pairs_concepts_whatever_their_order() -> None:
    weights = planted()
    np.testing.assert_allclose(factorisation.stability(weights, weights[:, [2, 0, 1]]), 1)
    others = np.random.default_rng(9).normal(size=weights.shape)
    assert factorisation.stability(weights, others).max() < 0.5
    assert factorisation.stability(np.ones((4, 1)), weights[:4, :1]).tolist() == [0]


def test_importances_are_of_the_scores_variance() -> None:
    """A logit of 3 times one concept and once another: 9 and 1 of 10, and nothing of a third."""
    found = factorisation.importances(lambda m: 3 * m[:, 0] + m[:, 1], 3, 256, 0)
    np.testing.assert_allclose(found, [0.9, 0.1, 0], atol=0.01)


def test_negative_activations_are_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        factorisation.factorised(-np.ones((4, 3)), 2, 0)
