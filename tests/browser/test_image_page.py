"""The page about photos of a reader's own, in a real browser, from file://."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from heatproof.attribution import registry
from heatproof.report.pages import image_page
from heatproof.report.pages.image_page import Photo, Subject
from heatproof.report.text import methods
from tests.browser.conftest import HOSTILE
from tests.browser.test_pages import SCREENS, requested, sound_pictures, visit

pytestmark = pytest.mark.browser


def photo(name: str, preview: tuple[int, int]) -> Photo:
    """Return a photo with a map of every method that the report knows."""
    random = np.random.default_rng(0)
    maps = {m: random.normal(size=(16, 16)).astype(np.float32) for m in registry.methods()}
    return Photo(
        name=name,
        preview=random.integers(0, 256, (*preview, 3)).astype(np.uint8),
        box=(0.2, 0.0, 0.8, 1.0),
        seen=random.integers(0, 256, (16, 16, 1)).astype(np.uint8),
        handling="640×480 pixels; the 480×480 in its middle kept.",
        warnings=("Its border is bright: add --invert.", "unbroken" * 40),
        probabilities=np.full(len(HOSTILE), 1 / len(HOSTILE)),
        target=3,
        maps={name: np.abs(m) if methods.describe(name).overlay else m for name, m in maps.items()},
        own={"lime": {"r2": 0.834, "segments": 38.0, "stability": 0.9}},
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Write a page of two photos, with hostile names throughout."""
    subject = Subject(
        "m-d", "a model " + "with a long name " * 8, "<b>data</b>", HOSTILE, (0.9, 1000, 0.1),
        {"an_unknown_method": "<script>alert(3)</script>"},
    )  # fmt: skip
    photos = [photo('"><img src=x onerror=alert(4)>.png', (400, 560)), photo("b.png", (60, 40))]
    path = tmp_path_factory.mktemp("explained ünd shown") / "page.html"
    path.write_text(image_page.page(subject, photos), encoding="utf-8")
    yield path


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_the_page_is_sound(browser: Chrome, page: Path, width: int, theme: str) -> None:
    pictures = sound_pictures(browser, page, width, theme, unfold=True)
    assert pictures == 4, "two photos, what the network sees of them, and all maps"
    # A browser just started still loads the page of its own that it showed before.
    addresses = [a for a in requested(browser) if not urlsplit(a).scheme.startswith("chrome")]
    assert {urlsplit(a).scheme for a in addresses} == {"file", "data"}
    assert [a for a in addresses if a.startswith("file")] == [page.as_uri()]


def opacity(browser: Chrome, kind: str) -> str:
    layer = f"getComputedStyle(document.querySelector('.photo .{kind} .pic .levels')).opacity"
    return browser.execute_script(f"return {layer}")


def test_without_scripts_it_reads_and_lays_maps_over_the_image(browser: Chrome, page: Path) -> None:
    visit(browser, page)
    assert (opacity(browser, "fine"), opacity(browser, "coarse")) == ("1", "0.55")
    # Scripts of the page are off; the driver's own questions are still simulated_predictions.
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit(browser, page)
        assert "a model" in browser.find_element(By.TAG_NAME, "h1").text
        assert not browser.find_element(By.ID, "theme").is_displayed()
        assert browser.find_element(By.CSS_SELECTOR, ".map .pic .levels").is_displayed()
        browser.find_element(By.CSS_SELECTOR, ".lay").send_keys(Keys.SPACE)
        shown = browser.find_element(By.CSS_SELECTOR, ".fine .pic .levels")
        assert shown.value_of_css_property("opacity") == "0.6"
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
