"""Differences and trends that are known, and chance that is not taken for one."""

import numpy as np
import pytest

from heatproof.domains.comparison import adjust, difference, trend

DRAWS = (400, 1)


def test_the_difference_of_two_groups_in_one_version_is_that_of_their_means():
    values = np.array([[1.0, 2.0, 3.0, 5.0, 7.0, 9.0]])
    wrong = np.array([[False, False, False, True, True, True]])
    found = difference(values, wrong, *DRAWS)
    assert found["difference"] == pytest.approx(5)
    assert found["low"] < 5 < found["high"] and found["low"] > 0
    # Of the 20 ways to choose three of six images, two are as far apart.
    assert found["p"] == pytest.approx(0.1, abs=0.05)
    assert (found["first"], found["second"]) == (3, 3)
    opposite = difference(values, ~wrong, *DRAWS)
    assert opposite["difference"] == pytest.approx(-5)


def test_versions_are_compared_within_and_weighed_by_what_they_tell():
    # The second version has other values throughout and more wrong answers: that is no difference.
    values = np.array([[1.0, 1.0, 1.0, 2.0], [11.0, 12.0, 12.0, 12.0]])
    wrong = np.array([[False, False, False, True], [False, True, True, True]])
    found = difference(values, wrong, *DRAWS)
    assert found["difference"] == pytest.approx(1)
    # Weights 3/4 and 1: (3/4 · 1 + 1 · 3) / (7/4)
    found = difference(
        np.array([[1.0, 1.0, 1.0, 2.0], [0.0, 0.0, 3.0, 3.0]]),
        np.array([[False, False, False, True], [False, False, True, True]]),
        *DRAWS,
    )
    assert found["difference"] == pytest.approx((0.75 + 3) / 1.75)


def test_copies_of_an_image_are_no_further_images():
    random = np.random.default_rng(3)
    one = random.normal(size=(1, 12))
    wrong = np.arange(12)[None] % 2 == 0
    single = difference(one, wrong, *DRAWS)
    copied = difference(one.repeat(40, axis=0), wrong.repeat(40, axis=0), *DRAWS)
    for key in ("difference", "low", "high", "p"):
        assert copied[key] == pytest.approx(single[key]), key


def test_chance_is_called_a_difference_as_often_as_it_should_be():
    found = [
        difference(random.normal(size=(3, 20)), random.random((3, 20)) < 0.4, 100, 1)["p"]
        for random in map(np.random.default_rng, range(100))
    ]
    assert 0.35 < np.mean(found) < 0.65
    assert np.mean(np.array(found) < 0.05) <= 0.12


def test_what_is_unknown_does_not_count():
    values = np.array([[1.0, np.nan, 3.0, np.nan], [5.0, 6.0, 7.0, 8.0]])
    wrong = np.array([[False, False, True, True], [True, True, True, True]])
    found = difference(values, wrong, *DRAWS)
    assert found["difference"] == pytest.approx(2)
    assert (found["first"], found["second"]) == (1, 1)
    for none in (np.zeros_like(wrong), np.ones_like(wrong)):
        found = difference(values, none, *DRAWS)
        assert np.isnan([found[key] for key in ("difference", "low", "high", "p")]).all()


def test_trust_that_falls_with_accuracy_is_said_to():
    accuracy = np.array([0.9, 0.8, 0.5, 0.3])
    falling = np.array([[4.0, 4.2], [3.0, 3.1], [2.0, np.nan], [1.0, 1.3]])
    assert trend(falling, accuracy, *DRAWS)["correlation"] == pytest.approx(1)
    found = trend(falling[::-1], accuracy, *DRAWS)
    assert found["correlation"] == found["low"] == found["high"] == pytest.approx(-1)
    known = np.concatenate([falling, np.full((1, 2), np.nan)])
    assert trend(known, np.append(accuracy, 0.99), *DRAWS)["correlation"] == pytest.approx(1)
    assert np.isnan(trend(np.ones((4, 2)), accuracy, *DRAWS)["correlation"])


def test_p_values_are_adjusted_for_the_number_of_tests():
    tests = [{"p": 0.01}, {"p": float("nan")}, {"p": 0.04}]
    adjust(tests)
    assert [tests[i]["p_adjusted"] for i in (0, 2)] == pytest.approx([0.02, 0.04])
    assert np.isnan(tests[1]["p_adjusted"])
