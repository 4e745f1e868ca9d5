"""Concept activation vectors of pictures of which it is known what differs."""

import numpy as np
import pytest

from heatproof.concepts import directions

UNITS, SIZE = 6, 60


def noise(seed: int, count: int = SIZE) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, UNITS))


def test_it_points_along_what_differs() -> None:
    concept = noise(0)
    concept[:, 2] += 8
    vector, accuracy = directions.fitted(concept, noise(1))
    assert np.linalg.norm(vector) == pytest.approx(1)
    assert vector[2] > 0.97 and accuracy == 1
    # From the other side it is the same plane.
    turned, _ = directions.fitted(noise(1), concept)
    np.testing.assert_allclose(turned, -vector, atol=1e-3)


def test_units_of_another_scale_do_not_point_it() -> None:
    """A unit that hardly varies, and by chance differs, must not outweigh one that varies."""
    concept, others = noise(0), noise(1)
    concept[:, 2] += 8
    for each in (concept, others):
        each[:, 4] *= 1e-6
    vector, _ = directions.fitted(concept, others)
    assert abs(vector[4]) < 1e-3 < 0.97 < vector[2]


def test_random_pictures_are_told_apart_half_the_time() -> None:
    generator = np.random.default_rng(3)
    chance = directions.of_chance(noise(0, 400), SIZE, 40, generator)
    assert chance.vectors.shape == (40, UNITS) and chance.held_out == 40
    assert chance.mean_accuracy == pytest.approx(0.5, abs=0.06)
    assert abs(chance.vectors.mean(axis=0)).max() < 0.2


def test_vectors_of_a_concept_agree_and_repeat() -> None:
    concept = noise(0)
    concept[:, 2] += 4
    found, again = (
        directions.of_concept(concept, noise(1, 200), 5, np.random.default_rng(7)) for _ in range(2)
    )
    assert (found.vectors @ found.vectors.T).min() > 0.8
    np.testing.assert_array_equal(found.vectors, again.vectors)
    np.testing.assert_array_equal(found.accuracy, again.accuracy)
    assert len(np.unique(found.vectors[:, 0])) == 5, "each has other counterparts"


def test_pictures_that_look_the_same_have_no_direction() -> None:
    vector, accuracy = directions.fitted(np.ones((12, 3)), np.ones((12, 3)))
    assert not vector.any() and accuracy == 0.5
