"""Which network the playground ends up with, and the links that lead to it."""

from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from tests.browser.conftest import HOSTILE
from tests.browser.test_pages import requested, visit
from tests.browser.test_playground import CELL, OTHER, SHARE, page, text
from tests.browser.waiting import until
from tests.report import fixture, playground_results

pytestmark = pytest.mark.browser

__all__ = ["page"]

# What is asked for first comes last: a slow disk, or a large network. `freed` says that it came.
HELD = """
const [step, cell] = arguments;
const free = new Promise((resolve) => { window.free = resolve; });
const original = playground[step];
window.ended = 0;
playground[step] = async (given) => {
  const result = await original(given);
  if ((given.file ?? given.name ?? given).includes(cell)) {
    if (result.close) {
      const close = result.close;
      result.close = () => { ended += 1; close(); };
    }
    await free;
    setTimeout(() => { window.freed = true; }, 50);
  }
  return result;
};
"""


def choose(page: Chrome, name: str, value: str) -> None:
    control = page.find_element(By.CSS_SELECTOR, f"#playground-controls [name={name}]")
    Select(control).select_by_value(value)


@pytest.mark.parametrize("step", ["load", "open"])
@pytest.mark.parametrize("side", ["a", "b"])
def test_of_two_networks_the_last_that_was_chosen_is_open(
    page: Chrome, step: str, side: str
) -> None:
    """Whichever of them is there first, and whether its file or its worker is what takes long."""
    if side == "b":
        page.find_element(By.ID, "playground-load").click()
        until(page, lambda _: text(page, "a-answer") != "–")
    slow, last = (CELL, OTHER) if side == "a" else (OTHER, "")
    page.execute_script(HELD, step, slow)
    if side == "a":
        page.find_element(By.ID, "playground-load").click()
    else:
        choose(page, side, slow)
    until(page, lambda _: "Loading" in text(page, "playground-status"))
    choose(page, side, last)
    if last:
        until(page, lambda _: text(page, f"{side}-answer") in HOSTILE)
    page.execute_script("free()")
    until(page, lambda _: page.execute_script("return window.freed"))
    assert f"{side}={slow}" not in page.current_url
    assert not last or f"{side}={last}" in page.current_url
    assert text(page, "playground-status") == ""
    article = page.find_element(By.ID, f"{side}-network")
    assert article.is_displayed() == bool(last)
    assert page.execute_script("return ended") == (step == "open"), "no worker is left over"


def test_a_network_that_cannot_be_opened_can_be_chosen_again(page: Chrome) -> None:
    page.execute_script(
        "const load = playground.load;"
        "playground.load = async () => { playground.load = load; throw new Error('not read'); };"
    )
    page.find_element(By.ID, "playground-load").click()
    until(page, lambda _: "could not be opened: not read" in text(page, "playground-status"))
    page.find_element(By.ID, "playground-load").click()
    until(page, lambda _: text(page, "a-answer") != "–")
    assert text(page, "playground-status") == ""


def test_the_overview_leads_to_a_network(browser: Chrome, site: Path) -> None:
    visit(browser, site / "index.html")
    links = browser.find_elements(By.CSS_SELECTOR, ".answer .to-playground")
    cells = [link.get_attribute("href").rpartition("=")[2] for link in links]
    assert {*cells} <= {CELL, OTHER}
    links[0].click()
    until(browser, lambda _: f"a={cells[0]}&" in browser.current_url)
    assert text(browser, "a-page") == cells[0].partition("-")[0]


def test_an_explained_image_is_the_one_in_the_playground(browser: Chrome, site: Path) -> None:
    """Also one that is not among those to choose from."""
    list(requested(browser))
    visit(browser, site / f"cells/{CELL}.html")
    links = browser.find_elements(By.CSS_SELECTOR, "#examples .card .to-playground")
    numbers = [int(link.get_attribute("href").rpartition("test=")[2]) for link in links]
    offered = {int((fixture.digits().labels == digit).argmax()) for digit in range(10)}
    number = next(each for each in numbers if each not in offered)
    browser.execute_script("arguments[0].click()", links[numbers.index(number)])
    until(browser, lambda _: f"test={number}" in browser.current_url)
    logits = playground_results.logits(fixture.digits().images[number] / 255, 10)
    shares = 100 * np.exp(logits) / np.exp(logits).sum()
    until(browser, lambda _: abs(browser.execute_script(SHARE.format(0)) - shares[0]) < 0.01)
    assert browser.execute_script(SHARE.format(1)) == pytest.approx(shares[1], abs=0.01)
    assert text(browser, "a-handling") == "A test image, taken as it is."


def test_a_network_that_the_playground_has_not_is_not_linked(site: Path) -> None:
    other = (site / "cells/mobilenet_v2-digits.html").read_text(encoding="utf-8")
    assert "to-playground" not in other.partition("<body")[2]
    own = (site / f"cells/{CELL}.html").read_text(encoding="utf-8").partition("<body")[2]
    assert own.count("to-playground") > 3
