"""The playground in Firefox, from file://: each of its parts once."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest

from tests.browser import firefox
from tests.browser.firefox import Firefox
from tests.browser.test_playground import CELL, OTHER, PAGE, drawing
from tests.report import fixture, playground_results

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not firefox.binary(), reason="no Firefox on this machine"),
]

BACKSPACE, SPACE, DOWN = "\ue003", " ", "\ue015"
LINE = [(40, 128), (215, 128)]
DRAWN = "document.querySelectorAll('#a-maps figure:not(.stale) [aria-label]').length >= 2"
SHARES = (
    "[...document.querySelectorAll('#a-bars .bar-share')].map((e) => parseFloat(e.style.width))"
)
PAD = """(() => {
  const pad = document.getElementById("pad");
  pad.scrollIntoView({ block: "center", behavior: "instant" });
  const { left, top, width } = pad.getBoundingClientRect();
  return [left, top, width];
})()"""


def text(name: str) -> str:
    return f"document.getElementById('{name}').textContent"


def click(name: str) -> str:
    return f"document.getElementById('{name}').click()"


@pytest.fixture(scope="module")
def window(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """Open a window that shows the page with nothing opened."""
    with firefox.started(tmp_path_factory.mktemp("firefox")) as browser:
        browser.resize(375, 900, ratio=2)
        yield browser


@pytest.fixture
def page(window: Firefox, site: Path) -> Iterator[Firefox]:
    """Open the page with a network, by its button."""
    window.open((site / PAGE).as_uri())
    window.evaluate(click("playground-load"))
    window.until(DRAWN)
    yield window
    assert window.errors == []


def test_a_test_image_is_predicted_and_explained_in_a_worker(page: Firefox) -> None:
    images, labels = fixture.digits().images, fixture.digits().labels
    logits = playground_results.logits(images[(labels == 0).argmax()] / 255, 10)
    shares = 100 * np.exp(logits) / np.exp(logits).sum()
    assert page.evaluate(SHARES) == pytest.approx(shares.tolist(), abs=0.01)
    assert page.evaluate("Boolean(playground.worker())")
    assert "2 feature maps" in page.evaluate(text("a-features-note"))
    maps = """[...document.querySelectorAll("#a-maps .levels")].map((map) => (
      Math.max(...map.getContext("2d").getImageData(0, 0, map.width, map.height).data)))"""
    assert page.evaluate(maps) == [255, 255]


@pytest.mark.parametrize("pointer", ["mouse", "touch"])
def test_a_pointer_draws_and_undo_takes_it_back(page: Firefox, pointer: str) -> None:
    left, top, side = page.evaluate(PAD)
    before = page.evaluate("scrollY")
    page.draw(pointer, *((left + side / 2, top + share * side) for share in (0.1, 0.5, 0.9)))
    page.until(f"{text('a-answer')} === '0' && location.hash.includes('drawing=')")
    assert page.evaluate("scrollY") == before, "the page stays"
    page.draw(pointer, *((left + share * side, top + side / 2) for share in (0.1, 0.5, 0.9)))
    page.until(f"{SHARES}[0] < 60")
    page.press(BACKSPACE)
    page.until(f"{SHARES}[0] > 80")


def test_the_keyboard_draws(page: Firefox) -> None:
    page.evaluate(click("pad-clear"))
    page.evaluate("document.getElementById('pad').focus()")
    page.press(*["\ue013"] * 6, SPACE, *[DOWN] * 12, SPACE)
    page.until(f"{text('a-answer')} === '0' && location.hash.includes('drawing=')")


def test_a_link_opens_two_networks_with_sliders_curves_and_erasing(
    window: Firefox, site: Path
) -> None:
    query = urlencode({"a": CELL, "b": OTHER, "drawing": drawing(LINE), "rotation": 90})
    window.open(f"{(site / PAGE).as_uri()}#draw?{query}")
    window.until(f"{text('a-answer')} === '0' && {text('b-answer')} !== '–'")
    assert window.evaluate(text("change-rotation-value")) == "90° clockwise"
    window.evaluate(click("change-reset"))
    window.evaluate("document.getElementById('change').scrollIntoView()")
    window.until(f"{text('change-rotation-summary')}.split('(then 0)').length > 2")
    window.until("!document.getElementById('erase-play').disabled")
    window.evaluate(click("erase-play"))
    window.until(f"{text('erase-conclusion')}.includes('On this picture')")
    assert window.evaluate("document.documentElement.scrollWidth") <= 375
    assert window.errors == []
