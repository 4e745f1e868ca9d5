"""The table of measures: what is marked, what is not, and what stands beneath a number."""

import pytest

from heatproof.report.sections import trust_table
from heatproof.report.sections.trust_table import Column


def summary(mean, low=None, high=None, images=20):
    return {"mean": mean, "low": low, "high": high, "images": images}


def cell(content, measure="gini", uninformative=()):
    flagged = {measure: list(uninformative)} if uninformative else {}
    return {"measures": {measure: content}, "uninformative": flagged}


def values(table, column=0):
    of_column = table.columns[column].values
    return {name: of_column.get(name) for name in (*table.methods, *table.controls)}


def best(table):
    return [name for name, value in values(table).items() if value is not None and value.best]


@pytest.mark.parametrize(
    ("measure", "expected"), [("gini", "saliency"), ("infidelity/black", "gradcam")]
)
def test_the_best_is_the_greatest_or_the_least_as_the_measure_has_it(measure, expected):
    content = {"saliency": summary(0.9), "gradcam": summary(0.4), "lime": summary(0.5)}
    assert best(trust_table.of_cell(cell(content, measure), [measure])) == [expected]


def test_of_likenesses_the_size_counts():
    content = {"saliency": summary(-0.9), "gradcam": summary(0.2), "lime": summary(0.5)}
    made = trust_table.of_cell(cell(content, "randomised_spearman"), ["randomised_spearman"])
    assert best(made) == ["gradcam"]


def test_equals_are_all_best_and_a_control_never_is():
    content = {
        "saliency": summary(0.5),
        "gradcam": summary(0.5),
        "lime": summary(0.1),
        "edges": summary(0.9),
    }
    assert best(trust_table.of_cell(cell(content), ["gini"])) == ["saliency", "gradcam"]


def test_a_single_method_is_not_the_best_of_anything():
    made = trust_table.of_cell(cell({"saliency": summary(0.5), "edges": summary(0.1)}), ["gini"])
    assert best(made) == []


def test_an_uninformative_column_has_no_best_and_a_reason():
    content = {
        "saliency": summary(0.5),
        "gradcam": summary(0.2),
        "edges": summary(0.9),
        "centre": summary(1),
    }
    made = trust_table.of_cell(cell(content, uninformative=["edges", "centre"]), ["gini"])
    assert best(made) == []
    (column,) = made.uninformative
    assert column.uninformative == (
        "The edge filter and the centre Gaussian rank above most methods here: "
        "this column is uninformative about methods"
    )
    assert column.note == "higher is better; uninformative here"


def test_a_mean_of_few_images_is_marked_and_not_the_best():
    content = {
        "saliency": summary(0.5, 0.4, 0.6),
        "gradcam": summary(0.4),
        "lime": summary(0.9, 0.8, 1, 2),
    }
    made = trust_table.of_cell(cell(content), ["gini"])
    assert best(made) == ["saliency"]
    assert values(made)["lime"].detail == "2 images"
    assert values(made)["saliency"].detail == "0.40 to 0.60"
    assert made.few


def test_one_image_without_a_value_does_not_make_a_method_lose_its_place():
    content = {"saliency": summary(0.9, images=19), "gradcam": summary(0.4)}
    made = trust_table.of_cell(cell(content), ["gini"])
    assert best(made) == ["saliency"]
    assert not made.few


def test_methods_come_in_the_reports_order_with_the_controls_apart():
    content = {
        "random": summary(0.1),
        "lime": summary(0.2),
        "saliency": summary(0.3),
        "edges": summary(0.4),
    }
    made = trust_table.of_cell(cell(content), ["gini"])
    assert (made.methods, made.controls) == (["saliency", "lime"], ["random", "edges"])


def test_what_lacks_is_left_empty():
    content = {"saliency": summary(None, images=0), "gradcam": summary(0.4)}
    other = {"gradcam": summary(0.2), "lime": summary(0.3)}
    made = trust_table.table([Column("gini", content), Column("entropy_share", other)])
    assert values(made, 0)["saliency"] is None
    assert values(made, 0)["lime"] is None
    assert values(made, 1)["lime"].text == "0.30"
    assert trust_table.of_cell(cell({}), ["gini"]) is None
    assert trust_table.of_cell(cell({}), ["deletion_probability/black"]) is None


def test_neighbours_of_one_group_share_its_head():
    content = {"saliency": summary(0.3)}
    names = ("relevance_mass", "deletion_probability/black", "infidelity/black", "gini")
    made = trust_table.table(Column(name, content) for name in names)
    assert made.groups == [("Ground truth", 1), ("Faithfulness", 2), ("Simplicity", 1)]


@pytest.mark.parametrize(("largest", "text"), [(0.1234, "0.123"), (0.5, "0.50"), (123.4, "123")])
def test_a_column_has_as_many_decimals_as_its_numbers_need(largest, text):
    made = trust_table.of_cell(cell({"saliency": summary(largest)}), ["gini"])
    assert values(made)["saliency"].text == text


def test_rows_can_be_put_in_the_order_of_a_measure():
    first = {"saliency": summary(0.1), "gradcam": summary(0.9), "lime": summary(0.5)}
    second = {"saliency": summary(0.2), "gradcam": summary(0.1)}
    made = trust_table.table([Column("relevance_rank", first), Column("relevance_rank", second)])
    order = made.by_mean("relevance_rank").methods
    assert order == ["gradcam", "lime", "saliency"]  # 0.5, then 0.5 of one, then 0.15
