"""The spread of a few numbers."""

import statistics

import pytest

from heatproof.statistics.spread import mean_interval, spread


def test_of_three_numbers() -> None:
    assert spread([0.2, 0.8, 0.5]) == {
        "values": [0.2, 0.8, 0.5],
        "mean": pytest.approx(0.5),
        "std": pytest.approx(0.3),  # sqrt((0.09 + 0.09) / (3 - 1))
        "min": 0.2,
        "max": 0.8,
    }


def test_one_number_has_no_spread() -> None:
    with pytest.raises(statistics.StatisticsError):
        spread([0.5])


def test_the_interval_of_a_mean_is_students() -> None:
    # Of three numbers t is 4.3027 with two degrees of freedom; the deviation is 0.3.
    half = 4.302653 * 0.3 / 3**0.5
    assert mean_interval([0.2, 0.8, 0.5]) == (
        pytest.approx(0.5), 0.0, 1.0,
    ), "0.5 ± 0.745 leaves what shares can be"  # fmt: skip
    mean, low, high = mean_interval([0.49, 0.52, 0.55])
    assert (mean, low, high) == pytest.approx((0.52, 0.52 - half / 10, 0.52 + half / 10))
    assert mean_interval([0.25, 0.75]) == (0.5, None, None)
