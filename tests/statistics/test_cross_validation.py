"""The interval of a cross-validated accuracy."""

import numpy as np
import pytest
from scipy.stats import t

from heatproof.statistics.cross_validation import cross_validated_interval


def test_the_variance_is_corrected_for_what_the_networks_share() -> None:
    accuracies = np.array([0.6, 0.7, 0.6, 0.7])  # variance 0.01 / 3
    mean, low, high = cross_validated_interval(accuracies, 10_000, left_out=1 / 3)
    assert mean == pytest.approx(0.65)
    half = t.ppf(0.975, 3) * np.sqrt((1 / 4 + 1 / 3) * 0.01 / 3)
    assert (low, high) == (pytest.approx(0.65 - half), pytest.approx(0.65 + half))
    independent = cross_validated_interval(accuracies, 10_000, left_out=0)
    assert independent[1] > low and independent[2] < high


def test_folds_that_agree_are_not_certain() -> None:
    mean, low, high = cross_validated_interval(np.ones(10), 24, left_out=0.25)
    # Wilson's interval of 24 of 24: 24 / (24 + 1.96²).
    assert (mean, high) == (1.0, pytest.approx(1))
    assert low == pytest.approx(24 / (24 + 1.959964**2))
    assert cross_validated_interval(np.ones(10), 240, left_out=0.25)[1] > low


def test_it_stays_within_0_and_1() -> None:
    _, low, high = cross_validated_interval(np.array([0.0, 1.0]), 4, left_out=1)
    assert (low, high) == (0, 1)
