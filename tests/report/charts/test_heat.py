import pytest

from heatproof.report.charts import heat


@pytest.mark.parametrize(
    ("value", "text", "shade"),
    [
        (0.05, ".05", "hit-0"),
        (0.1, ".10", "hit-1"),
        (-0.45, "−.45", "miss-2"),
        (0.95, ".95", "hit-5"),
        (-1.0, "−1.00", "miss-5"),
        (None, "–", "none"),
        (float("nan"), "–", "none"),
    ],
)
def test_a_number_and_its_shade(value, text, shade):
    assert heat.square(value) == heat.Square(text, shade)


def test_the_diagonal_is_empty():
    made = heat.heat("caption", ["a", "b"], [[1, 0.2], [0.2, 1]])
    assert [[s.shade for s in row] for row in made.rows] == [["own", "hit-1"], ["hit-1", "own"]]
    assert made.rows[0][0].text == ""


def test_one_name_is_no_table():
    assert heat.heat("caption", ["a"], [[1]]) is None
