"""Bootstrap intervals of a mean."""

import numpy as np
import pytest

from heatproof.statistics.interval import known_mean, mean_interval, summary


def test_it_is_the_normal_interval_where_that_is_right() -> None:
    values = np.random.default_rng(0).normal(2, 3, size=400)
    mean, low, high = mean_interval(values, 4000, seed=1)
    half = 1.96 * values.std() / np.sqrt(400)
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx((mean - half, mean + half), abs=0.03)


def test_equal_values_leave_no_doubt() -> None:
    assert mean_interval(np.full(9, 0.25), 100, seed=0) == (0.25, 0.25, 0.25)


def test_the_seed_decides() -> None:
    values = np.random.default_rng(0).random(10)
    assert mean_interval(values, 100, seed=3) == mean_interval(values, 100, seed=3)
    assert mean_interval(values, 100, seed=3) != mean_interval(values, 100, seed=4)


def test_too_few_values_for_an_interval() -> None:
    assert np.isnan(mean_interval(np.zeros(0), 100, seed=0)).all()
    mean, low, high = mean_interval(np.array([0.5]), 100, seed=0)
    assert mean == 0.5
    assert np.isnan([low, high]).all()


def test_unknown_values_are_left_out() -> None:
    values = np.random.default_rng(0).random(10)
    holed = np.insert(values, [0, 4, 10], np.nan)
    assert mean_interval(holed, 100, seed=3) == mean_interval(values, 100, seed=3)
    assert summary(holed, 100, seed=3)["images"] == 10
    assert known_mean(holed.reshape(1, -1)) == pytest.approx(values.mean())
    assert np.isnan(known_mean(np.full(3, np.nan)))
