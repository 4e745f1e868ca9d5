"""Known answers: four images of two classes, worked out by hand."""

import numpy as np
import pytest

from heatproof.evaluation import discrimination

#                   b's probability falls from left to right: b, a, b, a
LABELS = np.array([1, 0, 1, 0])
SCORES = np.array([0.9, 0.6, 0.4, 0.1])
PROBABILITIES = np.stack([1 - SCORES, SCORES], axis=1)
NAMES = ("a", "b")


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    found = discrimination.one_against_rest(LABELS, PROBABILITIES, NAMES)
    # Of the four pairs of a b and an a, one is the wrong way round.
    assert found["a"]["auc"] == found["b"]["auc"] == pytest.approx(0.75)
    # b: found at ranks 1 and 3; a, from the other end: at 1 and 3 too.
    assert found["b"]["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["a"]["average_precision"] == pytest.approx((1 + 2 / 3) / 2)


def test_a_class_without_images_has_no_number_and_does_not_count() -> None:
    three = np.column_stack([PROBABILITIES, np.zeros(4)])
    found = discrimination.one_against_rest(LABELS, three, ("a", "b", "c"))
    assert found["c"] == {"auc": None, "average_precision": None}
    assert discrimination.macro(found)["macro_auc"] == pytest.approx(0.75)
    alone = discrimination.one_against_rest(LABELS * 0, PROBABILITIES, NAMES)
    assert discrimination.macro(alone) == {"macro_auc": None, "macro_average_precision": None}


def test_curves_of_two_classes() -> None:
    found = discrimination.curves(LABELS, PROBABILITIES, NAMES)
    middle, step = discrimination.POINTS // 2, 1 / discrimination.POINTS
    assert found["x"][1] == pytest.approx(step) and found["x"][-1] == 1
    # ROC of b: up to 1/2 before the first false positive, and to 1 at half of them.
    assert found["roc"]["b"][[0, middle - 1, middle, -1]] == pytest.approx([0.5, 0.5, 1, 1])
    # To find half of the b's one image is enough, to find more of them three are.
    assert found["precision"]["b"][[0, middle, middle + 1, -1]] == pytest.approx(
        [1, 1, 2 / 3, 2 / 3]
    )
    assert found["share"] == {"a": 0.5, "b": 0.5}


def test_no_curves_of_more_classes_or_of_one() -> None:
    assert discrimination.curves(LABELS, PROBABILITIES, ("a", "b", "c")) == {}
    assert discrimination.curves(LABELS * 0, PROBABILITIES, NAMES) == {}


def test_a_network_that_cannot_tell_is_at_chance() -> None:
    same = np.full((4, 2), 0.5)
    found = discrimination.one_against_rest(LABELS, same, NAMES)
    assert found["b"] == {"auc": 0.5, "average_precision": 0.5}
    curves = discrimination.curves(LABELS, same, NAMES)
    assert curves["roc"]["b"] == pytest.approx(curves["x"])
    assert (curves["precision"]["b"] == 0.5).all()
