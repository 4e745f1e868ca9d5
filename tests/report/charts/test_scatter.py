from itertools import combinations

import pytest

from heatproof.report.charts.scatter import LETTER, scatter

POINTS = [("Saliency", 0.3, 5.0), ("LIME", 300.0, 2.0), ("RISE", 30.0, 8.0), ("IG", 3.0, 4.0)]


def drawn(points):
    return scatter("Title", points, x_title="ms", y_title="rank")


def test_ten_times_the_cost_is_the_same_way_everywhere():
    dots = {d.mark.name: d for d in drawn(POINTS).dots}
    steps = [
        dots[b].x - dots[a].x for a, b in (("Saliency", "IG"), ("IG", "RISE"), ("RISE", "LIME"))
    ]
    assert steps[0] > 0
    assert steps == pytest.approx([steps[0]] * 3, abs=0.02)


def test_the_best_rank_is_on_top():
    dots = {d.mark.name: d for d in drawn(POINTS).dots}
    assert dots["LIME"].y < dots["IG"].y < dots["Saliency"].y < dots["RISE"].y


def test_those_are_ahead_that_none_beats_in_both():
    assert {d.mark.name for d in drawn(POINTS).dots if d.pareto} == {"Saliency", "IG", "LIME"}


def test_points_and_ticks_stay_in_the_plot():
    chart = drawn(POINTS)
    for dot in chart.dots:
        assert chart.left <= dot.x <= chart.right
        assert chart.top <= dot.y <= chart.bottom
    assert [label for _, label in chart.x_ticks] == ["0.1", "1", "10", "100", "1000"]
    assert chart.y_ticks[0] == (chart.top, "1")


def test_names_cover_neither_each_other_nor_the_edge():
    crowd = [(f"Method {i}", 1.6 ** (i % 3), 3.0 + 0.45 * (i // 3)) for i in range(12)]
    chart = drawn([*crowd, ("far", 90.0, 12.0)])
    boxes = []
    for dot in chart.dots:
        wide = LETTER * len(dot.mark.name)
        start = {"start": 0, "end": -wide, "middle": -wide / 2}[dot.label.anchor]
        boxes.append((dot.label.x + start, dot.label.y - 10, dot.label.x + start + wide))
        assert boxes[-1][0] >= chart.left
        assert boxes[-1][2] <= chart.width
    for one, other in combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or abs(one[1] - other[1]) >= 10


@pytest.mark.parametrize("points", [[], POINTS[:1]])
def test_fewer_than_two_points_are_no_chart(points):
    assert drawn(points) is None


def test_equal_points_are_drawn():
    chart = drawn([("a", 10.0, 1.0), ("b", 10.0, 1.0)])
    assert len(chart.dots) == 2
    assert all(d.pareto for d in chart.dots)
