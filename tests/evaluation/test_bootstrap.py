"""The bootstrap interval against cases that are known."""

import numpy as np
import pytest

from heatproof.evaluation.bootstrap import accuracy_interval


def correct(right: int, n: int) -> np.ndarray:
    return np.arange(n) < right


@pytest.mark.parametrize(("right", "expected"), [(50, (1, 1)), (0, (0, 0))])
def test_where_all_are_right_or_wrong_there_is_no_doubt(right: int, expected: tuple) -> None:
    assert accuracy_interval(correct(right, 50), 1000, np.random.default_rng(0)) == expected


def test_a_large_test_set_gives_the_normal_approximation() -> None:
    low, high = accuracy_interval(correct(9000, 10000), 20_000, np.random.default_rng(0))
    half = 1.96 * np.sqrt(0.9 * 0.1 / 10_000)  # 0.00588
    assert low == pytest.approx(0.9 - half, abs=3e-4)
    assert high == pytest.approx(0.9 + half, abs=3e-4)


def test_it_agrees_with_drawing_images_one_by_one() -> None:
    seen = correct(300, 400)
    generator = np.random.default_rng(1)
    drawn = seen[generator.integers(0, 400, size=(5000, 400))].mean(axis=1)
    expected = np.quantile(drawn, [0.025, 0.975])
    found = accuracy_interval(seen, 5000, np.random.default_rng(2))
    # An accuracy of 400 images moves in steps of 0.0025; the interval is about 0.085 wide.
    assert found == (pytest.approx(expected[0], abs=0.006), pytest.approx(expected[1], abs=0.006))


def test_the_same_seed_gives_the_same_interval() -> None:
    first, second = (
        accuracy_interval(correct(7, 9), 500, np.random.default_rng(3)) for _ in range(2)
    )
    assert first == second
