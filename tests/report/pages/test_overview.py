from heatproof.report import rendering, study
from heatproof.report.pages import overview
from heatproof.storage import artifacts, paths
from tests.report import fixture, read_pages


def changed(cell, **figures):
    content = artifacts.read_metrics("evaluate", cell)
    artifacts.write_metrics("evaluate", cell, content | figures)


def section(params):
    return overview.section(study.collect(params), "digits")


def test_cells_rank_by_test_accuracy_with_the_best_first(small_study):
    changed("simple_cnn-digits", accuracy=0.91, accuracy_low=0.90, accuracy_high=0.92)
    changed("baseline_cnn-digits", accuracy=0.95, accuracy_low=0.94, accuracy_high=0.96)
    made = section(small_study)
    first, second = made["results"]
    assert (first.cell.model, second.cell.model) == ("baseline_cnn", "simple_cnn")
    assert set(made["tied"]) == {"simple_cnn-digits"}
    assert made["axis"] == (0.9, 0.97), "whole percents"


def test_a_cell_that_was_not_evaluated_comes_last_without_a_rank(small_study):
    paths.metrics("evaluate", "baseline_cnn-digits").unlink()
    first, last = section(small_study)["results"]
    assert (first.cell.model, last.cell.model) == ("simple_cnn", "baseline_cnn")
    assert last.missing == ("data/metrics/evaluate/baseline_cnn-digits.json",)


def test_it_opens_with_the_networks_the_explanation_to_believe_and_three_findings(small_study):
    values = overview.context(study.collect(small_study))
    first = values["answers"][0]
    assert len(values["answers"]) == 2
    assert first.advice.method.name == next(iter(first.result.verdict.methods))
    html = rendering.environment().get_template("index.html").render(values | {"root": ""})
    page = read_pages.parse(html)
    opening = page.text.partition("Majority class")[0]
    assert first.advice.method.label in opening and first.advice.verdict.reason in opening
    assert len(values["findings"]) == 3
    assert all(each.title in opening for each in values["findings"])


def test_a_model_keeps_its_colour_on_every_dataset(folder, repository):
    cells = {
        "simple_cnn-digits": fixture.cell("simple_cnn", "digits"),
        "baseline_cnn-digits": fixture.cell("baseline_cnn", "digits"),
        "baseline_cnn-cifar10": fixture.cell("baseline_cnn", "cifar10"),
    }
    made = study.collect(fixture.params_file(repository, cells))
    assert made.slot("baseline_cnn") != made.slot("simple_cnn")
    assert overview.context(made)["slot"] == made.slot
