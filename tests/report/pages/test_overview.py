from heatproof.report import study
from heatproof.report.pages import overview
from heatproof.report.sections.key_findings import overlaps
from heatproof.storage import artifacts, paths
from tests.report import fixture


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
    assert not overlaps(second.evaluate, first.evaluate)
    assert made["axis"] == (0.9, 0.97), "whole percents"


def test_an_interval_that_reaches_the_first_is_marked(small_study):
    changed("simple_cnn-digits", accuracy=0.94, accuracy_low=0.92, accuracy_high=0.95)
    changed("baseline_cnn-digits", accuracy=0.95, accuracy_low=0.94, accuracy_high=0.96)
    first, second = section(small_study)["results"]
    assert overlaps(second.evaluate, first.evaluate)


def test_a_cell_that_was_not_evaluated_comes_last_without_a_rank(small_study):
    paths.metrics("evaluate", "baseline_cnn-digits").unlink()
    first, last = section(small_study)["results"]
    assert (first.cell.model, last.cell.model) == ("simple_cnn", "baseline_cnn")
    assert last.missing == ("data/metrics/evaluate/baseline_cnn-digits.json",)


def test_the_strip_shows_right_answers_of_different_classes(small_study):
    strip = section(small_study)["strip"]
    labels = [label for _, _, label in strip["pictures"]]
    assert len(labels) == overview.PICTURES
    assert len(set(labels)) == len(labels)
    assert strip["method"] == "Grad-CAM"


def test_a_model_keeps_its_colour_on_every_dataset(folder, repository):
    cells = {
        "simple_cnn-digits": fixture.cell("simple_cnn", "digits"),
        "baseline_cnn-digits": fixture.cell("baseline_cnn", "digits"),
        "baseline_cnn-cifar10": fixture.cell("baseline_cnn", "cifar10"),
    }
    made = study.collect(fixture.params_file(repository, cells))
    assert made.slot("baseline_cnn") != made.slot("simple_cnn")
    assert overview.context(made)["slot"] == made.slot
