"""The images that are explained: the same every time, and the ones that were promised."""

import numpy as np

from heatproof.attribution.core.selection import choose, evenly_spaced

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


def images_of(predicted: np.ndarray, labels: np.ndarray, *wanted: int) -> list[int]:
    index, _ = choose(labels, predicted, np.linspace(1, 0.5, len(labels)), *wanted)
    return list(dict.fromkeys(index.tolist()))


def test_with_two_classes_the_number_asked_for_is_met_evenly_over_classes_and_kinds() -> None:
    labels = np.arange(100) % 2
    predicted = np.where(np.arange(100) % 10 < 4, 1 - labels, labels)  # a fifth of each are wrong
    chosen = np.array(images_of(predicted, labels, 1, 1, 20))
    assert len(chosen) == 20
    kinds = labels[chosen] * 2 + (labels[chosen] == predicted[chosen])
    assert np.bincount(kinds).tolist() == [5, 5, 5, 5]
    # The four that were chosen without a minimum are among them.
    assert set(images_of(predicted, labels, 1, 1)) < set(chosen.tolist())


def test_ten_classes_with_enough_of_each_kind_are_chosen_as_without_a_minimum() -> None:
    labels = np.arange(200) % 10
    predicted = np.where(np.arange(200) < 60, (labels + 1) % 10, labels)
    chosen = images_of(predicted, labels, 1, 1)
    assert len(chosen) == 20
    assert images_of(predicted, labels, 1, 1, 20, 40) == chosen


def test_what_a_class_lacks_others_give() -> None:
    labels = np.array([0] * 50 + [1] * 3)
    always = np.zeros(53, np.int64)
    chosen = np.array(images_of(always, labels, 1, 1, 20))
    assert np.bincount(labels[chosen]).tolist() == [17, 3]
    assert images_of(always, labels, 0, 1, 20) == [50, 51, 52]  # right ones are not wanted at all
    assert len(images_of(always, labels, 1, 1, 99)) == 53


def test_of_many_classes_evenly_spaced_ones_are_kept_of_either_kind() -> None:
    labels = np.arange(2000) % 1000
    predicted = np.where(np.arange(2000) < 1000, labels, (labels + 1) % 1000)
    chosen = np.array(images_of(predicted, labels, 1, 1, 20, 40))
    right = labels[chosen] == predicted[chosen]
    assert right.sum() == 20 and len(chosen) == 40
    steps = np.diff(labels[chosen][right])
    assert labels[chosen][right][[0, -1]].tolist() == [0, 999] and set(steps) == {52, 53}


def test_evenly_spaced_keeps_the_proportion_and_all_where_there_are_no_more() -> None:
    right = np.array([True] * 6 + [False] * 3)
    assert evenly_spaced(right, 3).tolist() == [0, 5, 6]
    assert evenly_spaced(right, 9).tolist() == list(range(9))
    assert evenly_spaced(np.ones(10, bool), 4).tolist() == [0, 3, 6, 9]
    assert evenly_spaced(np.zeros(0, bool), 4).tolist() == []
