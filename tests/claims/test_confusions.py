"""Which classes are taken for each other most often."""

import numpy as np

from heatproof.claims import confusions
from heatproof.storage.confusions import entries
from tests.claims.results import BIG, PAPER, entry, write_evaluate


def confused(*pairs: tuple[int, int, int]) -> list[list[int]]:
    matrix = np.diag([100] * 10)
    for true, predicted, count in pairs:
        matrix[true, predicted] = count
    return entries(matrix)


def test_confusions_are_those_of_all_the_networks_together():
    for model, count in zip(BIG, (1, 2, 30), strict=True):
        pairs = [(9, 4, count), (2, 3, 20), (2, 5, 20), (2, 7, 20), (2, 8, 20), (1, 8, 12)]
        write_evaluate(f"{model}-mnist", confusion_test=confused(*pairs))
    compared = entry("mnist.nine_confused")
    assert compared["measured"]["text"] == "number 6 of 90 pairs (33 images)"  # 33 after 60 and 36
    assert compared["verdict"] == "not tested at this budget"
    assert "2 → 3 (60), 2 → 5 (60) and 2 → 7 (60)" in compared["sentence"]
    assert entry("mnist.nine_confused", PAPER)["verdict"] == "does not hold"
    write_evaluate("resnet18-mnist", confusion_test=confused((9, 4, 60)))
    assert entry("mnist.nine_confused")["verdict"] == "holds"


def test_a_pair_may_be_confused_either_way():
    write_evaluate("mnist_cnn-mnist", confusion_test=confused((4, 9, 3), (9, 4, 4), (1, 2, 6)))
    compared = entry("mnist_cnn.four_nine_confused")
    assert (compared["verdict"], compared["measured"]["text"]) == (
        "holds",
        "number 1 of 45 pairs (7 images)",
    )
    # No confusion at all is not the most frequent one, although nothing exceeds it by much.
    assert entry("mnist_cnn.three_eight_confused")["verdict"] == "not tested at this budget"


def test_ranks_count_what_is_strictly_more_frequent():
    matrix = np.array([[9, 5, 1], [2, 9, 5], [0, 3, 9]])
    counts = confusions.off_diagonal(matrix, either_way=False)
    assert [confusions.rank(counts, p, False) for p in ((0, 1), (1, 2), (2, 1))] == [1, 1, 3]
    both = confusions.off_diagonal(matrix, either_way=True)
    assert [confusions.rank(both, p, True) for p in ((1, 2), (0, 1), (2, 0))] == [1, 2, 3]
    assert matrix[0, 0] == 9
