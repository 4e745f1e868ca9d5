"""Ranks on one cell and over several, worked out by hand."""

from heatproof.report.sections import ranks


def cell(measure, uninformative=(), **means):
    content = {name: {"mean": mean, "low": None, "high": None, "images": 20}
               for name, mean in means.items()}  # fmt: skip
    flagged = {measure: list(uninformative)} if uninformative else {}
    return {"measures": {measure: content}, "uninformative": flagged}


def test_equal_means_share_their_rank():
    made = ranks.ranks(cell("gini", lime=0.9, saliency=0.5, gradcam=0.5, rise=0.1), "gini")
    assert made == {"lime": 1, "saliency": 2.5, "gradcam": 2.5, "rise": 4}


def test_the_least_is_first_where_less_is_better():
    made = ranks.ranks(cell("shift_mean", lime=0.9, saliency=0.5), "shift_mean")
    assert made == {"saliency": 1, "lime": 2}


def test_controls_do_not_push_methods_down_and_rank_as_if_alone():
    made = ranks.ranks(
        cell("gini", lime=0.9, saliency=0.5, edges=0.7, centre=0.8, random=0.5), "gini"
    )
    assert made == {"lime": 1, "saliency": 2, "edges": 2, "centre": 2, "random": 2.5}


def test_what_has_no_mean_or_no_better_side_has_no_rank():
    assert ranks.ranks(cell("gini", lime=None, saliency=0.5), "gini") == {"saliency": 1}
    assert ranks.ranks(cell("infidelity_scaling", lime=1.0), "infidelity_scaling") == {}
    assert ranks.ranks(cell("gini", lime=1.0), "pointing_game") == {}


def test_the_mean_rank_is_over_the_cells_that_have_one():
    cells = [cell("gini", lime=0.9, saliency=0.5), cell("gini", lime=0.1, saliency=0.5, rise=0.2)]
    made = ranks.table(cells, ["gini"])
    shown = made.columns[0].values
    assert (shown["lime"].text, shown["lime"].detail) == ("2.0", "1 to 3")
    assert (shown["saliency"].text, shown["saliency"].best) == ("1.5", True)
    assert (shown["rise"].text, shown["rise"].detail) == ("2.0", "")


def test_a_measure_is_empty_when_it_is_so_on_more_than_half_of_its_cells():
    clear, flagged = cell("gini", lime=0.9, rise=0.5), cell("gini", ["edges"], lime=0.9, rise=0.5)
    other = cell("shift_mean", lime=0.9)
    assert ranks.uninformative_on([clear, flagged, other], "gini") == (1, 2)
    half = ranks.table([clear, flagged, other], ["gini"])
    assert half.columns[0].note == "uninformative on 1 of 2"
    assert half.uninformative == []
    assert half.columns[0].values["lime"].best
    most = ranks.table([clear, flagged, flagged], ["gini"])
    assert most.uninformative[0].uninformative == (
        "A control ranks above most methods on 2 of 3 networks: "
        "this column is uninformative about methods"
    )
    assert not any(value.best for value in most.columns[0].values.values())
    assert ranks.table([clear], ["gini"]).columns[0].note == ""


def test_no_cells_no_table():
    assert ranks.table([], ["gini"]) is None
