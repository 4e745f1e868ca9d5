from heatproof.report.text import measures
from heatproof.trust.measure import GROUPS, base


def test_the_columns_are_measures_in_their_groups_order():
    assert all(base(name) in measures.MEASURES for name in measures.COLUMNS)
    groups = [measures.describe(name).group for name in measures.COLUMNS]
    assert groups == sorted(groups, key=GROUPS.index)


def test_a_variant_is_in_the_label():
    assert measures.describe("deletion_probability/mean").label == "Deletion, mean colour"
    assert measures.describe("deletion_probability").label == "Deletion"
    assert measures.describe("new_one/odd_way").label == "new one, odd way"


def test_the_order_is_that_of_the_groups_then_of_the_variants():
    names = ["zzz", "gini", "infidelity/noise", "infidelity/black", "relevance_rank"]
    expected = ["relevance_rank", "infidelity/black", "infidelity/noise", "gini", "zzz"]
    assert measures.ordered(names) == expected


def test_controls_are_named_as_in_a_sentence():
    assert measures.controls_above(["random"]) == "Noise ranks above most methods here"
    three = measures.controls_above(["random", "edges", "constant"])
    assert three == "Noise, the edge filter and a constant map rank above most methods here"


def test_a_test_that_noise_passes_still_shows_who_fails_it() -> None:
    assert measures.consequence("gini") == "this column is uninformative about methods"
    for name in ("randomised_spearman", "sensitivity_max"):
        assert measures.consequence(name) == "passing this test proves nothing, failing it does"
