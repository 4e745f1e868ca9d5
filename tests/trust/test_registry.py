"""What every measure keeps to; a new file in `measures/` is held to it too."""

import re

import numpy as np
import pytest

from heatproof.trust import registry
from heatproof.trust.controls import CONTROLS
from heatproof.trust.measure import GROUPS, Measure, base, by_measure, by_variant
from heatproof.trust.options import MeasuresOptions


@pytest.mark.parametrize("measure", registry.MEASURES.values(), ids=registry.MEASURES)
def test_a_record_has_what_a_table_and_a_reader_need(measure: Measure) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", measure.name)
    assert measure.label[0].isupper() and measure.group in GROUPS and measure.unit
    assert not measure.meaning.endswith(".")  # it continues a sentence
    assert "https://" in measure.reference or measure.reference == "this project"
    assert set(measure.controls) <= CONTROLS.keys()
    assert not (measure.shown and measure.better is None)


def test_each_measure_stands_once_and_families_of_assess_are_those_with_options() -> None:
    names = [each.name for family in registry.FAMILIES.values() for each in family.measures]
    assert sorted(names) == sorted(registry.MEASURES)
    assert MeasuresOptions.model_fields.keys() == registry.FAMILIES.keys() - {"shuffled_labels"}


SHOWN = [
    "relevance_mass", "magnitude_mass", "relevance_rank", "magnitude_rank", "pointing_game",
    "magnitude_pointing",
    "deletion_probability/black", "insertion_probability/black", "morf_lerf_gap/black",
    "infidelity/black", "saco", "randomised_spearman", "entropy_rise", "shuffled_spearman",
    "sensitivity_max", "shift_mean", "gini",
]  # fmt: skip
HIGHER = {
    "relevance_mass", "relevance_rank", "pointing_game", "magnitude_mass", "magnitude_rank",
    "magnitude_pointing", "insertion_probability",
    "insertion_logit", "morf_lerf_gap", "entropy_rise", "gini", "saco",
}  # fmt: skip
OWN = HIGHER | {
    "deletion_probability", "deletion_logit", "infidelity", "infidelity_scaling",
    "sensitivity_max", "sensitivity_mean", "shift_max", "shift_mean", "entropy_share",
    *(f"{of}_{number}" for of in ("randomised", "independent", "smooth", "shuffled")
      for number in ("spearman", "ssim")),
}  # fmt: skip
PER_BASELINE = {
    "deletion_probability", "insertion_probability", "deletion_logit", "insertion_logit",
    "morf_lerf_gap", "infidelity", "infidelity_scaling",
}  # fmt: skip


def test_tables_show_one_measure_of_each_kind_in_the_groups_order() -> None:
    assert [name for name in registry.SHOWN if name in SHOWN] == SHOWN
    assert base("deletion_probability/black") == "deletion_probability"
    assert base("gini") == "gini"


def test_which_way_is_better_and_what_depends_on_the_baseline() -> None:
    own = {name: each for name, each in registry.MEASURES.items() if each.name in OWN}
    assert own.keys() == OWN
    assert {name for name, each in own.items() if each.better == "higher"} == HIGHER
    assert {name for name, each in own.items() if each.better is None} == {"infidelity_scaling"}
    assert {name for name, each in own.items() if each.per_baseline} == PER_BASELINE
    similar = {name for name, each in own.items() if each.ranked_by_magnitude}
    assert similar == {name for name in OWN if name.endswith(("_spearman", "_ssim"))}


def test_merit_grows_the_better_a_mean_is() -> None:
    merits = {name: measure.merit for name, measure in registry.MEASURES.items()}
    assert merits["gini"](0.5) == 0.5 and merits["sensitivity_max"](0.5) == -0.5
    # An inverted map is as similar as an equal one.
    assert merits["randomised_ssim"](-0.5) == merits["randomised_ssim"](0.5) == -0.5
    one_sided = {name for name, measure in registry.MEASURES.items() if measure.one_sided}
    assert {"shift_max", "entropy_rise"} <= one_sided and "gini" not in one_sided


def test_values_by_method_become_tables_by_measure() -> None:
    one, other = np.zeros(1), np.ones(1)
    values = {"a": {"x": one, "y": other}, "b": {"x": other}}
    assert by_measure(values, "new_") == {"new_x": {"a": one, "b": other}, "new_y": {"a": other}}
    assert by_variant({"black": values}) == {
        "x/black": {"a": one, "b": other}, "y/black": {"a": other},
    }  # fmt: skip
