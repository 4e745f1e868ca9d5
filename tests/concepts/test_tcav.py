"""Scores and tests of concepts, with answers worked out on paper."""

import numpy as np
import pytest

from heatproof.concepts import tcav
from heatproof.concepts.directions import Directions


def vectors(*rows: list[float]) -> Directions:
    return Directions(np.array(rows), np.full(len(rows), 0.75), 20)


def test_a_derivative_is_the_gradient_along_the_vector() -> None:
    found = tcav.derivatives(
        np.array([[3.0, 4.0], [1.0, -2.0]], np.float32),
        vectors([1.0, 0.0], [0.6, 0.8]),
        vectors([0.0, 1.0]),
    )
    np.testing.assert_allclose(found.concept, [[3, 5], [1, -1]], atol=1e-6)
    np.testing.assert_allclose(found.chance, [[4], [-2]])
    # The mean gradient is (2, 1).
    assert found.limit == pytest.approx(np.sqrt(5))


def test_scores_are_shares_of_positive_derivatives() -> None:
    chance = np.array([[-1.0, 1.0, 0.5], [-1.0, 1.0, -0.5]])
    found = tcav.Derivatives(np.array([[1.0, 2.0], [-1.0, 4.0]]), chance, 5.0)
    told = tcav.tested(found, 200, 0)
    assert told["score"] == 0.75 and told["derivative"] == 1.5 and told["images"] == 2
    assert told["score_low"] <= 0.75 <= told["score_high"]
    assert told["derivative_low"] < 1.5 < told["derivative_high"]
    # The random vectors' scores are 0, 1 and 0.5, their means -1, 1 and 0.
    assert told["random_score"] == 0.5 and told["random_score_spread"] == 0.5
    assert told["random_derivative"] == 0 and told["random_spread"] == 1
    assert told["times_random"] == 1.5
    again = tcav.tested(found, 200, 0)
    assert again == told


def test_one_value_among_others_is_crawford_and_howells_t() -> None:
    """Mean 3, s² = 2.5, n = 5: t = 7 / sqrt(2.5 * 6 / 5), with 4 degrees of freedom."""
    times, p = tcav.one_among(10.0, np.arange(1.0, 6.0))
    assert times == pytest.approx(7 / np.sqrt(2.5))
    x = 49 / 3  # t squared; of 4 degrees of freedom the distribution is known in closed form
    y = x / (1 + x / 4)
    assert p == pytest.approx(1 - 0.75 * np.sqrt(y) * (1 - y / 12))
    below, same = tcav.one_among(-4.0, np.arange(1.0, 6.0))
    assert below == -times and same == pytest.approx(p)
    assert tcav.one_among(0.0, np.zeros(4)) == (0.0, 1.0)
    assert tcav.one_among(2.0, np.zeros(4)) == (np.inf, 0.0)


def test_holms_correction_is_the_published_one() -> None:
    """0.005 × 4, 0.01 × 3, 0.03 × 2, and 0.04, which may not fall below the one before."""
    np.testing.assert_allclose(
        tcav.holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02], atol=1e-12
    )
    assert tcav.holm([0.9, 0.8]).tolist() == [1, 1] and tcav.holm([]).tolist() == []


def test_the_published_test_takes_vectors_of_one_concept_for_many() -> None:
    """Ten vectors that are one give the p of ten concepts; one value among random ones does not."""
    random = np.random.default_rng(0).normal(size=(40, 30))
    one = np.repeat(np.linspace(-0.3, 2.0, 40)[:, None], 10, axis=1)
    told = tcav.tested(tcav.Derivatives(one, 8 * random.mean(axis=0) + random / 9, 9.0), 50, 0)
    assert told["p_published"] < 0.01 < 0.3 < told["p"]
    # Scores that never vary: the same are no finding, others are one.
    still = tcav.Derivatives(np.ones((4, 3)), np.ones((4, 5)), 1.0)
    assert tcav.tested(still, 50, 0)["p_published"] == 1
    turned = tcav.Derivatives(np.ones((4, 3)), -np.ones((4, 5)), 1.0)
    assert tcav.tested(turned, 50, 0)["p_published"] == 0


def test_a_vector_that_guesses_is_no_concept() -> None:
    """Of 20 held-out pictures 15 right: 21700 of 2^20 outcomes are as good."""
    assert tcav.above_chance(vectors([1.0])) == pytest.approx(21700 / 2**20)
    half = Directions(np.eye(2), np.array([0.5, 0.5]), 20)
    assert tcav.above_chance(half) > 0.5
