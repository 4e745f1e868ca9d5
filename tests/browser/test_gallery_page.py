"""The gallery's controls, its enlarged view and the confusion matrix's images, by use."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from tests.browser.conftest import HOSTILE
from tests.browser.test_pages import load, visit

pytestmark = pytest.mark.browser

USUAL, STRANGE = "cells/simple_cnn-digits.html", "cells/baseline_cnn-hostile.html"

CARDS = """
return [...document.querySelectorAll(".gallery-group .card")].filter((c) => c.checkVisibility())
  .map((c) => ({ id: c.id, wrong: c.classList.contains("incorrect"), truth: c.dataset.true,
                 confidence: Number(c.dataset.confidence), index: Number(c.dataset.index) }));
"""


@pytest.fixture
def page(browser: Chrome, site: Path) -> Iterator[Chrome]:
    """Open a usual cell's page afresh; afterwards, nothing may stand in the console."""
    yield from opened(browser, site / USUAL)


@pytest.fixture
def unfolded(page: Chrome) -> Chrome:
    """The page with all images unfolded."""
    page.execute_script(
        "for (const more of document.querySelectorAll('.more-images')) more.open = true"
    )
    return page


def opened(browser: Chrome, path: Path, fragment: str = "") -> Iterator[Chrome]:
    browser.get("about:blank")  # else an address that differs behind the # only is not loaded
    browser.get_log("browser")
    visit(browser, path)
    if fragment:
        browser.get("about:blank")
        load(browser, path.as_uri() + fragment)
    yield browser
    assert browser.get_log("browser") == []


def choose(browser: Chrome, name: str, value: str) -> None:
    Select(browser.find_element(By.NAME, name)).select_by_value(value)


def fragment(browser: Chrome) -> str:
    return browser.execute_script("return location.hash")


def text(browser: Chrome, identity: str) -> str:
    return browser.find_element(By.ID, identity).text


def focused(browser: Chrome) -> object:
    return browser.switch_to.active_element


def press(browser: Chrome, *keys: str) -> None:
    ActionChains(browser).send_keys(*keys).perform()


def test_filters_show_what_fits_and_count_it(unfolded: Chrome) -> None:
    everything = unfolded.execute_script(CARDS)
    wrong = [c for c in everything if c["wrong"]]
    assert 0 < len(wrong) < len(everything)
    choose(unfolded, "outcome", "incorrect")
    assert unfolded.execute_script(CARDS) == wrong
    assert text(unfolded, "gallery-count") == f"{len(wrong)} of {len(everything)} images"
    truth = wrong[0]["truth"]
    choose(unfolded, "true", truth)
    assert [c["truth"] for c in unfolded.execute_script(CARDS)] == [truth]
    assert fragment(unfolded) == f"#examples?outcome=incorrect&true={truth}"
    unfolded.find_element(By.CSS_SELECTOR, "[data-do=reset]").click()
    assert unfolded.execute_script(CARDS) == everything
    assert fragment(unfolded) == "#examples"


def test_of_many_images_the_first_are_shown_and_the_others_one_click_away(page: Chrome) -> None:
    shown = page.execute_script(CARDS)
    assert [c["wrong"] for c in shown] == [True, True, False, False]
    page.find_element(By.CSS_SELECTOR, ".more-images > summary").click()
    assert len(page.execute_script(CARDS)) > len(shown)


def test_an_empty_result_is_stated_and_offers_a_reset(unfolded: Chrome) -> None:
    everything = unfolded.execute_script(CARDS)
    assert not unfolded.find_element(By.ID, "gallery-empty").is_displayed()
    right = next(c for c in everything if not c["wrong"])
    choose(unfolded, "outcome", "incorrect")
    choose(unfolded, "true", right["truth"])
    choose(unfolded, "predicted", right["truth"])
    assert unfolded.execute_script(CARDS) == []
    assert "No explained image matches" in text(unfolded, "gallery-empty")
    unfolded.find_element(By.CSS_SELECTOR, "#gallery-empty button").click()
    assert unfolded.execute_script(CARDS) == everything
    assert focused(unfolded).get_attribute("name") == "outcome"


def test_the_order_follows_the_choice_within_wrong_and_right(unfolded: Chrome) -> None:
    for order, key in (
        ("most-confident", lambda c: (not c["wrong"], -c["confidence"])),
        ("least-confident", lambda c: (not c["wrong"], c["confidence"])),
        ("index", lambda c: (not c["wrong"], c["index"])),
    ):
        choose(unfolded, "sort", order)
        shown = unfolded.execute_script(CARDS)
        assert shown == sorted(shown, key=key), order


def test_an_address_brings_the_state_back(browser: Chrome, site: Path) -> None:
    state = "#examples?outcome=incorrect&sort=most-confident&opacity=80&unsigned=cividis"
    state += "&method=saliency"
    for page in opened(browser, site / USUAL, state):
        assert all(c["wrong"] for c in page.execute_script(CARDS))
        assert Select(page.find_element(By.NAME, "sort")).first_selected_option.text.startswith(
            "most confident"
        )
        assert text(page, "opacity-note") == "80 %"
        shown = page.execute_script(
            "return [...document.querySelectorAll('.card [data-method]')]"
            ".filter((s) => s.checkVisibility())"
            ".map((s) => s.querySelector('.under-shot').textContent.match(/[A-Z][a-z]+/)[0])"
        )
        assert set(shown) == {"Saliency"}
        assert fragment(page) == state
    # What the page does not offer is passed over.
    for page in opened(browser, site / USUAL, "#examples?outcome=<b>&true=999&sort=constructor"):
        assert "All" in text(page, "gallery-count")


def test_a_link_to_an_image_shows_it_whatever_was_filtered(page: Chrome) -> None:
    right = next(c for c in page.execute_script(CARDS) if not c["wrong"])
    choose(page, "outcome", "incorrect")
    assert not page.find_elements(By.ID, right["id"])
    page.execute_script("location.hash = arguments[0]", right["id"])
    assert page.find_element(By.ID, right["id"]).is_displayed()
    assert fragment(page) == f"#{right['id']}"


def middle(browser: Chrome, selector: str) -> np.ndarray:
    """The colours, int (pixels, 3), of the middle of the first such element, on the screen."""
    box = browser.execute_script(
        "const e = document.querySelector(arguments[0]); e.scrollIntoView({ block: 'center' });"
        "const { x, y, width, height } = e.getBoundingClientRect(); return [x, y, width, height]",
        selector,
    )
    screen = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]
    drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(screen))).convert("RGB"))
    x, y, width, height = (round(value) for value in box)
    inner = drawn[y + height // 4 : y + 3 * height // 4, x + width // 4 : x + 3 * width // 4]
    return inner.reshape(-1, 3).astype(int)


@pytest.mark.parametrize("name", ["", "cividis", "gray"])
def test_maps_have_the_colours_of_the_chosen_map(page: Chrome, name: str) -> None:
    choose(page, "unsigned", name)
    expected = 255 * colormaps[name or "magma"](np.arange(256))[:, :3]
    drawn = middle(page, ".card .levels.unsigned:not(.coarse)")
    apart = np.abs(drawn[:, None] - expected[None]).max(axis=-1).min(axis=-1)
    assert np.quantile(apart, 0.95) < 6
    assert len(np.unique(drawn, axis=0)) > 10


def test_maps_are_coloured_without_scripts_too(browser: Chrome, site: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit(browser, site / USUAL)
        assert not browser.find_element(By.ID, "gallery-controls").is_displayed()
        drawn = middle(browser, ".card .levels.signed")
        assert np.ptp(drawn, axis=1).max() > 60, "red or blue, not grey"
        assert browser.find_element(By.CSS_SELECTOR, ".matrix td a").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_an_image_is_enlarged_and_left_by_the_keyboard(page: Chrome) -> None:
    first = page.find_element(By.CSS_SELECTOR, ".card .original .pic")
    page.execute_script("arguments[0].focus()", first)
    press(page, Keys.ARROW_RIGHT, Keys.ENTER)
    dialog = page.find_element(By.ID, "enlarged")
    assert dialog.is_displayed()
    method = Select(page.find_element(By.NAME, "enlarged-method"))
    first = method.first_selected_option.text
    assert first == "Grad-CAM (use)", "the best by the verdict"
    assert "peak" in page.find_element(By.CSS_SELECTOR, ".enlarged-caption").text
    assert "Shows which regions" in page.find_element(By.CSS_SELECTOR, ".enlarged-legend").text
    assert len(dialog.find_elements(By.NAME, "enlarged-target")) == 2, "a mistake has two"
    title = text(page, "enlarged-title")
    dialog.find_element(By.CSS_SELECTOR, "[data-do=close]").send_keys(Keys.ARROW_RIGHT)
    assert text(page, "enlarged-title") != title
    press(page, Keys.ARROW_LEFT)
    assert text(page, "enlarged-title") == title
    press(page, Keys.ARROW_DOWN)
    assert method.first_selected_option.text != first
    press(page, Keys.ESCAPE)
    assert not dialog.is_displayed()
    back = page.execute_script("return document.activeElement.closest('.card').id")
    assert back == f"image-{title.rpartition(' ')[2]}"


def test_a_click_on_a_map_enlarges_that_map(page: Chrome) -> None:
    coarse = page.find_element(By.CSS_SELECTOR, ".card [data-method] .coarse")
    page.execute_script("arguments[0].scrollIntoView({ block: 'center' })", coarse)
    ActionChains(page).move_to_element(coarse).click().perform()
    large = page.find_element(By.CSS_SELECTOR, "#enlarged .levels")
    assert large.rect["width"] > 4 * coarse.rect["width"]
    view = "return arguments[0].getAttribute('viewBox')"
    assert page.execute_script(view, large) == page.execute_script(view, coarse)
    targets = page.find_elements(By.NAME, "enlarged-target")
    other = next(radio for radio in targets if not radio.is_selected())
    other.send_keys(Keys.SPACE)
    large = page.find_element(By.CSS_SELECTOR, "#enlarged .levels")
    assert page.execute_script(view, large) != page.execute_script(view, coarse)
    press(page, Keys.ESCAPE)


def test_names_from_data_stay_text_wherever_scripts_put_them(browser: Chrome, site: Path) -> None:
    for page in opened(browser, site / STRANGE):
        labels = [o.text for o in Select(page.find_element(By.NAME, "true")).options]
        assert any(label.startswith("<script>alert(1)") for label in labels)
        before = page.execute_script("return document.querySelectorAll('script, img').length")
        for picture in page.find_elements(By.CSS_SELECTOR, ".card .original .pic")[:4]:
            page.execute_script("arguments[0].click()", picture)
            press(page, Keys.ARROW_RIGHT, Keys.ESCAPE)
        for square in page.find_elements(By.CSS_SELECTOR, ".matrix td a")[:8]:
            page.execute_script("arguments[0].click()", square)
        assert page.find_element(By.ID, "square").is_displayed()
        after = page.execute_script("return document.querySelectorAll('script, img').length")
        assert after == before
        assert len(HOSTILE) + 1 >= len(labels) > 1


def test_a_square_shows_its_images(page: Chrome) -> None:
    panel = page.find_element(By.ID, "square")
    assert not panel.is_displayed()
    square = page.find_element(By.CSS_SELECTOR, ".matrix td[class^=hit] a")
    page.execute_script("arguments[0].scrollIntoView({ block: 'center' })", square)
    square.click()
    assert panel.is_displayed()
    shown = panel.find_elements(By.CSS_SELECTOR, ".tile")
    assert f"{len(shown)} of {square.text} shown" in panel.text
    assert fragment(page) == square.get_attribute("href").partition("#")[2].join(["#", ""])
    before = panel.text
    press(page, Keys.ARROW_DOWN)
    assert focused(page) != square
    press(page, Keys.ENTER)
    assert panel.text != before
    stops = (
        "return [...document.querySelectorAll('.matrix td a')].filter((a) => !a.tabIndex).length"
    )
    assert page.execute_script(stops) == 1


def test_a_frequent_confusion_leads_to_its_images(page: Chrome) -> None:
    link = page.find_element(By.CSS_SELECTOR, "#confusions ~ * a[href^='#pair-']")
    page.execute_script("arguments[0].scrollIntoView({ block: 'center' })", link)
    link.click()
    panel = page.find_element(By.ID, "square")
    assert panel.is_displayed()
    assert f"{link.text} shown" in panel.text
    current = page.find_element(By.CSS_SELECTOR, ".matrix td a[aria-current]")
    assert current.get_attribute("href") == link.get_attribute("href")


def test_an_enlarged_map_leads_to_its_comparison(page: Chrome, site: Path) -> None:
    card = page.find_element(By.CSS_SELECTOR, ".card")
    index = card.get_attribute("data-index")
    page.execute_script("arguments[0].querySelector('[data-method=\"0\"] .pic').click()", card)
    page.find_element(By.CSS_SELECTOR, ".enlarged-compare").click()
    assert page.current_url.startswith((site / "compare.html").as_uri())
    chosen = {
        name: Select(page.find_element(By.NAME, name)).first_selected_option.get_attribute("value")
        for name in ("a", "a-method", "image")
    }
    assert chosen == {"a": "simple_cnn-digits", "a-method": "saliency", "image": index}


def test_an_address_of_a_square_opens_it(browser: Chrome, site: Path) -> None:
    for page in opened(browser, site / USUAL, "#pair-0-0"):
        panel = page.find_element(By.ID, "square")
        assert panel.is_displayed()
        assert "the least confident" in panel.text
