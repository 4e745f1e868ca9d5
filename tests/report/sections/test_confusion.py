import io

import numpy as np
import pytest
from PIL import Image

from heatproof.report.sections import confusion


def test_shades_are_shares_of_the_true_class():
    made = confusion.matrix("test", [[98, 2, 0], [0, 5, 5], [0, 0, 10]], ["a", "b", "c"])
    assert [[square.shade for square in row] for row in made.rows] == [
        ["hit-4", "miss-3", "none"],
        ["none", "hit-1", "miss-5"],
        ["none", "none", "hit-5"],
    ]
    assert (made.images, made.correct, made.totals) == (120, 113, (100, 10, 10))
    assert made.rows[1][2].tip == "true b, predicted c: 5 of 10 (50.0 %)"


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, 0), (0.0049, 0), (0.005, 1), (0.02, 3), (0.0999, 4), (0.1, 5), (1, 5)],
)
def test_steps_begin_at_their_number(share, expected):
    assert confusion.step(share, confusion.MISS_STEPS) == expected


def test_a_class_never_predicted_differs_from_one_that_is_not_there():
    made = confusion.matrix("test", [[3, 0, 0], [2, 0, 0], [0, 0, 0]], ["a", "b", "c"])
    assert made.never_predicted == ("b",)
    assert made.absent == ("c",)


def test_many_classes_become_a_picture():
    classes = 100
    counts = np.diag(np.full(classes, 10))
    counts[3, 7] = 10
    made = confusion.matrix("test", counts.tolist(), [str(i) for i in range(classes)])
    assert made.rows == ()
    drawn = np.asarray(Image.open(io.BytesIO(made.picture)))
    assert drawn.shape == (classes, classes, 3)
    assert tuple(drawn[0, 0]) == confusion._HIT_COLOURS[5]
    assert tuple(drawn[3, 3]) == confusion._HIT_COLOURS[1]
    assert tuple(drawn[3, 7]) == confusion._MISS_COLOURS[5]
    assert tuple(drawn[7, 3]) == (255, 255, 255)
