import math
from itertools import pairwise

import pytest

from heatproof.report.charts.frame import position
from heatproof.report.charts.labels import LABEL_HEIGHT, spread
from heatproof.report.charts.lines import line_chart
from heatproof.report.charts.series import Series, slot_classes
from heatproof.report.charts.ticks import ticks


@pytest.mark.parametrize(
    ("low", "high", "wanted", "expected"),
    [
        (0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.93, 0.991, 4, [0.92, 0.94, 0.96, 0.98, 1.0]),
        (1, 20, 4, [0, 5, 10, 15, 20]),
        (-3, 3, 3, [-4, -2, 0, 2, 4]),
    ],
)
def test_ticks_are_round_and_cover_the_span(low, high, wanted, expected):
    assert ticks(low, high, wanted) == pytest.approx(expected)


def test_ticks_of_no_span_are_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="no span"):
        ticks(1.0, 1.0)


def points(line):
    """The points of a line's path."""
    return [tuple(map(float, place.split())) for place in line.path[1:].split("L")]


def chart(series, **options):
    return line_chart("Loss", series, x_title="epoch", **options)


def test_points_lie_where_their_numbers_are():
    made = chart([Series("a", 0, [1, 2, 3], [0.0, 1.0, 2.0])])
    assert made.y_ticks[0][1] == "0"
    assert made.y_ticks[-1][1] == "2"
    first, middle, last = points(made.lines[0])
    assert first == (made.left, made.bottom)
    assert last == (made.right, made.top)
    assert middle[0] == pytest.approx((made.left + made.right) / 2)
    assert middle[1] == pytest.approx((made.top + made.bottom) / 2)


def test_the_text_alternative_has_the_lines_last_values():
    made = chart([Series("val", 0, [1, 2], [0.5, 0.75])], as_percent=True)
    assert made.summary == "val: 50.00 % at epoch 1, 75.00 % at the end."
    made = chart([Series("a", 0, [1, 2], [0.1, 0.75]), Series("b", 1, [1, 5], [0.2, 0.5])])
    assert made.summary == "Final values from 0.5 (b) to 0.75 (a)."


def test_the_table_has_every_number_at_its_x_and_nothing_else():
    made = chart([Series("a", 0, [1, 3], [0.5, 0.625]), Series("b", 1, [2, 3], [1 / 3, math.nan])])
    assert list(made.rows()) == [
        ("1", ["0.5", None]),
        ("2", [None, "0.3333"]),
        ("3", ["0.625", None]),
    ]


def test_a_long_line_has_no_dots():
    made = chart([Series("a", 0, range(60), range(60)), Series("b", 1, [1, 2], [3, 4])])
    assert [line.dots.count("M") for line in made.lines] == [0, 2]


def test_what_is_not_a_number_is_left_out():
    made = chart([Series("a", 0, [1, 2, 3], [1.0, math.nan, 2.0]), Series("b", 1, [1], [None])])
    assert [line.name for line in made.lines] == ["a"]
    assert len(points(made.lines[0])) == 2
    assert chart([Series("b", 1, [1, 2], [None, math.inf])]) is None


def test_one_epoch_and_constant_values_still_make_a_chart():
    made = chart([Series("a", 0, [1], [0.25])], as_percent=True)
    ((x, y),) = points(made.lines[0])
    assert made.top < y < made.bottom
    assert made.left < x < made.right


def test_a_share_is_never_drawn_beyond_0_to_100_percent():
    made = chart([Series("a", 0, [1, 2], [0.97, 1.0])], as_percent=True)
    assert made.y_ticks[-1][1] == "100 %"
    assert points(made.lines[0])[1][1] == made.top
    made = chart([Series("a", 0, [1, 2], [1.0, 1.0])], as_percent=True)
    assert made.y_ticks[-1][1] == "100 %"


def test_labels_are_moved_apart_and_stay_inside():
    moved = spread([100, 101, 99, 200], 0, 200)
    order = sorted(moved)
    assert all(b - a >= LABEL_HEIGHT - 1e-9 for a, b in pairwise(order))
    assert max(moved) <= 200
    assert moved[2] < moved[0] < moved[1] < moved[3]


def test_labels_that_cannot_fit_are_left_to_the_legend():
    assert spread([10.0] * 40, 0, 100) == [None] * 40


def test_forty_lines_look_different_and_the_first_eight_differ_in_colour():
    assert len({slot_classes(slot) for slot in range(64)}) == 64
    assert len({slot_classes(slot).split()[0] for slot in range(8)}) == 8
    assert len({slot_classes(slot).split()[1] for slot in range(8)}) == 8


def test_positions_are_percent_of_the_way():
    assert position(0.95, 0.9, 1.0) == pytest.approx(50)
    assert position(2, 0, 1) == 100
    assert position(1, 1, 1) == 50
