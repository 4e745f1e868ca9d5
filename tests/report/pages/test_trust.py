"""The page on explanations over all cells."""

import shutil
from contextlib import chdir

import pytest

from heatproof.report import rendering, study
from heatproof.report.pages import trust
from heatproof.report.sections import trust_summary
from heatproof.storage import artifacts
from tests.report import fixture, read_pages, trust_results

FIRST, SECOND = fixture.CELLS


def context(params):
    return trust.context(study.collect(params))


def rendered(params):
    html = rendering.environment().get_template("trust.html").render(context(params) | {"root": ""})
    return html, read_pages.parse(html)


def changed(name, **changes):
    content = artifacts.read_metrics("assess", name)
    artifacts.write_metrics("assess", name, content | changes)


@pytest.fixture(scope="module")
def written(tmp_path_factory, repository):
    """Write two cells, one of them on planted images; methods are best in the order of METHODS."""
    place = tmp_path_factory.mktemp("planted")
    with chdir(place):
        params = fixture.params_file(repository)
        for name, mask in ((FIRST, "planted"), (SECOND, None)):
            fixture.write_cell(params, name, fixture.digits(), mask=mask)
    return place, params


@pytest.fixture
def planted(folder, written):
    """Copy `written` into the current folder."""
    place, params = written
    shutil.copytree(place, folder, dirs_exist_ok=True)
    return params


def test_the_truth_comes_first_with_the_best_method_on_top(planted):
    made = context(planted)
    assert made["truth"].methods == list(trust_results.METHODS)
    assert made["truth"].groups == [(FIRST, 6)]  # each by the positive part, and by magnitude
    assert made["foreground"] is None
    _, page = rendered(planted)
    assert page.text.index("Against ground truth") < page.text.index("All measures")
    text = next(text for anchor, _, text in made["trust_statements"] if anchor == "truth")
    assert text.startswith("On one network where only a planted patch decides the class, Grad-CAM")


def test_a_method_no_better_than_noise_is_named(planted):
    content = artifacts.read_metrics("assess", FIRST)["measures"]
    noise = {"mean": 0.3, "low": 0.2, "high": 0.4, "images": 20}
    content["relevance_rank"]["random"] = noise
    content["relevance_rank"]["lime"] = noise | {"low": 0.39}
    content["relevance_rank"]["saliency"] = noise | {"low": 0.41}
    changed(FIRST, measures=content)
    statements = context(planted)["trust_statements"]
    text = next(text for anchor, _, text in statements if anchor == "truth")
    assert text.endswith("LIME is no better than noise there.")


def test_without_planted_cells_the_truth_is_stated_to_be_unknown(small_study):
    html, page = rendered(small_study)
    assert "the place of the evidence is not known for any image" in page.text
    assert context(small_study)["truth"] is None
    assert " style=" not in html


def test_boxes_have_a_table_of_their_own_with_the_chance_level(folder, repository):
    params = fixture.params_file(repository)
    for name, mask in ((FIRST, "boxes"), (SECOND, "masks")):
        fixture.write_cell(params, name, fixture.digits(), mask=mask)
    made = context(params)
    assert made["truth"] is None
    assert {group for group, _ in made["objects"].groups} == {FIRST, SECOND}
    text = next(text for anchor, _, text in made["trust_statements"] if anchor == "objects")
    assert text.startswith(
        "On 2 networks for whose images a box or mask of the object is known, Grad-CAM"
    )
    assert "chance gives 0.25" in text
    _, page = rendered(params)
    assert "Where the object is known" in page.text and "chance 0.25" in page.text


def test_the_foreground_is_averaged_over_its_cells(folder, repository):
    params = fixture.params_file(repository)
    for name, mean in ((FIRST, 0.2), (SECOND, 0.4)):
        fixture.write_cell(params, name, fixture.digits(), mask="foreground")
        content = artifacts.read_metrics("assess", name)["measures"]
        content["relevance_mass"]["lime"]["mean"] = mean
        changed(name, measures=content)
    made = context(params)["foreground"]
    lime = made.columns[0].values["lime"]
    assert (lime.text, lime.detail) == ("0.30", "0.20 to 0.40")


def test_on_how_many_networks_a_measure_is_uninformative(planted):
    changed(FIRST, uninformative={"gini": ["edges"]})
    changed(SECOND, uninformative={"gini": ["centre"]})
    _, page = rendered(planted)
    assert "Gini (on 2 of 2) ranks a control" in page.text
    assert "A control ranks above most methods on 2 of 2 networks" in page.text


def test_the_stability_over_networks(planted):
    for name, tau in ((FIRST, 0.1), (SECOND, 0.9)):
        content = artifacts.read_metrics("assess", name)["ranking"]
        content["infidelity"] |= {"tau": {"black/mean": tau, "black/blurred": 0.95},
                                  "survives": tau > 0.5}  # fmt: skip
        changed(name, ranking=content)
    assert ("Infidelity", 1, 2, 0.1, 0.5) in context(planted)["stability"]


def test_agreement_is_the_mean_over_the_networks_that_have_a_pair(planted):
    def alike(methods, value):
        n = len(methods)
        square = [[1 if i == j else value for j in range(n)] for i in range(n)]
        both = {"spearman": square, "overlap": square}
        return {"methods": methods, "grid": both, "full": both}

    changed(FIRST, agreement=alike(["lime", "saliency"], 0.2))
    changed(SECOND, agreement=alike(["saliency", "lime", "gradcam"], 0.6))
    made = context(planted)["agreement"]
    assert made.names == ("Saliency", "Grad-CAM", "LIME")
    assert [s.text for s in made.rows[0]] == ["", ".60", ".40"]


def test_costs_are_compared_on_the_networks_where_all_were_timed(planted):
    artifacts.write_timing("explain_gradients", FIRST, {"saliency_ms_per_image": 1000.0})
    artifacts.write_timing("explain_perturbation", FIRST, {})
    gradients = {"saliency_ms_per_image": 2.0, "gradcam_ms_per_image": 8.0}
    artifacts.write_timing("explain_gradients", SECOND, gradients)
    artifacts.write_timing("explain_perturbation", SECOND, {"lime_ms_per_image": 50.0})
    cells = study.collect(planted).cells
    costs, timed = trust.cost(cells, ["saliency", "gradcam", "lime"])
    assert costs == pytest.approx({"saliency": 2.0, "gradcam": 8.0, "lime": 50.0})
    assert timed == 1


def test_the_cost_is_a_geometric_mean(planted):
    for name, milliseconds in ((FIRST, 1.0), (SECOND, 100.0)):
        artifacts.write_timing("explain_gradients", name, {"saliency_ms_per_image": milliseconds})
        artifacts.write_timing("explain_perturbation", name, {})
    costs, timed = trust.cost(study.collect(planted).cells, ["saliency", "lime"])
    assert costs == pytest.approx({"saliency": 10.0})
    assert timed == 2


def test_a_method_that_is_missing_on_one_network_keeps_its_place(planted):
    content = artifacts.read_metrics("assess", SECOND)["measures"]
    for by_method in content.values():
        by_method.pop("lime", None)
    changed(SECOND, measures=content)
    made = {method.name: cells for method, cells in context(planted)["methods"]}
    assert (made["lime"], made["saliency"]) == (1, 2)


def test_every_method_is_described_and_linked(planted):
    trust_results.write_published(FIRST)
    _, page = rendered(planted)
    assert {f"method-{name}" for name in trust_results.METHODS} <= set(page.ids)
    assert {f"#method-{name}" for name in trust_results.METHODS} <= set(page.links)
    assert "how strongly the class score responds" in page.text
    assert {f"cells/{name}.html#trust" for name in fixture.CELLS} <= set(page.links)


@pytest.mark.parametrize("part", ["measures", "ranking", "uninformative", "tests"])
def test_partial_results_are_shown_as_far_as_they_go(planted, part):
    for name in fixture.CELLS:
        changed(name, **{part: {}})
    _, page = rendered(planted)
    assert "Which explanations can be trusted?" in page.text


def test_one_method_alone(folder, repository):
    params = fixture.params_file(repository, {FIRST: fixture.cell("simple_cnn", "digits")})
    fixture.write_cell(params, FIRST, fixture.digits())
    (result,) = study.collect(params).cells
    trust_results.write_cell(params, FIRST, result.explanations(), None, ("gradcam",))
    artifacts.write_timing("explain_perturbation", FIRST, {})
    _, page = rendered(params)
    assert "Fewer than two methods to compare" in page.text
    assert "Fewer than two methods are both timed and measured" in page.text


def test_a_study_without_assessments_is_stated_to_have_none(folder, repository):
    params = fixture.params_file(repository)
    _, page = rendered(params)
    assert "No explanations assessed yet" in page.text
    assert trust_summary.statements([]) == []
