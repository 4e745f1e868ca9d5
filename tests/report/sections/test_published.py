import pytest

from heatproof.report import study
from heatproof.report.sections import published
from heatproof.storage import artifacts
from tests.report import fixture, trust_results

CELL = "simple_cnn-mnist"


@pytest.fixture
def measured(folder, repository):
    cells = {CELL: fixture.cell("simple_cnn", "mnist"),
             "simple_cnn-digits": fixture.cell("simple_cnn", "digits")}  # fmt: skip
    params = fixture.params_file(repository, cells)
    for name in cells:
        trust_results.write_published(name)
    return params


def rows(params):
    ((cell, compared),) = published.comparisons(study.collect(params))  # digits is in no table
    return cell, {row["label"]: row for row in compared}


def test_every_published_figure_has_ours_beside_it(measured):
    cell, by_label = rows(measured)
    assert (cell.name, cell.published["images"], len(cell.published["layers"])) == (CELL, 1000, 3)
    scores = [r["published"] for r in by_label.values()]
    assert scores == [0.044, 0.078, 0.037, 0.104, 0.751, 0.006]
    saliency = by_label["Saliency"]
    assert (saliency["mean"], saliency["last"]) == (0.08, 0.04)
    assert (min(saliency["draws"]), max(saliency["draws"])) == pytest.approx((0.06, 0.1))


def test_the_words_follow_from_the_numbers(measured):
    _, by_label = rows(measured)
    assert by_label["Saliency"]["verdict"] == "within our range"  # 0.078 in 0.06 to 0.10
    assert by_label["Gradient"]["verdict"] == "close"  # 0.044 against 0.06 to 0.10 about 0.08
    assert by_label["IG from black"]["verdict"] == "ours higher"  # 0.9 against 0.751
    content = artifacts.read_metrics("published_sanity", CELL)
    content["methods"]["smoothgrad"] |= {"mean": -0.3, "low": -0.31, "high": -0.29, "per_draw": []}
    del content["methods"]["gradcam"]
    artifacts.write_metrics("published_sanity", CELL, content)
    _, by_label = rows(measured)
    assert by_label["SmoothGrad"]["verdict"] == "ours lower"
    assert by_label["SmoothGrad"]["draws"] == []
    assert by_label["Grad-CAM"]["verdict"] == "not measured"


def test_without_the_measurement_there_is_no_comparison(small_study):
    assert published.comparisons(study.collect(small_study)) == []
