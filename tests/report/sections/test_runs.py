"""A cell beside its run with another seed, on the cell's page."""

import pytest

from heatproof.comparisons.map_agreement import MEASURES
from heatproof.config.runs import ComparedRun
from heatproof.report import rendering, study
from heatproof.report.pages import cell
from heatproof.storage import artifacts, paths
from tests.report import read_pages

CELL = "simple_cnn-digits"


def summary(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.01, "high": mean + 0.01, "images": 48}


PAIRS = {
    pair: {measure: summary(mean - 0.1 * n) for n, measure in enumerate(MEASURES)}
    for pair, mean in (("same", 0.44), ("other_image", -0.02), ("randomised", 0.05))
}
METRICS = {
    "filters": {"conv1": {"filters": 8, "unsigned": {"mean": 0.43, "redrawn_95th": 0.44}}},
    "images": 50,
    "same_prediction": 49,
    "maps": {"methods": {"gradcam": PAIRS}, "overall": PAIRS},
    "unsupported": {},
}


@pytest.fixture
def compared(small_study):
    run = ComparedRun(model="simple_cnn", dataset="digits", run=f"{CELL}-seed43")
    return small_study.model_copy(update={"compared": {CELL: run}})


def test_it_is_shown_on_the_page_of_its_cell_only(compared):
    artifacts.write_metrics("compare_runs", CELL, METRICS)
    collected = study.collect(compared)
    first, second = sorted(collected.cells, key=lambda result: result.name != CELL)
    values, _ = cell.context(collected, first)
    html = rendering.environment().get_template("cell.html").render(values | {"root": "../"})
    page = read_pages.parse(html)
    assert "the same class for 98.0 % of 50 test images" in page.text
    assert "conv1 8 0.43 0.44" in page.text
    assert "Grad-CAM 48 0.44 −0.02 0.05 0.34 0.24" in page.text
    assert "#runs" in page.links
    assert cell.context(collected, second)[0]["runs"] == {}


def test_a_comparison_that_was_not_made_is_missing(compared):
    first, second = sorted(study.collect(compared).cells, key=lambda result: result.name != CELL)
    path = paths.metrics("compare_runs", CELL).as_posix()
    assert path in first.missing and path not in second.missing
