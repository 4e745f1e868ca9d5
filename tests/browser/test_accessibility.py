"""axe-core finds nothing on any page, with everything unfolded.

Its check of contrast is slow: `test_a_page_is_sound` measures the contrast of every text of every
page in both themes, and axe-core that of the overview.
"""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.browser.test_pages import PAGES, THEMES, visit

pytestmark = pytest.mark.browser

RUN = """
const [rules, done] = arguments;
axe.run(document, { rules, resultTypes: ["violations"] }).then((found) => done(JSON.stringify(
  found.violations.map((v) => ({
    rule: v.id, help: v.help, count: v.nodes.length,
    first: v.nodes.slice(0, 3).map((n) => [n.target.join(" "), n.failureSummary]),
  })))), (error) => done(JSON.stringify([String(error)])));
"""


@pytest.fixture(scope="module")
def axe() -> str:
    """Read axe-core as its Python package carries it."""
    script = files("selenium_axe_python") / "axe-core" / "axe.min.js"
    return script.read_text(encoding="utf-8")


def test_the_checker_is_of_the_last_years(axe: str) -> None:
    major, minor = re.search(r"axe v(\d+)\.(\d+)", axe[:200]).groups()
    assert (int(major), int(minor)) >= (4, 8)


def violations(browser: Chrome, axe: str, **rules: dict[str, bool]) -> list[dict[str, object]]:
    browser.set_script_timeout(120)
    browser.execute_script(axe)
    return json.loads(browser.execute_async_script(RUN, rules))


@pytest.mark.parametrize("page", [*PAGES, "cells/simple_cnn-two.html"])
def test_axe_finds_nothing(browser: Chrome, site: Path, axe: str, page: str) -> None:
    visit(browser, site / page, width=360)
    browser.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
    found = violations(browser, axe, **{"color-contrast": {"enabled": False}})
    assert found == [], json.dumps(found, indent=1)


@pytest.mark.parametrize("theme", THEMES)
def test_nor_by_its_own_measure_of_contrast(
    browser: Chrome, site: Path, axe: str, theme: str
) -> None:
    visit(browser, site / "index.html", theme=theme)
    found = violations(browser, axe)
    assert found == [], json.dumps(found, indent=1)
