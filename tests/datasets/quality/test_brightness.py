"""Unusually dark, bright and blank images, by limits that the unusual ones do not move."""

import numpy as np
import pytest

from heatproof.datasets.quality.brightness import limits, unusual

USUAL = np.linspace(0.4, 0.6, 101)


def test_limits_are_of_either_side_on_its_own() -> None:
    # The median deviation is 0.05 below and 0.1 above the median.
    skewed = np.concatenate([np.linspace(0.4, 0.5, 51), np.linspace(0.5, 0.7, 51)[1:]])
    low, high = limits(skewed)
    assert low == pytest.approx(0.5 - 3.5 * 1.4826 * 0.05, abs=1e-3)
    assert high == pytest.approx(0.5 + 3.5 * 1.4826 * 0.1, abs=3e-2)


def test_images_all_alike_have_wide_limits() -> None:
    assert limits(np.full(50, 0.3)) == (pytest.approx(0.1), pytest.approx(0.5))


def test_the_most_extreme_comes_first_and_blank_ones_count_as_blank_only() -> None:
    brightness = np.append(USUAL, [0.02, 0.01, 0.97, 0.0, 0.5])
    contrast = np.append(np.full(101, 0.2), [0.1, 0.1, 0.1, 0.0, 0.005])
    assert {kind: rows.tolist() for kind, rows in unusual(brightness, contrast).items()} == {
        "blank": [104, 105],
        "dark": [102, 101],
        "bright": [103],
    }


def test_nothing_is_said_of_usual_images() -> None:
    assert not any(len(rows) for rows in unusual(USUAL, np.full(101, 0.2)).values())
