"""Known answers for reliability bins and expected calibration error (Guo et al. 2017)."""

import numpy as np
import pytest

from heatproof.evaluation.calibration import expected_calibration_error, reliability


def test_bins_and_ece_of_a_constructed_example() -> None:
    confidence = np.array([0.95, 0.85, 0.55, 0.65, 0.75])
    correct = np.array([True, False, True, True, False])
    bins = reliability(confidence, correct, 5)
    assert [entry["count"] for entry in bins] == [0, 0, 1, 2, 2]
    assert [entry["low"] for entry in bins] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    assert [entry["high"] for entry in bins] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert [entry["confidence"] for entry in bins[2:]] == pytest.approx([0.55, 0.7, 0.9])
    assert [entry["accuracy"] for entry in bins[2:]] == [1, 0.5, 0.5]
    expected = (1 * 0.45 + 2 * 0.2 + 2 * 0.4) / 5
    assert expected_calibration_error(bins) == pytest.approx(expected)


def test_an_empty_bin_has_neither_confidence_nor_accuracy() -> None:
    bins = reliability(np.array([0.9]), np.array([True]), 2)
    assert bins[0] == {"low": 0, "high": 0.5, "count": 0, "confidence": None, "accuracy": None}


def test_a_confidence_on_an_edge_belongs_below_it_and_one_above_1_to_the_last_bin() -> None:
    bins = reliability(np.array([0.5, 0.25, 1.0, 1 + 1e-12, 0.0]), np.ones(5, bool), 4)
    assert [entry["count"] for entry in bins] == [2, 1, 0, 2]


def test_ece_is_0_when_confidence_is_right_and_1_when_certainty_is_always_wrong() -> None:
    honest = reliability(np.full(4, 0.75), np.array([True, True, True, False]), 15)
    assert expected_calibration_error(honest) == pytest.approx(0)
    wrong = reliability(np.ones(7), np.zeros(7, bool), 15)
    assert expected_calibration_error(wrong) == 1
