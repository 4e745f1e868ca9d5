"""What training on few images gave stands on the overview, where anything was."""

from dataclasses import replace

import pytest

from heatproof.report import rendering, study
from heatproof.report.cell_results import CellResults
from heatproof.report.pages import overview
from heatproof.report.sections import few_images
from heatproof.storage import artifacts

FEW = "train_images_per_class"


def number(per_class: float, *accuracies: float, every: bool = False) -> dict:
    return {
        "per_class": per_class, "all": every, "seeds": list(range(len(accuracies))),
        "accuracies": list(accuracies), "mean": sum(accuracies) / len(accuracies),
        "low": min(accuracies), "high": max(accuracies),
    }  # fmt: skip


@pytest.fixture
def cells(small_study) -> list[CellResults]:
    found = study.collect(small_study)
    known = {"kind": "accuracy", "baseline": 0.3, "test_images": 200}
    numbers = (
        [number(1, 0.3, 0.5), number(5, 0.7, 0.8), number(60, 0.9, every=True)],
        [number(1, 0.2, 0.3), number(5, 0.4, 0.5), number(60, 0.7, every=True)],
    )
    return [
        replace(cell, few_images=known | {"numbers": each})
        for cell, each in zip(found.cells, numbers, strict=True)
    ]


def test_what_a_pretrained_network_saves_is_said(cells) -> None:
    assert few_images.finding(cells, [True, False]) == (
        "On average, pretrained simple_cnn with 5 images of each class (75.0 %) is at least as "
        "accurate as baseline_cnn from random weights with all images, 60 of each class (70.0 %)."
    )
    assert few_images.finding(cells, [False, True]).startswith(
        "On average no pretrained network is as accurate as simple_cnn from random weights with"
    )
    assert few_images.finding(cells, [True, True]) == ""


def test_the_overview_has_a_chart_and_every_draw(cells, small_study) -> None:
    content = replace(study.collect(small_study), cells=tuple(cells))
    (made,) = few_images.of_study(content)
    assert [label for _, label in made.chart.x_ticks] == ["1", "5", "all"]
    left, middle, right = (x for x, _ in made.chart.x_ticks)
    assert (middle - left) / (right - left) == pytest.approx(0.393, abs=0.001)  # log 5 / log 60
    line, other = made.chart.lines
    assert float(other.path[1:].split()[0]) - float(line.path[1:].split()[0]) == 5, "side by side"
    assert line.samples.count("M") == 5 and line.whiskers.count("M") == 3 and line.hollow
    assert made.chart.baseline[0] == 0.3
    assert made.chart.bottom > made.chart.baseline_y > made.chart.top
    templates = rendering.environment()
    templates.globals |= {"has_claims": True, "site_links": []}
    html = templates.get_template("index.html").render(overview.context(content) | {"root": ""})
    assert 'id="few-images"' in html and "30.0, 50.0" in html and "all (60)" in html
    assert "random weights" in html and "pretrained weights</td>" not in html


def test_without_such_runs_there_is_nothing(small_study) -> None:
    assert few_images.of_study(study.collect(small_study)) == []


def test_it_is_read_from_the_runs_metrics(small_study) -> None:
    first = next(iter(small_study.cells))
    run = small_study.runs[first].model_copy(update={FEW: 5})
    name = f"{first}-5perclass"
    measured = {"accuracy": 0.5, "test_images": 9, "majority_accuracy": 0.4, "class_names": ["a"]}
    artifacts.write_metrics("evaluate", name, measured)
    artifacts.write_metrics("train", name, {"train_images": 5})
    runs = small_study.runs | {name: run}
    collected = study.collect(small_study.model_copy(update={"runs": runs}))
    assert [len(cell.few_images.get("numbers", ())) for cell in collected.cells] == [2, 0]
