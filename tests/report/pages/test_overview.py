import pytest

from heatproof.report import study
from heatproof.report.pages import overview
from heatproof.storage import artifacts, paths
from tests.report import fixture


def changed(cell, **figures):
    content = artifacts.read_metrics("evaluate", cell)
    artifacts.write_metrics("evaluate", cell, content | figures)


def entries(params):
    return overview.context(study.collect(params))["sections"][0].entries


def test_cells_rank_by_test_accuracy_with_the_best_first(small_study):
    changed("simple_cnn-digits", accuracy=0.91, accuracy_low=0.90, accuracy_high=0.92)
    changed("baseline_cnn-digits", accuracy=0.95, accuracy_low=0.94, accuracy_high=0.96)
    first, second = entries(small_study)
    assert (first.result.cell.model, first.rank) == ("baseline_cnn", 1)
    assert (second.result.cell.model, second.rank) == ("simple_cnn", 2)
    assert not second.overlaps_best
    # The shared axis runs over whole percents, from 90 to 97 %.
    assert second.low_position == 0
    assert first.position == pytest.approx(100 * 5 / 7, abs=0.01)


def test_an_interval_that_reaches_the_first_is_marked(small_study):
    changed("simple_cnn-digits", accuracy=0.94, accuracy_low=0.92, accuracy_high=0.95)
    changed("baseline_cnn-digits", accuracy=0.95, accuracy_low=0.94, accuracy_high=0.96)
    first, second = entries(small_study)
    assert second.overlaps_best
    assert not first.overlaps_best


def test_a_cell_that_was_not_evaluated_comes_last_without_a_rank(small_study):
    paths.metrics("evaluate", "baseline_cnn-digits").unlink()
    first, last = entries(small_study)
    assert (first.result.cell.model, first.rank) == ("simple_cnn", 1)
    assert (last.result.cell.model, last.rank, last.position) == ("baseline_cnn", None, None)
    assert last.result.missing == ("data/metrics/evaluate/baseline_cnn-digits.json",)


def test_the_strip_shows_right_answers_of_different_classes(small_study):
    strip = overview.context(study.collect(small_study))["sections"][0].strip
    labels = [label for _, _, label in strip.pictures]
    assert len(labels) == overview.PICTURES
    assert len(set(labels)) == len(labels)
    assert strip.method == "Grad-CAM"


def test_a_model_keeps_its_colour_on_every_dataset(folder, repository):
    cells = {
        "simple_cnn-digits": fixture.cell("simple_cnn", "digits"),
        "baseline_cnn-digits": fixture.cell("baseline_cnn", "digits"),
        "baseline_cnn-cifar10": fixture.cell("baseline_cnn", "cifar10"),
    }
    made = overview.context(study.collect(fixture.params_file(repository, cells)))
    slots = {(s.name, e.result.cell.model): e.slot for s in made["sections"] for e in s.entries}
    assert slots["digits", "baseline_cnn"] == slots["cifar10", "baseline_cnn"]
    assert slots["digits", "baseline_cnn"] != slots["digits", "simple_cnn"]
