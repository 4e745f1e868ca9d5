"""What a cell's page opens with: an answer within two and a half screens, at any width."""

from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.test_pages import CELL_PAGE, CELLS, visit

pytestmark = pytest.mark.browser

SCREEN = (1280, 800)
SCREENS = 2.5
BOTTOM = "return arguments[0].getBoundingClientRect().bottom + scrollY"


@pytest.mark.parametrize("name", CELLS)
def test_the_first_full_answer_takes_two_and_a_half_screens_at_most(
    browser: Chrome, site: Path, name: str
) -> None:
    visit(browser, site / f"cells/{name}.html", SCREEN[0])
    answer = browser.find_element(By.CLASS_NAME, "opening")
    assert 0 < browser.execute_script(BOTTOM, answer) <= SCREENS * SCREEN[1]


@pytest.mark.parametrize("width", [360, 1280])
def test_it_has_pictures_figures_and_what_to_use_without_scripts(
    browser: Chrome, site: Path, width: int
) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit(browser, site / CELL_PAGE, width)
        opening = browser.find_element(By.CLASS_NAME, "opening")
        rows = opening.find_elements(By.CLASS_NAME, "opening-row")
        assert len(rows) == 3
        for row in rows:
            tiles = row.find_elements(By.CSS_SELECTOR, ".shot")
            assert len(tiles) == 4, "the image, and three methods"
            assert all(tile.size["width"] > 55 for tile in tiles)
            marks = [m.text for m in row.find_elements(By.CLASS_NAME, "trust-mark")]
            assert len(marks) == 3
            assert set(marks) <= set("✓~✗")
        verdict = opening.find_element(By.CLASS_NAME, "opening-verdict").text
        assert "Grad-CAM" in verdict
        assert "Test accuracy" in opening.find_element(By.CLASS_NAME, "opening-figures").text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
