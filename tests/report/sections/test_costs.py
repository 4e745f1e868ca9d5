from dataclasses import replace

import pytest

from heatproof.report import study
from heatproof.report.sections import costs
from heatproof.storage import artifacts
from tests.report import fixture

SIMPLE, BASELINE = "simple_cnn-digits", "baseline_cnn-digits"


def changed(cell, **figures):
    content = artifacts.read_metrics("evaluate", cell)
    artifacts.write_metrics("evaluate", cell, content | figures)


def drawn(params):
    return costs.of_dataset(study.collect(params), "digits")


def dots(chart):
    return [next(d for d in chart.dots if d.mark.name == n) for n in ("simple_cnn", "baseline_cnn")]


def test_the_accurate_is_above_and_the_cheap_is_left(small_study):
    changed(SIMPLE, accuracy=0.90, accuracy_low=0.89, accuracy_high=0.91, flops=1_000_000)
    changed(BASELINE, accuracy=0.95, accuracy_low=0.94, accuracy_high=0.96, flops=20_000_000)
    chart = drawn(small_study)
    simple, baseline = dots(chart)
    assert simple.x == chart.left
    assert simple.x < baseline.x < chart.right
    assert baseline.y < simple.y
    assert simple.pareto
    assert baseline.pareto
    assert simple.mark.tip == "simple_cnn: 90.0 % (89.0 to 91.0 %), 1.00 M FLOPs"
    assert [label for _, label in chart.x_ticks] == ["1 M", "10 M", "100 M"]
    assert chart.summary == "None is both cheaper and better than simple_cnn and baseline_cnn."


def test_a_dear_network_that_is_no_better_is_not_ahead(small_study):
    changed(SIMPLE, accuracy=0.95, flops=1_000_000)
    changed(BASELINE, accuracy=0.94, flops=20_000_000)
    assert {d.mark.name for d in drawn(small_study).dots if d.pareto} == {"simple_cnn"}


@pytest.mark.parametrize("bound", [None, float("nan")])
def test_an_interval_that_is_not_known_is_not_drawn(small_study, bound):
    changed(SIMPLE, accuracy_low=bound)
    simple, baseline = dots(drawn(small_study))
    assert simple.whisker == ""
    assert baseline.whisker


def test_perfect_networks_alike_in_all_are_drawn_within_the_panel(small_study):
    for name in (SIMPLE, BASELINE):
        changed(name, accuracy=1.0, accuracy_low=1.0, accuracy_high=1.0, flops=1000)
    chart = drawn(small_study)
    assert all(chart.top <= d.y <= chart.bottom for d in chart.dots)


def test_a_long_name_is_whole_in_the_sentence_and_short_beside_its_point(small_study):
    cells = study.collect(small_study)
    name = "efficientnet_lite0_pretrained"
    long = [replace(c, cell=c.cell.model_copy(update={"model": name})) for c in cells.cells]
    models = small_study.models | {name: small_study.models["simple_cnn"]}
    params = small_study.model_copy(update={"models": models})
    chart = costs.of_dataset(replace(cells, params=params, cells=tuple(long)), "digits")
    assert name in chart.summary
    assert {dot.mark.shown for dot in chart.dots} == {"efficientnet_li…"}


def test_one_network_is_no_comparison(folder, repository):
    params = fixture.params_file(repository, {SIMPLE: fixture.cell("simple_cnn", "digits")})
    fixture.write_cell(params, SIMPLE, fixture.digits())
    assert drawn(params) is None
