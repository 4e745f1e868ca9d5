"""The page on a search: what it says where all is there, and where next to nothing is."""

from dataclasses import replace
from pathlib import Path

import pytest

from heatproof.report.pages import tuning
from heatproof.statistics.differences import paired_difference
from heatproof.tuning.comparison import Comparison, Side
from heatproof.tuning.trials import Result, Trial
from tests.report import read_pages
from tests.tuning import small_task

RATE, KERNEL = "schedules.learning_rate", "network.kernel_size"
BEFORE, BEST = {RATE: 0.001, KERNEL: 3}, {RATE: 0.02, KERNEL: 5}
PAGE = Path("tuning") / "a.html"


def tuned(**changes: object) -> tuning.Tuned:
    trials = [
        Trial(1, BEFORE, Result(0.8, [0.7, 0.8], 1.5)),
        Trial(2, BEST, Result(0.9, [0.8, 0.9], 1.5)),
        Trial(3, BEFORE, Result(0.8, [0.7, 0.8]), same_as=1),
        Trial(4, {RATE: 0.01234567, KERNEL: 3}, Result(None, [0.2, 0.3], 1.0)),
        Trial(5, {RATE: 0.1, KERNEL: 3}, Result(None, [], 1.0, "the `loss` <b>diverged</b>")),
    ]
    first, second = {43: 0.8, 44: 0.82, 45: 0.81}, {43: 0.85, 44: 0.86, 45: 0.86}
    difference = paired_difference(list(first.values()), list(second.values()))
    compared = Comparison(Side(BEFORE, first, {}), Side(BEST, second, {}), difference)
    run = small_task.study().run(small_task.CELL)
    made = tuning.Tuned(
        cell=small_task.CELL, run=run, dataset=small_task.dataset(), trials=trials, best=trials[1],
        before=BEFORE, importances={KERNEL: 0.7, RATE: 0.3}, compared=compared,
        difference="-a: <1>\n+a: 2", command="heatproof tune x", apply="heatproof tune x --apply",
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(**changes: object) -> read_pages.Page:
    tuning.write(tuned(**changes), PAGE, Path("reports"))
    return read_pages.read(PAGE)


def test_all_of_a_search_is_there():
    page = written()
    assert len(page.ids) == len(set(page.ids))
    for told in (
        "The best of 5 trials is number 2: 90.0 %",
        "As the highest of many it is partly luck",
        "From new seeds its values give 85.7 ± 0.58 %, those before 81.0 ± 1.00 %",
        "Better by 4.67 points on average (95 % interval",
        "same values as trial 1",
        "ended early, at 30.0 %, below the median",
        "no network: the loss <b>diverged</b>",
        "-a: <1>",
        "heatproof tune x --apply",
        "70.0 %",
        "0.01235",
    ):
        assert told in page.text, told
    html = PAGE.read_text("utf-8")
    assert "<b>diverged" not in html and "<1>" not in html, "escaped"
    assert html.count('<figure class="chart"') == 2
    assert "validation part of its own, so that most" in page.text


def test_a_search_that_found_nothing_says_so():
    best = tuned().trials[0]
    page = written(best=best, compared=None, difference="", importances={}, trials=[best])
    assert "No trial of 1 trial was better than the values that params.yaml had" in page.text
    assert "Nothing: params.yaml has these values" in page.text
    assert "Unknown: fewer than two trials" in page.text


def test_no_comparison_is_no_gain():
    page = written(compared=None)
    assert "It was not compared with the values before" in page.text


def test_what_failed_is_on_the_page():
    compared = tuned().compared
    assert compared is not None
    failed = replace(compared.best, accuracies={43: 0.9}, failures={44: "out of memory"})
    page = written(compared=replace(compared, best=failed, difference=None))
    assert "not reliable: from seed 44 there was no network: out of memory" in page.text
    assert "90.0 %; seed 44: out of memory" in page.text
