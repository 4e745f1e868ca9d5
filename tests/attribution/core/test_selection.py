"""The images that are explained: the same every time, and the ones that were promised."""

import numpy as np

from heatproof.attribution.core.selection import choose

LABELS = np.array([1, 0, 0, 1, 0, 1, 0, 1])
PREDICTED = np.array([1, 0, 1, 0, 0, 0, 1, 0])
CONFIDENCE = np.array([0.6, 0.9, 0.7, 0.8, 0.99, 0.95, 0.7, 0.8])


def chosen(right: int, wrong: int, predicted: np.ndarray = PREDICTED) -> list[tuple[int, int]]:
    image_index, target = choose(LABELS, predicted, CONFIDENCE, right, wrong)
    assert image_index.dtype == target.dtype == np.int64
    return list(zip(image_index.tolist(), target.tolist(), strict=True))


def test_first_right_and_most_confident_wrong_of_each_class() -> None:
    # Class 0: right 1, 4; wrong 2 and 6, equally sure. Class 1: right 0; wrong 5, then 3 and 7.
    assert chosen(1, 1) == [(1, 0), (2, 1), (2, 0), (0, 1), (5, 0), (5, 1)]


def test_equally_confident_mistakes_go_by_index() -> None:
    rows = chosen(0, 2)
    assert rows == [(2, 1), (2, 0), (6, 1), (6, 0), (5, 0), (5, 1), (3, 0), (3, 1)]


def test_a_class_gives_what_it_has() -> None:
    rows = chosen(5, 9)
    assert [image for image, _ in rows] == [1, 4, 2, 2, 6, 6, 0, 5, 5, 3, 3, 7, 7]


def test_a_network_that_never_errs() -> None:
    assert chosen(1, 3, predicted=LABELS) == [(1, 0), (0, 1)]


def test_a_network_that_always_errs() -> None:
    assert chosen(2, 1, predicted=1 - LABELS) == [(4, 1), (4, 0), (5, 0), (5, 1)]


def test_nothing_to_show_is_no_rows() -> None:
    assert chosen(0, 2, predicted=LABELS) == []
