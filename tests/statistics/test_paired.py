"""Two networks on the same images, by counts whose answers are known."""

import numpy as np
import pytest

from heatproof.statistics.paired import accuracy_difference


def compared(both: int, first: int, second: int, neither: int) -> dict[str, float]:
    """Compare networks that are right about so many images together, or alone."""
    one = np.repeat([True, True, False, False], (both, first, second, neither))
    two = np.repeat([True, False, True, False], (both, first, second, neither))
    return accuracy_difference(one, two, 4000, 0)


def test_mcnemar_counts_only_images_that_one_of_them_predicts() -> None:
    found = compared(90, 8, 1, 1)
    assert (found["first_only"], found["second_only"]) == (8, 1)
    assert found["difference"] == pytest.approx(-0.07)
    assert found["p"] == pytest.approx(2 * (1 + 9) / 2**9), "binomial, both tails"
    assert found["low"] < -0.07 < found["high"] < 0
    # Whether the others are right makes no difference.
    assert compared(0, 8, 1, 91) == found


def test_the_same_answers_differ_by_nothing() -> None:
    found = compared(50, 0, 0, 3)
    assert [found[k] for k in ("difference", "low", "high", "p")] == [0.0, 0.0, 0.0, 1.0]


def test_the_interval_is_that_of_a_difference_of_paired_shares() -> None:
    found = compared(800, 60, 100, 40)
    error = np.sqrt((0.16 - 0.04**2) / 1000)  # of the mean of values -1, 0 and 1
    assert found["low"] == pytest.approx(0.04 - 1.96 * error, abs=2e-3)
    assert found["high"] == pytest.approx(0.04 + 1.96 * error, abs=2e-3)
    again, swapped = compared(800, 60, 100, 40), compared(800, 100, 60, 40)
    assert again == found and swapped["difference"] == -found["difference"]
