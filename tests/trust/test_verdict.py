"""Which methods to use: the rule, on tables whose answers are known."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heatproof.trust import summary, verdict
from heatproof.trust.beside_controls import FAITHFUL
from heatproof.trust.beside_controls import beside_controls as compare
from heatproof.trust.controls import CONTROLS
from heatproof.trust.measure import Table
from heatproof.trust.verdict import AVOID, CARE, USE, CellVerdict, MethodVerdict
from heatproof.trust.verdict_outcomes import outcomes_of
from tests.report import trust_results

IMAGES, SAMPLES = 20, 200


def faithful(made: Table) -> list[str]:
    """Name the measures of faithfulness that take part, each baseline one."""
    records = {name: verdict.MEASURES[verdict.base(name)] for name in made}
    return [n for n, each in records.items() if each.group == "faithfulness" and each.shown]


def assessed(table: Table, mask: str | None = None, **more: Any) -> dict[str, Any]:
    """Return what `assess` writes of a table, as far as a verdict reads it."""
    summarised = summary.summaries(table, SAMPLES, 0)
    uninformative = summary.uninformative(summarised)
    return {
        "above_chance": True,
        "measures": summarised,
        "uninformative": uninformative,
        "tests": compare(table, uninformative, mask, SAMPLES, 0),
        **more,
    }


def table(
    goodness: Mapping[str, float], left: Mapping[str, float] = {}, mask: str | None = None
) -> Table:
    """Draw values: controls have a goodness of 0.2 or less, methods theirs.

    left: rank correlation with the map of random weights; 0.1 where not given.
    """
    random = np.random.default_rng(1)
    made = trust_results.table(random, IMAGES, tuple(goodness), mask)
    levels = dict(zip(CONTROLS, (0.05, 0.2, 0.15, 0.0), strict=True)) | dict(goodness)
    for measure, by_method in made.items():
        better = verdict.MEASURES[verdict.base(measure)].better
        for name in by_method:
            level = levels[name] if better == "higher" else 1 - levels[name]
            by_method[name] = level + random.normal(0, 0.02, IMAGES)
    for name in made["randomised_spearman"]:
        mean = 1.0 if name == "edges" else left.get(name, 0.1)
        made["randomised_spearman"][name] = mean + random.normal(0, 0.02, IMAGES)
    return made


def judged(*arguments: Any, crosscheck: Mapping[str, Any] = {}, **more: Any) -> CellVerdict:
    found = verdict.of_cell(assessed(*arguments, **more), crosscheck)
    assert found is not None
    return found


def outcomes(found: MethodVerdict) -> dict[str, str]:
    return {test.name: test.result for test in found.tests}


def test_what_is_beyond_every_control_and_depends_on_the_weights_is_of_use() -> None:
    found = judged(table({"saliency": 0.6, "lime": 0.8, "rise": 0.1}))
    assert found.of(USE) == ["lime", "saliency"]  # the more faithful first
    assert found.of(AVOID) == ["rise"]
    lime = found.methods["lime"]
    assert outcomes(lime) == dict.fromkeys(("faithful", "learned", "stable"), "passed")
    total = len(faithful(table({"lime": 0.8})))
    of_all = f"by {total} of {total} measures of faithfulness."
    assert lime.reason == f"Better than every control {of_all}"
    assert found.methods["rise"].reason == (
        f"The edge filter and the centre Gaussian are as good {of_all}"
    )
    assert str(found).splitlines()[0].startswith("lime: use. Better")
    assert np.isnan(found.truth_correlation) and not found.left_out


@pytest.mark.parametrize(("correlation", "level"), [(0.9, AVOID), (-0.9, AVOID), (0.5, USE)])
def test_a_map_that_hardly_depends_on_the_weights_is_not_to_be_used(
    correlation: float, level: str
) -> None:
    """However faithful. Half of the ranks' variance is a correlation of 0.71."""
    found = judged(table({"guided_backprop": 0.8}, {"guided_backprop": correlation}))
    assert found.methods["guided_backprop"].level == level
    if level == AVOID:
        assert "after all weights were made random is" in found.methods["guided_backprop"].reason


def test_an_interval_around_a_half_leaves_it_open() -> None:
    made = table({"saliency": 0.8})
    made["randomised_spearman"]["saliency"] = np.repeat([0.5, 0.9], IMAGES // 2)
    found = judged(made).methods["saliency"]
    assert (found.level, outcomes(found)["learned"]) == (CARE, "open")
    made["randomised_spearman"]["saliency"] = np.full(1, 0.1)  # one image has no interval
    assert judged(made).methods["saliency"].level == CARE


def test_shuffled_labels_count_where_they_were_measured() -> None:
    content = assessed(table({"saliency": 0.8}))
    content["measures"]["shuffled_spearman"] = {
        "saliency": {"mean": 0.9, "low": 0.85, "high": 0.95, "images": IMAGES}
    }
    found = verdict.of_cell(content, {})
    assert found is not None and found.of(AVOID) == ["saliency"]
    assert "trained on shuffled labels" in found.methods["saliency"].reason


def test_what_was_not_measured_is_said_and_is_not_taken_for_passed() -> None:
    made = {n: each for n, each in table({"saliency": 0.8}).items() if "randomised" not in n}
    found = judged(made).methods["saliency"]
    assert found.level == CARE and "was not measured" in found.reason


def test_stability_alone_makes_it_a_matter_of_care() -> None:
    made = table({"saliency": 0.8})
    for name in ("sensitivity_max", "shift_mean"):
        made[name]["saliency"] = made[name]["random"] + 0.5
    found = judged(made).methods["saliency"]
    assert (found.level, outcomes(found)["stable"]) == (CARE, "failed")
    assert found.reason == "Noise is as good by 2 of 2 measures of stability."


@pytest.mark.parametrize(
    ("left", "level", "outcome"),
    [(0.95, USE, "passed"), (0.5, CARE, "failed"), (-0.9, CARE, "failed"), (None, USE, None)],
)
def test_a_map_that_can_be_moved_unseen_is_a_matter_of_care(
    left: float | None, level: str, outcome: str | None
) -> None:
    """Half of the ranks' variance is a correlation of 0.71; a map that is turned round has none."""
    made = table({"saliency": 0.8})
    if left is not None:
        made["manipulated_spearman"] = {"saliency": left + np.array([0.01, -0.01, 0.02, -0.02])}
        made["noise_spearman"] = {"saliency": np.full(4, 0.99)}
    found = judged(made, images=IMAGES).methods["saliency"]
    assert (found.level, outcomes(found).get("held")) == (level, outcome)
    if outcome == "failed":
        said = f"{'−' if left < 0 else ''}{abs(left):.2f} (4 images); after noise of that size 0.99"
        assert said in found.reason
    if outcome:
        (test,) = [each for each in found.tests if each.name == "held"]
        assert test.few == 4


def test_one_image_or_an_interval_around_a_half_leaves_open_whether_it_can_be_moved() -> None:
    for values in (np.full(1, 0.1), np.array([0.5, 0.9, 0.5, 0.9])):
        made = table({"saliency": 0.8}) | {"manipulated_spearman": {"saliency": values}}
        found = judged(made).methods["saliency"]
        assert (found.level, outcomes(found)["held"]) == (USE, "open")


@pytest.mark.parametrize(
    ("said", "level", "outcome"),
    [("agrees", USE, "passed"), ("on_purpose", USE, "passed"), ("differs", CARE, "failed")],
)
def test_libraries_count_where_they_were_asked(said: str, level: str, outcome: str) -> None:
    crosscheck = {"checks": {"saliency": {"library": "captum", "verdict": said}}}
    found = judged(table({"saliency": 0.8}), crosscheck=crosscheck).methods["saliency"]
    assert (found.level, outcomes(found)["libraries"]) == (level, outcome)
    crosscheck["checks"]["saliency"]["verdict"] = "unserved"
    found = judged(table({"saliency": 0.8}), crosscheck=crosscheck).methods["saliency"]
    assert "libraries" not in outcomes(found)


def test_a_network_at_chance_has_no_verdict() -> None:
    assert verdict.of_cell(assessed(table({"saliency": 0.8})) | {"above_chance": False}, {}) is None


def test_measures_that_prefer_a_control_take_no_part() -> None:
    made = table({"saliency": 0.8, "lime": 0.7})
    made["deletion_probability/black"]["edges"] = np.full(IMAGES, 0.01)
    found = judged(made)
    assert found.left_out == ("deletion_probability/black",)
    left = len(faithful(made)) - 1
    assert found.methods["saliency"].reason.endswith(f"{left} of {left} measures of faithfulness.")
    for name in made:
        if verdict.MEASURES[verdict.base(name)].group == "faithfulness":
            sign = verdict.MEASURES[verdict.base(name)].better == "higher"
            made[name]["edges"] = np.full(IMAGES, 2.0 if sign else -2.0)
    found = judged(made)
    assert found.of(CARE) == ["lime", "saliency"]
    assert "No measure of faithfulness tells" in found.methods["lime"].reason


def test_measures_that_disagree_leave_it_open_and_are_named() -> None:
    made = table({"saliency": 0.8, "lime": 0.7, "rise": 0.6})
    names = faithful(made)
    total = len(names)
    more, fewer = total // 2 + 1, (total - 1) // 2  # than half of them
    for name in names[:more]:
        made[name]["saliency"] = made[name]["edges"]
    for name in names[:fewer]:
        made[name]["lime"] = made[name]["edges"]
    found = judged(made)
    saliency, lime = found.methods["saliency"], found.methods["lime"]
    assert outcomes(saliency)["faithful"] == "failed"
    better = f"every control by {total - fewer} of {total} measures"
    assert lime.level == USE and better in lime.reason
    first = ", ".join(verdict.MEASURES[verdict.base(n)].label for n in names[:1])
    assert f"; the edge filter is as good by {first} (black)" in lime.reason
    assert lime.reason.endswith(f"and {fewer - 2} more.")
    for name in names[:2]:
        made[name]["rise"] = made[name]["edges"]
    assert "more" not in judged(made).methods["rise"].reason


def test_the_truth_decides_where_it_is_planted_and_only_there() -> None:
    """Faithful to the network in every measure, and yet beside the evidence."""
    goodness = {"saliency": 0.8, "lime": 0.7, "gradcam": 0.6, "rise": 0.5}
    made = table(goodness, mask="planted")
    found = judged(made, "planted")
    assert found.truth_correlation == pytest.approx(1)
    assert outcomes(found.methods["rise"])["truth"] == "passed"
    for name, by_method in made.items():
        if verdict.MEASURES[verdict.base(name)].group == "truth":
            for place, method in enumerate(goodness):
                by_method[method] = np.full(IMAGES, 0.1 + 0.2 * place)
    found = judged(made, "planted")
    assert found.truth_correlation == pytest.approx(-1)
    assert found.of(AVOID) == ["saliency"]
    assert "as good by 6 of 6 measures of the truth" in found.methods["saliency"].reason
    assert judged(made, "boxes").methods["saliency"].level == USE


def test_what_the_tests_add_to_the_order_by_faithfulness_is_told() -> None:
    """The most faithful map hardly depends on the weights, and is the furthest from the truth."""
    goodness = {"saliency": 0.8, "lime": 0.7, "gradcam": 0.6}
    made = table(goodness, {"saliency": 0.95}, mask="planted")
    for name, by_method in made.items():
        if verdict.MEASURES[verdict.base(name)].group == "truth":
            for method, value in {"saliency": 0.3, "lime": 0.7, "gradcam": 0.6}.items():
                by_method[method] = np.full(IMAGES, value)
    found = judged(made, "planted")
    assert found.truth_correlation == pytest.approx(1)  # lime, gradcam, saliency
    assert found.ranks_correlation == pytest.approx(-0.5)  # saliency, lime, gradcam
    assert np.isnan(judged(made, "boxes").ranks_correlation)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["planted", None]))
def test_no_control_may_ever_be_used(seed: int, mask: str | None) -> None:
    """Whatever the measures say: as itself, or under a method's name."""
    random = np.random.default_rng(seed)
    every = trust_results.table(random, 6, ("saliency", "lime"), mask)
    made = {n: each for n, each in every.items() if verdict.MEASURES[verdict.base(n)].shown}
    for by_method in made.values():
        for name in by_method:
            by_method[name] = random.normal(random.normal(0, 2), random.uniform(0, 1), 6)
        by_method["copied"] = by_method[str(random.choice(list(CONTROLS)))]
    content = assessed(made, mask)
    for control in CONTROLS:
        assert verdict.judged(outcomes_of(control, content, {})).level != USE
    found = verdict.of_cell(content, {})
    assert found is not None and set(found.methods) == {"saliency", "lime", "copied"}


def test_noise_of_another_draw_is_not_to_be_used() -> None:
    levels = dict.fromkeys(CONTROLS, 0.0)
    for seed in range(30):
        random = np.random.default_rng(seed)
        made = table({"saliency": 0.8, "noise": 0.0})
        for by_method in made.values():
            for name in (*levels, "noise"):
                by_method[name] = random.normal(0.1, 0.1, IMAGES)
        found = judged(made)
        assert found.methods["noise"].level != USE


def test_a_method_without_a_value_is_not_beyond_anything() -> None:
    made = table({"saliency": 0.8, "lime": 0.7})
    for by_method in made.values():
        by_method["saliency"] = np.full(IMAGES, np.nan)
    found = judged(made)
    assert found.methods["saliency"].level == CARE and found.of(USE) == ["lime"]
    assert compare(made, [], None, SAMPLES, 0)[FAITHFUL]["methods"]["saliency"]["beyond"] == []
