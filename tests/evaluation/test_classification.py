"""Known answers, worked out by hand on six images of three classes."""

import warnings

import numpy as np
import pytest

from heatproof.evaluation import classification

#                   a  a  a  b  b  c
LABELS = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 0, 1])
NAMES = ("a", "b", "c")


def test_accuracy_is_the_share_of_right_answers() -> None:
    assert classification.accuracy(LABELS, PREDICTED) == 0.5


def test_balanced_accuracy_is_the_mean_recall_of_the_classes_with_images() -> None:
    expected = pytest.approx((2 / 3 + 1 / 2) / 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # class 3 is predicted and has no image
        assert classification.balanced_accuracy(LABELS, PREDICTED) == expected
        assert classification.balanced_accuracy(LABELS, np.where(PREDICTED, 3, 0)) == (
            pytest.approx(2 / 9)
        )


def test_the_majority_is_that_of_the_test_images() -> None:
    assert classification.majority(np.array([1, 2, 1])) == (1, pytest.approx(2 / 3))
    assert classification.majority(np.array([2, 1])) == (1, 0.5)
    assert classification.majority(np.array([3])) == (3, 1.0)


def test_per_class_numbers() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # c is never predicted, which is no reason to warn
        found = classification.per_class(LABELS, PREDICTED, NAMES)
    assert found == {
        "a": {"precision": pytest.approx(2 / 3), "recall": pytest.approx(2 / 3),
              "f1": pytest.approx(2 / 3), "support": 3, "predicted": 3},
        "b": {"precision": pytest.approx(1 / 3), "recall": 0.5, "f1": pytest.approx(0.4),
              "support": 2, "predicted": 3},
        "c": {"precision": 0, "recall": 0, "f1": 0, "support": 1, "predicted": 0},
    }  # fmt: skip


def test_macro_numbers_are_the_means_over_classes() -> None:
    found = classification.macro(LABELS, PREDICTED)
    assert found["macro_precision"] == pytest.approx((2 / 3 + 1 / 3) / 3)
    assert found["macro_recall"] == pytest.approx((2 / 3 + 1 / 2) / 3)
    assert found["macro_f1"] == pytest.approx((2 / 3 + 0.4) / 3)


def test_a_class_without_images_or_predictions_does_not_count_in_the_mean() -> None:
    # Class 1 of three has neither.
    found = classification.macro(np.array([0, 2]), np.array([0, 2]))
    assert found == {"macro_precision": 1, "macro_recall": 1, "macro_f1": 1}


def test_rows_of_the_confusion_matrix_are_true_and_columns_predicted() -> None:
    matrix = classification.confusion(LABELS, PREDICTED, 3)
    assert matrix.tolist() == [[2, 1, 0], [1, 1, 0], [0, 1, 0]]
    assert matrix.sum(axis=1).tolist() == [3, 2, 1]


def test_the_confusion_matrix_has_every_class_even_those_not_seen() -> None:
    assert classification.confusion(np.array([0]), np.array([0]), 4).shape == (4, 4)


def test_top_confusions_are_ordered_by_count_then_rate_then_class() -> None:
    matrix = np.array(
        [
            [5, 2, 0, 2],  # of 9
            [2, 8, 0, 0],  # of 10
            [1, 3, 0, 0],  # of 4
            [0, 0, 2, 7],  # of 9
        ]
    )
    found = classification.top_confusions(matrix, ("a", "b", "c", "d"))
    order = [(pair["true"], pair["predicted"], pair["count"]) for pair in found]
    assert order == [
        ("c", "b", 3),
        ("a", "b", 2),
        ("a", "d", 2),
        ("d", "c", 2),
        ("b", "a", 2),
        ("c", "a", 1),
    ]
    assert [pair["rate"] for pair in found[:2]] == [0.75, pytest.approx(2 / 9)]
    assert classification.top_confusions(matrix, ("a", "b", "c", "d"), limit=1) == found[:1]


def test_without_mistakes_there_are_no_confusions() -> None:
    assert classification.top_confusions(np.diag([3, 0, 2]), NAMES) == []


def test_cross_entropy_of_equal_logits_is_the_logarithm_of_the_classes() -> None:
    logits = np.full((4, 10), 7.0, np.float32)
    assert classification.cross_entropy(np.array([0, 3, 5, 9]), logits) == pytest.approx(np.log(10))


def test_cross_entropy_of_known_probabilities() -> None:
    logits = np.log(np.array([[0.5, 0.5], [0.2, 0.8]], np.float32))
    expected = -(np.log(0.5) + np.log(0.2)) / 2
    assert classification.cross_entropy(np.array([1, 0]), logits) == pytest.approx(expected)


def test_cross_entropy_of_huge_logits_is_finite_and_exact() -> None:
    logits = np.array([[1000.0, 0.0], [-1000.0, 2000.0]], np.float32)
    assert classification.cross_entropy(np.array([1, 1]), logits) == pytest.approx(500.0)
