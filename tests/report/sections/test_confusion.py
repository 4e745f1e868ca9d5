import io

import numpy as np
import pytest
from PIL import Image

from heatproof.report.sections import confusion


def test_shades_are_shares_of_the_true_class():
    counts = np.array([[98, 2, 0], [0, 5, 5], [0, 0, 10]])
    made = confusion.matrix("test", counts, ["a", "b", "c"])
    assert [[square.shade for square in row] for _, row, _ in made.table.rows] == [
        ["hit-4", "miss-3", "none"],
        ["none", "hit-1", "miss-5"],
        ["none", "none", "hit-5"],
    ]
    assert (made.images, made.correct, made.totals) == (120, 113, (100, 10, 10))
    assert made.table.all and made.picture is None
    assert made.table.rows[1][1][2].tip == "true b, predicted c: 5 of 10 (50.0 %)"


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, 0), (0.0049, 0), (0.005, 1), (0.02, 3), (0.0999, 4), (0.1, 5), (1, 5)],
)
def test_steps_begin_at_their_number(share, expected):
    assert confusion.step(share, confusion.MISS_STEPS) == expected


def test_a_class_never_predicted_differs_from_one_that_is_not_there():
    made = confusion.matrix("test", np.array([[3, 0, 0], [2, 0, 0], [0, 0, 0]]), ["a", "b", "c"])
    assert made.never_predicted == ("b",)
    assert made.absent == ("c",)


def test_many_classes_become_a_picture():
    classes = 100
    counts = np.diag(np.full(classes, 10))
    counts[3, 7] = 10
    made = confusion.matrix("test", counts, [str(i) for i in range(classes)])
    assert not made.table.all and (made.block, made.squares) == (1, classes)
    drawn = np.asarray(Image.open(io.BytesIO(made.picture)))
    assert drawn.shape == (classes, classes, 3)
    assert tuple(drawn[0, 0]) == confusion._HIT_COLOURS[5]
    assert tuple(drawn[3, 3]) == confusion._HIT_COLOURS[1]
    assert tuple(drawn[3, 7]) == confusion._MISS_COLOURS[5]
    assert tuple(drawn[7, 3]) == (255, 255, 255)
    # Beside it the classes that are confused, with what they are taken for besides.
    ((true, row, others), _) = made.table.rows
    assert (made.table.classes, true, others) == ((3, 7), 3, 0)
    assert [square.text for square in row] == ["10", "10"]


def test_a_thousand_classes_are_drawn_in_blocks():
    counts = np.diag(np.full(1000, 4))
    counts[7, 8] = 4  # within a block: as if correct
    counts[0, 999] = 4
    made = confusion.matrix("train", counts, [str(i) for i in range(1000)])
    assert (made.block, made.squares) == (5, 200)
    drawn = np.asarray(Image.open(io.BytesIO(made.picture)))
    assert drawn.shape == (200, 200, 3)
    assert tuple(drawn[1, 1]) == confusion._HIT_COLOURS[5]
    assert tuple(drawn[0, 199]) == confusion._MISS_COLOURS[5]
    assert confusion.in_blocks(np.ones((5, 5), int), 2).tolist() == [
        [4, 4, 2],
        [4, 4, 2],
        [2, 2, 1],
    ]


def test_the_most_confused_classes_are_whole_pairs_of_the_most_frequent_confusions():
    counts = np.diag(np.full(100, 10))
    for label in range(0, 40, 2):
        counts[label, label + 1] = 50 - label
    chosen = confusion.most_confused(counts)
    assert chosen == list(range(14))  # seven pairs: an eighth would be one class too many
    assert confusion.most_confused(np.diag([3, 2])) == []
