"""Charts tell their numbers to the keyboard and to the mouse."""

from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.browser.test_pages import CELL_PAGE, visit

pytestmark = pytest.mark.browser


def chart(browser: Chrome, title: str) -> tuple[WebElement, WebElement]:
    figures = browser.find_elements(By.CSS_SELECTOR, "figure.chart")
    figure = next(f for f in figures if title in f.find_element(By.TAG_NAME, "figcaption").text)
    return figure.find_element(By.TAG_NAME, "svg"), figure.find_element(By.CLASS_NAME, "readout")


def focus(browser: Chrome, svg: WebElement) -> None:
    browser.execute_script("arguments[0].focus()", svg)


def press(browser: Chrome, key: str) -> None:
    ActionChains(browser).send_keys(key).perform()


def table_row(browser: Chrome, svg: WebElement, row: int) -> list[str]:
    return browser.execute_script(
        "return [...[...arguments[0].closest('figure').querySelector('table').tBodies[0].rows]"
        ".at(arguments[1]).cells].map((c) => c.textContent)",
        svg,
        row,
    )


def test_arrow_keys_walk_along_the_lines_and_between_them(browser: Chrome, site: Path) -> None:
    visit(browser, site / CELL_PAGE)
    svg, out = chart(browser, "Accuracy")
    focus(browser, svg)
    assert browser.switch_to.active_element == svg
    press(browser, Keys.ARROW_RIGHT)
    x, training, validation = table_row(browser, svg, 0)
    assert out.text == f"training, epoch {x}: {training}"
    assert out.get_attribute("aria-live") == "polite"
    assert browser.find_elements(By.CSS_SELECTOR, ".ring")
    press(browser, Keys.ARROW_DOWN)
    assert out.text == f"validation, epoch {x}: {validation}"
    press(browser, Keys.END)
    x, _, last = table_row(browser, svg, -1)
    assert out.text == f"validation, epoch {x}: {last}"
    press(browser, Keys.ESCAPE)
    assert out.text == ""
    assert not browser.find_elements(By.CSS_SELECTOR, ".ring")


def test_sorting_the_numbers_does_not_confuse_the_chart(browser: Chrome, site: Path) -> None:
    visit(browser, site / CELL_PAGE)
    svg, out = chart(browser, "Accuracy")
    first = table_row(browser, svg, 0)
    browser.execute_script(
        "const f = arguments[0].closest('figure'); f.querySelector('details').open = true;"
        "const b = f.querySelector('th button'); b.click()",
        svg,
    )
    assert table_row(browser, svg, 0) != first
    focus(browser, svg)
    press(browser, Keys.HOME)
    assert out.text == f"training, epoch {first[0]}: {first[1]}"


def test_the_mouse_shows_the_nearest_point(browser: Chrome, site: Path) -> None:
    visit(browser, site / "index.html")
    svg, out = chart(browser, "Accuracy by FLOPs, digits")
    dot = svg.find_element(By.TAG_NAME, "circle")
    title = dot.find_element(By.TAG_NAME, "title").get_attribute("textContent")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", svg)
    ActionChains(browser).move_to_element(dot).perform()
    assert out.text == title
    assert "FLOPs" in title
    assert out.get_attribute("aria-live") == "off"
    ActionChains(browser).move_to_element(browser.find_element(By.TAG_NAME, "h2")).perform()
    assert out.text == ""


def middle(browser: Chrome, element: WebElement) -> tuple[float, float]:
    x, y, width, height = browser.execute_script(
        "const b = arguments[0].getBoundingClientRect(); return [b.x, b.y, b.width, b.height]",
        element,
    )
    return x + width / 2, y + height / 2


@pytest.mark.parametrize("width", [360, 1440])
def test_the_tooltip_is_at_the_point_and_within_the_chart(
    browser: Chrome, site: Path, width: int
) -> None:
    visit(browser, site / CELL_PAGE, width)
    svg, out = chart(browser, "Accuracy")
    figure = svg.find_element(By.XPATH, "..")
    focus(browser, svg)
    for key in (Keys.HOME, Keys.END):
        press(browser, key)
        across, down = middle(browser, out)
        x, y = middle(browser, browser.find_element(By.CSS_SELECTOR, ".ring"))
        assert abs(x - across) <= out.size["width"] / 2 + 1
        assert 0 < abs(y - down) - out.size["height"] / 2 < 30
        box, tip = figure.rect, out.rect
        assert box["x"] - 1 <= tip["x"]
        assert tip["x"] + tip["width"] <= box["x"] + box["width"] + 1


def test_arrow_keys_go_from_drawing_to_drawing(browser: Chrome, site: Path) -> None:
    visit(browser, site / CELL_PAGE)
    figure = browser.find_element(By.CSS_SELECTOR, "#trust figure.multiples")
    panels = figure.find_elements(By.CSS_SELECTOR, ".panels svg")
    out = figure.find_element(By.CLASS_NAME, "readout")
    focus(browser, figure.find_element(By.CLASS_NAME, "panels"))
    press(browser, Keys.HOME)
    for panel in panels:
        name = panel.find_element(By.CLASS_NAME, "panel-name").text
        assert out.text.startswith(f"{name}, layers randomised")
        assert panel.find_elements(By.CLASS_NAME, "ring")
        press(browser, Keys.ARROW_DOWN)
    ActionChains(browser).move_to_element(panels[-1]).perform()
    assert panels[-1].find_elements(By.CLASS_NAME, "ring"), "the mouse too"
    press(browser, Keys.ESCAPE)
    assert out.text == ""


def test_every_chart_has_a_text_alternative_without_scripts(browser: Chrome, site: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        for page in ("index.html", "methods.html", CELL_PAGE):
            visit(browser, site / page)
            figures = browser.find_elements(By.CSS_SELECTOR, "figure.chart:not(.square)")
            assert figures
            for figure in figures:
                assert figure.find_element(By.CLASS_NAME, "chart-summary").get_attribute(
                    "textContent"
                )
                assert figure.find_element(By.CSS_SELECTOR, "[role=img]").get_attribute(
                    "aria-label"
                )
                assert figure.find_elements(By.CSS_SELECTOR, "details.numbers td, .chart-summary a")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
