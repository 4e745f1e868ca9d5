"""Pies: how much is filled, where the mark is, and what is joined."""

import re

import pytest

from heatproof.report.charts.frame import Axis
from heatproof.report.charts.pies import RADIUS, TICK, Pie, pies

X = Axis("size", 0.5, 32.0, [(1.0, "1")], log=True)
Y = Axis("accuracy", -1.0, 1.0, [(0.0, "0")])


def drawn(*points: Pie):
    chart = pies("Pies", points, X, Y, (820.0, 430.0), "Some.")
    assert chart is not None
    return chart.slices


def numbers(path: str) -> list[float]:
    return [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?", path)]


@pytest.mark.parametrize(
    ("share", "across", "down", "large"),
    [
        (0.25, RADIUS, 0.0, 0),
        (0.5, 0.0, RADIUS, 0),
        (0.75, -RADIUS, 0.0, 1),
        (1.0, 0.0, -RADIUS, 1),
    ],
)
def test_a_pie_is_filled_clockwise_from_its_top(
    share: float, across: float, down: float, large: int
) -> None:
    (one,) = drawn(Pie("a", 4.0, 0.0, "", share))
    x, y, top, *arc = numbers(one.filled)
    assert (x, y) == (one.x, one.y) and top == pytest.approx(one.y - RADIUS, abs=0.01)
    assert arc[3] == large
    assert arc[5:] == pytest.approx([one.x + across, one.y + down], abs=0.02)


def test_nothing_known_or_nothing_in_common_fills_nothing() -> None:
    assert [each.filled for each in drawn(Pie("a", 4.0, 0.0, ""), Pie("b", 8.0, 0.0, "", 0.0))] == (
        ["", ""]
    )


def test_the_mark_crosses_the_edge() -> None:
    (one,) = drawn(Pie("a", 4.0, 0.0, "", 0.9, 0.25))
    assert numbers(one.mark) == pytest.approx(
        [one.x + RADIUS - TICK, one.y, one.x + RADIUS + TICK, one.y], abs=0.01
    )


def test_a_line_leads_from_edge_to_edge() -> None:
    first, second, near = drawn(
        Pie("a", 1.0, 0.0, ""),
        Pie("b", 16.0, 0.0, "", origin=0),
        Pie("c", 1.01, 0.0, "", origin=0),
    )
    assert first.line == near.line == ""
    assert numbers(second.line) == pytest.approx(
        [first.x + RADIUS, first.y, second.x - RADIUS, second.y], abs=0.02
    )


def test_names_stand_clear_of_pies_and_of_each_other() -> None:
    found = drawn(*(Pie(f"network_{n}", 4.0 * 1.02**n, 0.0, "", 0.5) for n in range(4)))
    boxes = [each.label.box for each in found]
    for i, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[i + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
        for each in found:
            assert not (left < each.x < right and top < each.y < bottom)


def test_no_points_are_no_chart() -> None:
    assert pies("Pies", [], X, Y, (820.0, 430.0), "") is None
