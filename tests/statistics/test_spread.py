"""The spread of a few numbers."""

import statistics

import pytest

from heatproof.statistics.spread import spread


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
