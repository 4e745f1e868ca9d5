"""The site in a real browser, from file://, at a phone's and a desk's width, in both themes."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By

from tests.browser.waiting import until

pytestmark = pytest.mark.browser

CELLS = ("simple_cnn-digits", "baseline_cnn-hostile", "mobilenet_v2-digits")
SMALLER = "cells/simple_cnn_int8-digits.html"
WHOLE = (
    *("index.html", "playground.html", "methods.html", "libraries.html"),
    *("compare.html", "claims.html", "guide.html", "smaller.html"),
)
DATA = ("datasets/digits.html", "datasets/hostile.html")
LAYERS = f"layers/{CELLS[1]}.html"
PAGES = (*WHOLE, *DATA, *(f"cells/{name}.html" for name in CELLS), SMALLER, LAYERS)
UNPICTURED = (
    "libraries.html",
    "smaller.html",
    "claims.html",
    "cells/mobilenet_v2-digits.html",
)
CELL_PAGE = f"cells/{CELLS[0]}.html"
WIDTHS = (360, 1440)
THEMES = ("light", "dark")
SCREENS = tuple(zip(WIDTHS, THEMES, strict=True))  # each width and each theme once
# How many pixels of a page lie beside the window.
OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"

LOADED_PICTURES = """
const done = arguments[0];
const addresses = [...document.querySelectorAll("img, image")].map(
  (e) => e.href?.baseVal ?? e.getAttribute("src"));
Promise.all([...new Set(addresses)].map((address) => new Promise((tell) => {
  const picture = new Image();
  picture.onload = () => tell([address, picture.naturalWidth]);
  picture.onerror = () => tell([address, 0]);
  picture.src = address;
}))).then(done);
"""

# Every text's colour against what lies behind it, as WCAG 2 counts contrast.
LOW_CONTRAST = """
const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const rgba = (colour) => {
  pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data];
};
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
  .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const colour = rgba(getComputedStyle(e).backgroundColor);
    if (colour[3] === 255) return colour;
  }
  return [255, 255, 255, 255];
};
const found = [];
for (const e of document.querySelectorAll("body *")) {
  const text = [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join("").trim();
  if (!text || !e.checkVisibility() || e.closest("title")) continue;
  const style = getComputedStyle(e);
  const front = rgba(e instanceof SVGElement ? style.fill : style.color);
  const [a, b] = [light(front), light(behind(e))].sort((x, y) => y - x);
  const contrast = (a + 0.05) / (b + 0.05);
  const large = parseFloat(style.fontSize) >= 24;
  if (contrast < (large ? 3 : 4.5)) found.push(`${contrast.toFixed(2)} ${text.slice(0, 40)}`);
}
return found;
"""


def visit(browser: Chrome, page: Path, width: int = 1440, theme: str = "light") -> None:
    """Open a page as a reader with this screen and this system theme would."""
    feature = {"name": "prefers-color-scheme", "value": theme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    load(browser, page.as_uri())


def load(browser: Chrome, address: str) -> None:
    """Go to an address. Its scripts have run then: the driver alone does not always wait for it."""
    browser.get(address)
    complete = "return document.readyState === 'complete' && location.protocol !== 'about:'"
    until(browser, lambda page: page.execute_script(complete))


def requested(browser: Chrome) -> Iterator[str]:
    """The addresses of all requests since the last call."""
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            yield message["params"]["request"]["url"]


def background(browser: Chrome) -> str:
    return browser.execute_script("return getComputedStyle(document.body).backgroundColor")


def sound_pictures(
    browser: Chrome, page: Path, width: int, theme: str, unfold: bool = False
) -> int:
    """Visit a page that has to fit, to be legible and to show its pictures, without a message.

    unfold: open all that is folded first. Returns how many pictures there are; `requested` has what
    was asked for since.
    """
    browser.get_log("browser")
    list(requested(browser))
    visit(browser, page, width, theme)
    if unfold:
        browser.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
    assert browser.execute_script(OVERFLOW) <= 0
    assert browser.execute_script(LOW_CONTRAST) == []
    pictures = browser.execute_async_script(LOADED_PICTURES)
    assert [address[:40] for address, size in pictures if not size] == []
    assert browser.get_log("browser") == []
    return len(pictures)


@pytest.mark.parametrize(("width", "theme"), SCREENS)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_sound(browser, site, page, width, theme):
    pictures = sound_pictures(browser, site / page, width, theme, unfold=True)
    assert bool(pictures) == (page not in UNPICTURED)
    addresses = list(requested(browser))
    assert addresses
    assert {urlsplit(address).scheme for address in addresses} <= {"file", "data"}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(browser, site, page):
    visit(browser, site / page)
    links = browser.execute_script("return [...document.links].map((a) => a.href)")
    assert len(links) > 3
    for link in links:
        parts = urlsplit(link)
        target = Path(unquote(parts.path))
        assert target.is_file(), link
        place = parts.fragment.partition("?")[0]  # what the live page is to show stands behind it
        assert not place or f'id="{place}"' in target.read_text(), link


def test_the_theme_follows_the_system_until_the_reader_chooses(browser, site):
    page = site / "index.html"
    visit(browser, page, theme="light")
    browser.execute_script("localStorage.clear()")
    visit(browser, page, theme="light")
    light = background(browser)
    visit(browser, page, theme="dark")
    dark = background(browser)
    assert light != dark
    button = browser.find_element(By.ID, "theme")
    assert button.text == "Light theme"
    button.click()
    assert background(browser) == light
    visit(browser, site / CELL_PAGE, theme="dark")
    assert background(browser) == light, "the choice holds on the next page"
    browser.execute_script("localStorage.clear()")


def test_the_keyboard_reaches_the_content_and_every_table(browser, site):
    visit(browser, site / "index.html", width=360)
    ActionChains(browser).send_keys(Keys.TAB).perform()
    assert browser.switch_to.active_element.text == "Skip to the content"
    browser.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
    boxes = browser.find_elements(By.CSS_SELECTOR, ".scroll")
    assert boxes
    for box in boxes:
        browser.execute_script("arguments[0].focus()", box)
        assert browser.switch_to.active_element == box
        assert box.get_attribute("aria-label")


def test_a_link_into_a_folded_part_opens_it(browser, site):
    visit(browser, site / CELL_PAGE)
    browser.execute_script(
        "document.querySelector('details').append("
        "Object.assign(document.createElement('p'), {id: 'deep'})); location.hash = 'deep'"
    )
    assert browser.execute_async_script(
        "const done = arguments[0]; setTimeout(() => done("
        "document.getElementById('deep').closest('details').open), 100)"
    )


def test_without_scripts_the_page_is_a_readable_document(browser, site):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit(browser, site / CELL_PAGE)
        assert "simple_cnn" in browser.find_element(By.TAG_NAME, "h1").text
        assert not browser.find_element(By.ID, "theme").is_displayed()
        assert browser.find_element(By.CSS_SELECTOR, ".matrix td").is_displayed()
        assert browser.find_element(By.CSS_SELECTOR, ".card .tile").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
