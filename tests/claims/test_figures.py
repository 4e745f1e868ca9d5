"""Macro F1 and its interval."""

import numpy as np
import pytest

from heatproof.claims import figures


def test_macro_f1_is_that_of_scikit_learn():
    # Class 0: precision 3/4, recall 3/5; class 1: 1/3 and 1/2; class 2 never occurs.
    matrix = np.array([[[3, 2, 0], [1, 1, 0], [0, 0, 0]]])
    assert figures.macro_f1(matrix) == pytest.approx([(2 / 3 + 2 / 5) / 2])


def test_macro_f1s_interval_is_a_bootstrap_over_images():
    matrix = np.array([[450, 50], [50, 450]])
    low, high = figures.f1_interval(matrix, 2000, seed=1)
    # Of two equal classes macro F1 is all but the accuracy, whose standard error is 0.0095.
    assert low == pytest.approx(0.9 - 1.96 * 0.0095, abs=0.002)
    assert high == pytest.approx(0.9 + 1.96 * 0.0095, abs=0.002)
    assert figures.f1_interval(matrix, 2000, seed=1) == (low, high)
    assert figures.f1_interval(np.diag([5, 5]), 100, seed=1) == (1.0, 1.0)
