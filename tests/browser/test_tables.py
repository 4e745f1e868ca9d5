"""Sorting tables and saving them, as a reader does it."""

import csv
import io
import json
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.browser.conftest import HOSTILE
from tests.browser.test_pages import visit

pytestmark = pytest.mark.browser

# The file that a press would save, instead of the browser's own saving of it.
SAVED = """
const [button, done] = arguments;
const make = URL.createObjectURL;
let blob = null;
URL.createObjectURL = (made) => { blob = made; return "#"; };
const stay = (event) => {
  if (!event.target.download) return;
  event.preventDefault();
  removeEventListener("click", stay, true);
  URL.createObjectURL = make;
  blob.text().then((content) => done([event.target.download, content]));
};
addEventListener("click", stay, true);
button.click();
"""
FIRST_CELLS = """
return [...arguments[0].rows].filter((r) => !r.classList.contains("group"))
  .map((r) => r.cells[arguments[1]].textContent.trim());
"""


def table(browser: Chrome, caption: str) -> WebElement:
    return next(
        found
        for found in browser.find_elements(By.TAG_NAME, "table")
        if caption in (found.get_attribute("textContent") or "")[:200]
    )


def head(made: WebElement, label: str) -> WebElement:
    heads = made.find_elements(By.CSS_SELECTOR, "thead tr:last-child th")
    return next(h for h in heads if h.text.startswith(label))


def column(browser: Chrome, made: WebElement, index: int, body: int = 0) -> list[str]:
    bodies = made.find_elements(By.TAG_NAME, "tbody")
    return browser.execute_script(FIRST_CELLS, bodies[body], index)


def saved(browser: Chrome, made: WebElement) -> tuple[str, list[list[str]]]:
    button = browser.execute_script(
        "return arguments[0].closest('.scroll').nextElementSibling.querySelector('button')", made
    )
    name, content = browser.execute_async_script(SAVED, button)
    return name, list(csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline="")))


def test_a_head_sorts_by_the_keyboard_and_announces_it(browser: Chrome, site: Path) -> None:
    visit(browser, site / "index.html")
    board = table(browser, "Leaderboard")
    parameters = head(board, "Parameters")
    first = column(browser, board, 0)
    parameters.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    assert parameters.get_attribute("aria-sort") == "descending"
    cost = {
        name.split("-")[0]: evaluated(site, name)["parameters"]
        for name in ("simple_cnn_int8-digits", "simple_cnn-digits", "baseline_cnn-digits")
    }
    order = [next((m for m in cost if m in text), None) for text in column(browser, board, 0)]
    assert [m for m in order if m] == sorted(cost, key=cost.get, reverse=True)
    assert order[-1] is None, "what was not evaluated stays last"
    status = browser.find_element(By.CSS_SELECTOR, "body > [role=status]")
    assert status.get_attribute("textContent") == "Sorted by Parameters, descending"

    parameters.find_element(By.TAG_NAME, "button").send_keys(Keys.SPACE)
    assert parameters.get_attribute("aria-sort") == "ascending"
    order = [next((m for m in cost if m in text), None) for text in column(browser, board, 0)]
    assert [m for m in order if m] == sorted(cost, key=cost.get)
    assert order[-1] is None, "what was not evaluated stays last, in either direction"

    parameters.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    assert parameters.get_attribute("aria-sort") is None
    assert column(browser, board, 0) == first


def evaluated(site: Path, name: str) -> dict[str, float]:
    return json.loads((site.parent / "data" / "metrics" / "evaluate" / f"{name}.json").read_text())


def test_groups_stay_together(browser: Chrome, site: Path) -> None:
    visit(browser, site / "cells" / "simple_cnn-digits.html")
    trust = browser.find_element(By.CSS_SELECTOR, "table.trust")
    methods, controls = (set(column(browser, trust, 0, body)) for body in (0, 1))
    trust.find_element(By.CSS_SELECTOR, "thead tr:last-child th:nth-child(2) button").send_keys(
        Keys.ENTER
    )
    assert set(column(browser, trust, 0, 0)) == methods
    assert set(column(browser, trust, 0, 1)) == controls
    values = [float(text) for text in browser.execute_script(
        "return [...arguments[0].tBodies[0].rows].map((r) => r.cells[1].dataset.ends)"
        ".filter((ends) => ends).map((ends) => ends.split(' ')[2])", trust)]  # fmt: skip
    assert len(values) > 1
    assert values == sorted(values, reverse=True)


def test_a_saved_table_has_full_numbers_and_a_name(browser: Chrome, site: Path) -> None:
    visit(browser, site / "index.html")
    name, rows = saved(browser, table(browser, "Leaderboard"))
    assert name.startswith("which-network-and-what-does-it-look-at-leaderboard")
    assert name.endswith(".csv")
    assert rows[0][:4] == ["Group", "Network", "Test accuracy", "95 % interval, low"]
    assert {len(row) for row in rows} == {len(rows[0])}
    ours = next(
        dict(zip(rows[0], r, strict=True)) for r in rows if r[:2] == ["digits", "simple_cnn"]
    )
    known = evaluated(site, "simple_cnn-digits")
    assert float(ours["Test accuracy"]) == known["accuracy"]
    assert float(ours["95 % interval, high"]) == known["accuracy_high"]
    assert float(ours["FLOPs"]) == known["flops"]


def test_a_table_of_measures_is_saved_with_its_intervals(browser: Chrome, site: Path) -> None:
    visit(browser, site / "cells" / "simple_cnn-digits.html")
    _, rows = saved(browser, browser.find_element(By.CSS_SELECTOR, "table.trust"))
    saliency = next(dict(zip(rows[0], r, strict=True)) for r in rows if r[1] == "Saliency")
    path = site.parent / "data" / "metrics" / "assess" / "simple_cnn-digits.json"
    known = json.loads(path.read_text())["measures"]["relevance_mass"]["saliency"]
    shown = [saliency[f"Ground truth: Mass in mask{end}"] for end in ("", ", low", ", high")]
    assert [float(each) for each in shown] == [
        pytest.approx(known[key], abs=1e-6) for key in ("mean", "low", "high")
    ]


def test_half_a_matrix_is_saved_with_every_column(browser: Chrome, site: Path) -> None:
    visit(browser, site / "cells" / "simple_cnn-digits.html")
    name, rows = saved(browser, table(browser, "Rank correlation, pixel by pixel"))
    assert "pixel-by-pixel" in name
    head, *body = rows
    assert head[1:] == [row[0] for row in body]
    for place, row in enumerate(body):
        known = [bool(each) for each in row[1:]]
        assert known == [column < place for column in range(len(body))]
        assert all(-1 <= float(each) <= 1 for each in row[1:] if each)


def test_hostile_names_are_quoted_and_no_formulas(browser: Chrome, site: Path) -> None:
    visit(browser, site / "cells" / "baseline_cnn-hostile.html")
    made = table(browser, "Precision, recall")
    browser.execute_script(
        "const cells = arguments[0].querySelectorAll('tbody th');"
        "['=1+1', '@SUM(A1)', '-2+3', '+1', ' =cmd', 'a, \"b\"'].forEach((name, i) => {"
        "  cells[i].textContent = name; });"
        "arguments[0].tBodies[0].rows[0].cells[2].dataset.value = '-0.25';",
        made,
    )
    _, rows = saved(browser, made)
    names = [row[0] for row in rows[1:]]
    assert names[:6] == ["'=1+1", "'@SUM(A1)", "'-2+3", "'+1", "'=cmd", 'a, "b"']
    assert names[6:] == [" ".join(name.split()) for name in HOSTILE[6:]]
    assert rows[1][2] == "-0.25", "a negative number stays one"
    assert "" in [row[2] for row in rows[2:]], "no precision is an empty field"


def test_a_press_saves_a_file(browser: Chrome, site: Path, tmp_path: Path) -> None:
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path), "eventsEnabled": True}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    visit(browser, site / "index.html")
    browser.get_log("browser")
    button = browser.find_element(By.CSS_SELECTOR, ".table-tools button")
    button.send_keys(Keys.ENTER)
    browser.set_script_timeout(100)
    arrived = []
    for _ in range(100):
        arrived = [p for p in tmp_path.iterdir() if p.suffix == ".csv"]
        if arrived:
            break
        browser.execute_async_script("setTimeout(arguments[0], 50)")
    assert arrived
    assert browser.get_log("browser") == []
