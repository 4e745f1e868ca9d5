"""The page "draw, look, erase" in a real browser, with a network whose answers are known.

It asks of an image how bright its middle columns are, for the first class, and its middle rows, for
the second: see `tests.report.playground_results`.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from tests.browser.conftest import HOSTILE
from tests.browser.test_accessibility import axe, violations
from tests.browser.test_pages import LOW_CONTRAST, OVERFLOW, THEMES, load, requested, visit
from tests.browser.waiting import until
from tests.report import fixture, playground_results

pytestmark = pytest.mark.browser

__all__ = ["axe"]
PAGE = "playground.html"
CELL, OTHER = "simple_cnn-digits", "baseline_cnn-hostile"
LARGEST = 400_000  # bytes of the page, without networks
# The probability of a class that is shown, in percent.
SHARE = "return parseFloat(document.querySelectorAll('#a-bars .bar-share')[{}].style.width)"


def text(page: Chrome, name: str) -> str:
    return page.find_element(By.ID, name).get_attribute("textContent")


def percent(page: Chrome, name: str) -> float:
    return float(text(page, name).lstrip("<> ").split()[0])


def opened(page: Chrome) -> bool:
    """Whether the first network has predicted, and its maps are drawn."""
    drawn = "return document.querySelectorAll('#a-maps figure:not(.stale)').length"
    return text(page, "a-answer") != "–" and page.execute_script(drawn) >= 2


def drawing(*strokes: list[tuple[int, int]]) -> str:
    """Write strokes of a usual width as a link does."""
    parts = [bytes([80, 0, 0, len(s), *(c for point in s for c in point)]) for s in strokes]
    return base64.urlsafe_b64encode(b"".join(parts)).decode().rstrip("=")


BAR, LINE = [(128, 40), (128, 215)], [(40, 128), (215, 128)]


def follow(page: Chrome, site: Path, **values: Any) -> None:
    """Open the page by a link with these values, and wait for its network."""
    page.get("about:blank")
    load(page, f"{(site / PAGE).as_uri()}#draw?{urlencode({'a': CELL} | values)}")
    until(page, opened)


@pytest.fixture
def page(browser: Chrome, site: Path) -> Iterator[Chrome]:
    """Open the page as it is at first."""
    list(requested(browser))
    visit(browser, site / PAGE)
    browser.get_log("browser")
    yield browser
    assert browser.get_log("browser") == []


def press_open(page: Chrome) -> None:
    page.find_element(By.ID, "playground-load").click()
    until(page, opened)


def test_it_opens_a_network_at_a_click_and_predicts_a_test_image(page: Chrome) -> None:
    assert not any(".js" in address for address in requested(page))
    press_open(page)
    assert next(a for a in requested(page) if a.endswith(".js")).endswith(f"{CELL}.js")
    pictures = fixture.digits()
    first = int(np.flatnonzero(pictures.labels == 0)[0])
    logits = playground_results.logits(pictures.images[first] / 255, 10)
    expected = np.exp(logits) / np.exp(logits).sum()
    for place in range(3):
        shown = page.execute_script(SHARE.format(place))
        assert shown == pytest.approx(100 * expected[place], abs=0.01)
    assert text(page, "a-answer") == str(expected.argmax())
    assert "best verdict" in text(page, "a-maps")
    assert "2 feature maps of 16×16" in text(page, "a-features-note")


def test_the_mouse_draws_and_undo_and_clear_take_it_back(page: Chrome) -> None:
    press_open(page)
    pad = page.find_element(By.ID, "pad")
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", pad)
    hand = ActionChains(page, duration=20).move_to_element_with_offset(pad, -100, 0)
    hand.click_and_hold().move_by_offset(100, 0).move_by_offset(100, 0).release().perform()
    until(page, lambda _: text(page, "a-answer") == "1")
    assert "drawing=" in page.current_url and "test=" not in page.current_url
    hand = ActionChains(page, duration=20).move_to_element_with_offset(pad, 0, -100)
    hand.click_and_hold().move_by_offset(0, 100).move_by_offset(0, 100).release().perform()
    until(page, lambda _: abs(page.execute_script(SHARE.format(0) + " - 45")) < 15)
    page.find_element(By.ID, "pad-undo").click()
    until(page, lambda _: page.execute_script(SHARE.format(1)) > 80)
    page.find_element(By.ID, "pad-clear").click()
    until(page, lambda _: page.find_element(By.ID, "pad-empty").is_displayed())
    assert "drawing=" not in page.current_url


def test_the_keyboard_draws_too_and_says_so(page: Chrome) -> None:
    press_open(page)
    pad = page.find_element(By.ID, "pad")
    pad.send_keys(*[Keys.ARROW_UP] * 6, Keys.SPACE)
    said = "return document.querySelector('.announced').textContent"
    assert page.execute_script(said) == "Pen down"
    pad.send_keys(*[Keys.ARROW_DOWN] * 12, Keys.SPACE)
    until(page, lambda _: text(page, "a-answer") == "0" and "drawing=" in page.current_url)
    until(page, lambda _: page.execute_script(said).startswith(f"{CELL}: 0, "))


def test_a_link_carries_the_drawing_the_networks_and_the_sliders(page: Chrome, site: Path) -> None:
    follow(page, site, b=OTHER, drawing=drawing(LINE), rotation=90)
    until(page, lambda _: text(page, "b-answer") != "–")
    assert text(page, "a-answer") == "0", "a line turned by 90° is a bar"
    assert text(page, "b-answer") == HOSTILE[0], "text, not markup"
    assert text(page, "change-rotation-value") == "90° clockwise"
    link = page.current_url
    page.get("about:blank")
    load(page, link)
    # The link has the second network again once that is open too.
    until(page, lambda _: page.current_url == link)


@pytest.mark.parametrize(
    "values",
    [
        {"a": "<script>alert(1)</script>"},
        {"a": "__proto__", "b": "constructor"},
        {"drawing": "!!!", "test": "1e9", "noise": "NaN", "shift": "Infinity"},
        {"drawing": drawing(LINE)[:-3], "test": "-1", "rotation": "<img src=x onerror=alert(1)>"},
        {"drawing": "A" * 100_000},
        {"drawing": base64.b64encode(bytes([80, 0, 255, 255])).decode()},
        {"drawing": base64.b64encode(bytes([80, 7, 0, 1, 9, 9])).decode()},
    ],
)
def test_a_hostile_link_does_nothing(page: Chrome, site: Path, values: dict[str, str]) -> None:
    page.get("about:blank")
    load(page, f"{(site / PAGE).as_uri()}#draw?{urlencode({'a': CELL} | values)}")
    if "a" in values:
        assert page.find_element(By.ID, "playground-load").is_displayed()
        return
    until(page, opened)
    assert "damaged" in text(page, "link-note") or "drawing" not in values
    assert "drawing=" not in page.current_url
    for name in ("noise", "shift", "rotation", "brightness"):
        assert page.find_element(By.ID, f"change-{name}").get_attribute("value") == "0"


def test_erasing_what_the_map_marks_costs_what_it_must(page: Chrome, site: Path) -> None:
    follow(page, site, drawing=drawing(BAR))
    choice = "#erase-controls [name=method]"
    method = "gradient_times_input"
    until(page, lambda _: page.find_elements(By.CSS_SELECTOR, f"{choice} [value={method}]"))
    Select(page.find_element(By.CSS_SELECTOR, choice)).select_by_value(method)
    until(page, lambda _: page.find_element(By.ID, "erase-play").is_enabled())
    page.execute_script("document.getElementById('erase-play').click()")
    until(page, lambda _: "does no better" in text(page, "erase-conclusion")
          or "rests on" in text(page, "erase-conclusion"))  # fmt: skip
    assert "the map marks what the prediction rests on" in text(page, "erase-conclusion")
    # The bar's pixels are a tenth of all, or a little more: without them every class is as good.
    assert percent(page, "erase-most-share") == pytest.approx(10, abs=0.2)
    assert percent(page, "erase-least-share") > 90
    slider = page.find_element(By.CSS_SELECTOR, "[name=share]")
    assert slider.get_attribute("aria-valuetext") == "30 % erased"


def test_the_brush_erases_by_keyboard(page: Chrome, site: Path) -> None:
    follow(page, site, drawing=drawing(BAR))
    until(page, lambda _: page.find_element(By.ID, "erase-stage").is_displayed())
    brush = page.find_element(By.ID, "erase-brush-picture")
    brush.send_keys(*[Keys.ARROW_UP] * 7, Keys.SPACE, *[Keys.ARROW_DOWN] * 14, Keys.SPACE)
    until(page, lambda _: percent(page, "erase-brush-share") < 40)
    assert "% erased" in text(page, "erase-brush-share")


def test_sliders_have_curves_of_the_prediction(page: Chrome, site: Path) -> None:
    follow(page, site, drawing=drawing(LINE))
    section = page.find_element(By.ID, "change")
    page.execute_script("arguments[0].scrollIntoView({behavior: 'instant'})", section)
    until(page, lambda _: text(page, "change-brightness-summary"))
    # Turned by 90° either way, the line is a bar.
    assert text(page, "change-rotation-summary").count("(then 0)") == 2
    path = page.find_element(By.CSS_SELECTOR, "#change-rotation-curve .line").get_attribute("d")
    assert path.count("L") == 16
    heights = [float(point.split()[1]) for point in path.replace("M", "L").split("L")[1:]]
    assert min(heights) == heights[8] and heights[0] > 100, "highest where nothing is changed"
    slider = page.find_element(By.ID, "change-rotation")
    slider.send_keys(Keys.END)
    until(page, lambda _: text(page, "a-answer") == "0")
    page.find_element(By.ID, "change-reset").click()
    until(page, lambda _: text(page, "a-answer") == "1")


def test_the_worksheet_decides(page: Chrome, site: Path) -> None:
    follow(page, site, b=OTHER, drawing=drawing(BAR))
    until(page, lambda _: text(page, "b-answer") != "–")

    def check(task: str) -> str:
        item = page.find_element(By.CSS_SELECTOR, f"[data-task={task}]")
        page.execute_script("arguments[0].querySelector('button').click()", item)
        return item.find_element(By.CLASS_NAME, "task-result").get_attribute("textContent")

    assert check("certain").startswith("✓ Done. It is")
    assert check("flip") == "Not yet. Move one slider."
    columns = page.find_element(By.CSS_SELECTOR, "[data-task=coarse] input")
    columns.send_keys("7")
    assert check("coarse").startswith("Not yet.")
    columns.clear()
    columns.send_keys("16")
    assert check("coarse").startswith("✓ Done.")
    assert check("disagree").startswith("✓ Done.")
    assert text(page, "tasks-done") == "3 of 7 done"


def test_a_chosen_picture_goes_on_the_pad_and_a_file_of_another_kind_is_refused(
    page: Chrome, tmp_path: Path
) -> None:
    from PIL import Image

    press_open(page)
    pixels = np.zeros((90, 60, 3), np.uint8)
    pixels[40:50] = 255
    Image.fromarray(pixels).save(tmp_path / "line.png")
    (tmp_path / "no.png").write_text("<svg onload=alert(1)>")
    chosen = page.find_element(By.ID, "pad-file")
    page.execute_script("arguments[0].hidden = false", chosen)
    chosen.send_keys(str(tmp_path / "no.png"))
    until(page, lambda _: "cannot read it as a picture" in text(page, "pad-note"))
    chosen.send_keys(str(tmp_path / "line.png"))
    until(page, lambda _: text(page, "a-answer") == "1")
    assert "your picture" in text(page, "link-note")


@pytest.mark.parametrize("theme", THEMES)
def test_with_networks_open_it_is_accessible_and_fits(
    page: Chrome, site: Path, axe: str, theme: str
) -> None:
    visit(page, site / PAGE, width=360, theme=theme)
    follow(page, site, b=OTHER, drawing=drawing(BAR))
    until(page, lambda _: text(page, "b-answer") != "–")
    page.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
    found = violations(page, axe, **{"color-contrast": {"enabled": False}})
    assert found == [], json.dumps(found, indent=1)
    assert page.execute_script(OVERFLOW) <= 0
    assert page.execute_script(LOW_CONTRAST) == []


def test_without_scripts_it_says_what_it_would_be_and_shows_pictures(
    browser: Chrome, site: Path
) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit(browser, site / PAGE)
        off = browser.find_element(By.ID, "playground-off")
        assert "needs JavaScript" in off.text
        assert off.find_element(By.CLASS_NAME, "tile").is_displayed()
        assert not browser.find_element(By.ID, "pad").is_displayed()
        assert not browser.find_element(By.CSS_SELECTOR, ".task button").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_the_page_is_small(site: Path) -> None:
    assert (site / PAGE).stat().st_size <= LARGEST
