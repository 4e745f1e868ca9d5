"""A horizontal line is named where other lines leave room."""

import pytest

from heatproof.report.charts.labels import along

AREA = (46.0, 24.0, 330.0, 224.0)


@pytest.mark.parametrize(
    ("y", "lines", "expected"),
    [
        (100.0, [], (50, 113, "start")),
        (100.0, [[(46, 110), (330, 60)]], (326, 113, "end")),  # the line rises from below the name
        (100.0, [[(46, 110), (330, 110)]], (50, 95, "start")),
        (100.0, [[(46, 110), (330, 100)], [(46, 90), (150, 92)]], (326, 95, "end")),
        (224.0, [], (50, 219, "start")),  # below it are the axis' numbers
        (26.0, [[(46, 30), (200, 40)]], (326, 39, "end")),
        (100.0, [[(60, 110)]], (50, 95, "start")),  # a dot alone
    ],
)
def test_the_name_is_where_the_fewest_lines_are(y, lines, expected) -> None:
    found = along(y, 14, lines, AREA)
    assert (found.x, found.y, found.anchor) == expected
