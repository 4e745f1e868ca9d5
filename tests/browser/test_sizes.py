"""Large and small studies: what fits a phone and a wall, and what a page may weigh."""

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import Chrome

from bench.report import CELL, OVERVIEW, weight
from heatproof.config.params import Params
from heatproof.storage import artifacts
from heatproof.storage.records import Predictions
from stages import report
from tests.browser.test_pages import OVERFLOW, visit
from tests.report import fixture, simulated_predictions

pytestmark = pytest.mark.browser

CELLS, EPOCHS, CLASSES = 40, 50, 100
HUNDRED = "simple_cnn-hundred"
WIDTHS = (360, 1440, 3840)
# Running text with more letters to a line than the eye finds its way back over.
LONG_LINES = """
const pen = document.createElement("canvas").getContext("2d");
return [...document.querySelectorAll("p, dd, li")].filter((e) => {
  if (!e.checkVisibility() || e.textContent.length < 200) return false;
  const style = getComputedStyle(e);
  pen.font = style.font;
  return e.getBoundingClientRect().width / pen.measureText("n").width > 90;
}).map((e) => e.textContent.trim().slice(0, 60));
"""


def write_evaluated(params: Params, name: str, pictures: fixture.Pictures) -> None:
    """Write what train and evaluate leave of a cell; it is not explained."""
    rng = np.random.default_rng(sum(name.encode()))
    logits = simulated_predictions.answers(
        rng, pictures.labels, len(pictures.class_names), 0.9, None
    )
    predictions = Predictions(pictures.labels, logits, pictures.class_names)
    cost = {"parameters": 7000 + len(name), "flops": int(10 ** rng.uniform(4, 9))}
    artifacts.write_metrics(
        "evaluate", name, simulated_predictions.evaluated(predictions, params) | cost
    )
    fixture.write_history(name, rng, EPOCHS, 0.9)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Path]:
    """Build a site of forty cells on one dataset, and one of a hundred classes with everything."""
    folder = tmp_path_factory.mktemp("large")
    with chdir(folder):
        models = [f"network_with_a_long_name_{number}" for number in range(CELLS - 1)]
        cells = {f"{m}-digits": fixture.cell(m, "digits") for m in models}
        params = fixture.params_file(
            repository, cells | {HUNDRED: fixture.cell("simple_cnn", "hundred")}
        )
        digits = fixture.digits()
        for name in cells:
            write_evaluated(params, name, digits)
        names = tuple(f"class number {i} of a hundred" for i in range(CLASSES))
        hundred = fixture.digits(class_names=names, limit=1500)
        fixture.write_dataset_metrics("hundred", hundred)
        fixture.write_cell(params, HUNDRED, hundred, right=0.6, never=7)
        report.main()
    yield folder / "reports"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", ["index.html", "methods.html", f"cells/{HUNDRED}.html"])
def test_large_pages_fit(browser: Chrome, large: Path, page: str, width: int) -> None:
    visit(browser, large / page, width)
    browser.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
    assert browser.execute_script(OVERFLOW) <= 0
    assert browser.execute_script(LONG_LINES) == []


def test_large_pages_keep_their_budgets(large: Path) -> None:
    assert weight(large / "index.html") <= OVERVIEW
    assert weight(large / "cells" / f"{HUNDRED}.html") <= CELL


def test_a_hundred_classes_are_all_in_the_table(browser: Chrome, large: Path) -> None:
    visit(browser, large / "cells" / f"{HUNDRED}.html")
    rows = "return document.querySelectorAll('#classes tbody tr').length"
    assert browser.execute_script(rows) == CLASSES
    assert "never predicted" in browser.execute_script(
        "return document.querySelector('#classes').textContent"
    )


def test_a_single_network_makes_a_whole_overview(
    browser: Chrome, tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "simple_cnn-digits"
    params = fixture.params_file(repository, {name: fixture.cell("simple_cnn", "digits")})
    fixture.write_cell(params, name, fixture.digits())
    report.main()
    visit(browser, tmp_path / "reports" / "index.html", 360)
    assert browser.execute_script(OVERFLOW) <= 0
    assert "No dataset has two evaluated networks yet" in browser.execute_script(
        "return document.querySelector('#costs').textContent"
    )
