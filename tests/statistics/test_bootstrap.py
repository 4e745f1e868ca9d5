"""Bootstrap intervals of a mean, an accuracy and a macro F1, against cases that are known."""

import numpy as np
import pytest

from heatproof.statistics.bootstrap import (
    accuracy_interval,
    balanced_accuracy_interval,
    known_mean,
    macro_f1,
    macro_f1_interval,
    mean_interval,
    summary,
)


def test_it_is_the_normal_interval_where_that_is_right() -> None:
    values = np.random.default_rng(0).normal(2, 3, size=400)
    mean, low, high = mean_interval(values, 4000, seed=1)
    half = 1.96 * values.std() / np.sqrt(400)
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx((mean - half, mean + half), abs=0.03)
    right = np.arange(10_000) < 9000
    half = 1.96 * np.sqrt(0.9 * 0.1 / 10_000)
    expected = pytest.approx((0.9 - half, 0.9 + half), abs=3e-4)
    assert accuracy_interval(right, 20_000, seed=0) == expected
    # Of two equal classes macro F1 is all but the accuracy, whose standard error is 0.0095.
    expected = pytest.approx((0.9 - 1.96 * 0.0095, 0.9 + 1.96 * 0.0095), abs=0.002)
    assert macro_f1_interval(np.array([[450, 50], [50, 450]]), 2000, seed=1) == expected


def test_equal_values_leave_no_doubt() -> None:
    assert mean_interval(np.full(9, 0.25), 100, seed=0) == (0.25, 0.25, 0.25)
    assert macro_f1_interval(np.diag([5, 5]), 100, seed=1) == (1, 1)


def test_where_all_are_right_or_none_the_number_of_images_tells_how_sure_that_is() -> None:
    # All of 50 are right one time in 40 where the accuracy is 0.929.
    assert accuracy_interval(np.ones(50, bool), 100, seed=0) == (pytest.approx(0.025**0.02), 1)
    assert accuracy_interval(np.zeros(2, bool), 100, seed=0) == (0, pytest.approx(1 - 0.025**0.5))
    few = np.array([2, 0, 3])
    assert balanced_accuracy_interval(few, few, 100, 0) == (pytest.approx(0.025**0.2), 1)
    assert balanced_accuracy_interval(0 * few, few, 100, 0)[0] == 0
    # 100 images and one count as 4 / (1 / 100 + 1) = 3.96 in classes of equal size.
    few = np.array([100, 1])
    assert balanced_accuracy_interval(few, few, 100, 0) == (pytest.approx(0.025**0.25), 1)


def test_one_image_that_is_right_does_not_make_a_class_certain() -> None:
    interval = balanced_accuracy_interval(np.array([55, 1]), np.array([100, 1]), 1000, seed=0)
    # Wilson's interval of 3 of 4; drawing images alone gives about 0.73 to 0.82.
    middle, half = 0.75 + 1.96**2 / 8, 1.96 * np.sqrt(0.75 * 0.25 / 4 + 1.96**2 / 64)
    expected = np.array([middle - half, middle + half]) / (1 + 1.96**2 / 4)
    assert interval == pytest.approx(expected, abs=1e-4)


def test_a_balanced_accuracy_varies_with_the_rarest_class() -> None:
    low, high = balanced_accuracy_interval(
        np.array([9000, 8, 0]), np.array([10_000, 10, 0]), 5000, seed=1
    )
    half = 1.96 * np.sqrt(0.8 * 0.2 / 10) / 2  # of ten images, and one of two classes
    assert (low, high) == pytest.approx((0.85 - half, 0.85 + half), abs=0.03)


def test_an_accuracy_agrees_with_drawing_images_one_by_one() -> None:
    correct = np.arange(400) < 300
    _, *expected = mean_interval(correct.astype(float), 5000, seed=1)
    # An accuracy of 400 images moves in steps of 0.0025; the interval is about 0.085 wide.
    assert accuracy_interval(correct, 5000, seed=2) == pytest.approx(expected, abs=0.006)


def test_the_seed_decides() -> None:
    values = np.random.default_rng(0).random(10)
    matrix = np.array([[8, 2], [3, 7]])
    right = np.arange(1000) < 700
    matrix = np.array([[80, 20], [30, 70]])
    for interval, data in (
        (mean_interval, values), (accuracy_interval, right), (macro_f1_interval, matrix),
    ):  # fmt: skip
        assert interval(data, 99, seed=3) == interval(data, 99, seed=3) != interval(data, 99, 4)


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


def test_macro_f1_is_that_of_scikit_learn() -> None:
    # Class 0: precision 3/4, recall 3/5; class 1: 1/3 and 1/2; class 2 never occurs.
    matrix = np.array([[[3, 2, 0], [1, 1, 0], [0, 0, 0]]])
    assert macro_f1(matrix) == pytest.approx([(2 / 3 + 2 / 5) / 2])
