"""The large view's state in the address: kept, shared, restored, and taken back when it closes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from tests.browser.test_gallery_page import CARDS, USUAL, choose, fragment, opened, press, text
from tests.browser.test_pages import load, visit
from tests.browser.waiting import until

pytestmark = pytest.mark.browser

CELL = "cells.simple_cnn-digits"


@pytest.fixture
def page(browser: Chrome, site: Path) -> Iterator[Chrome]:
    yield from opened(browser, site / USUAL)


def click(browser: Chrome, selector: str) -> None:
    browser.execute_script("document.querySelector(arguments[0]).click()", selector)


def state(browser: Chrome) -> dict[str, object]:
    """What the large view shows, as a reader sees it."""
    dialog = browser.find_element(By.CSS_SELECTOR, "dialog[open]")
    method = Select(dialog.find_element(By.NAME, "enlarged-method")).first_selected_option.text
    drawn = browser.execute_script(
        "return [...arguments[0].querySelectorAll('.enlarged-picture svg')]"
        ".map((s) => s.getAttribute('viewBox'))",
        dialog,
    )
    title = dialog.find_element(By.CSS_SELECTOR, "[id$='enlarged-title']").text
    strength = browser.execute_script(
        "return arguments[0].style.getPropertyValue('--enlarged-opacity')", dialog
    )
    return {"method": method, "drawn": drawn, "title": title, "strength": strength}


def wait_for(browser: Chrome, open_: bool = True) -> None:
    found = "return document.querySelectorAll('dialog[open]').length"
    until(browser, lambda b: b.execute_script(found) == int(open_))


def again(browser: Chrome) -> None:
    """Open the same address afresh, as a reload and a shared link do."""
    address = browser.current_url
    browser.get("about:blank")
    load(browser, address)


def test_a_shared_address_brings_the_view_back(page: Chrome) -> None:
    choose(page, "unsigned", "cividis")
    choose(page, "outcome", "incorrect")
    click(page, ".card.incorrect .target:nth-of-type(2) [data-method='0'] .pic")
    assert page.execute_script("return document.querySelectorAll('dialog[open]').length") == 1
    before = state(page)
    place, _, query = fragment(page).partition("?")
    assert place == f"#image-{before['title'].rpartition(' ')[2]}"
    assert query == "outcome=incorrect&unsigned=cividis&large=saliency&for=true"
    again(page)
    wait_for(page)
    assert state(page) == before
    assert all(card["wrong"] for card in page.execute_script(CARDS))
    assert Select(page.find_element(By.NAME, "unsigned")).first_selected_option.text == "cividis"
    assert fragment(page) == f"{place}?{query}"


def test_every_step_is_in_the_address(page: Chrome) -> None:
    click(page, ".card [data-method='0'] .pic")
    dialog = page.find_element(By.ID, "enlarged")
    seen = [fragment(page)]
    dialog.find_element(By.CSS_SELECTOR, "[data-do=close]").send_keys(Keys.ARROW_RIGHT)
    seen.append(fragment(page))
    press(page, Keys.ARROW_DOWN)
    seen.append(fragment(page))
    page.execute_script(
        "const range = arguments[0].querySelector('[type=range]'); range.value = 30;"
        "for (const kind of ['input', 'change'])"
        "  range.dispatchEvent(new Event(kind, { bubbles: true }));",
        dialog,
    )
    seen.append(fragment(page))
    assert len(set(seen)) == len(seen)
    assert "mix=30" in seen[-1]
    before = state(page)
    again(page)
    wait_for(page)
    assert state(page) == before
    assert before["strength"] == "0.3"
    # The keys work at once, as they did before.
    press(page, Keys.ARROW_RIGHT)
    assert text(page, "enlarged-title") != before["title"]


def test_closed_it_leaves_the_address_as_it_was(page: Chrome) -> None:
    choose(page, "outcome", "correct")
    before = fragment(page)
    click(page, ".card [data-method='0'] .pic")
    press(page, Keys.ARROW_RIGHT, Keys.ESCAPE)
    wait_for(page, open_=False)
    until(page, lambda b: fragment(b) == before)
    # Opened from an address, it leads to the image.
    index = page.execute_script(CARDS)[0]["index"]
    page.execute_script(f"location.hash = 'image-{index}?outcome=correct&large=gradcam'")
    wait_for(page)
    press(page, Keys.ESCAPE)
    until(page, lambda b: fragment(b) == f"#image-{index}?outcome=correct")


def test_an_address_elsewhere_closes_it(page: Chrome) -> None:
    click(page, ".card [data-method='0'] .pic")
    page.execute_script("location.hash = 'trust'")
    wait_for(page, open_=False)
    assert fragment(page) == "#trust"


@pytest.mark.parametrize("wish", ["large=<b>", "large=constructor&for=<i>&mix=x", "large=&mix=999"])
def test_what_is_not_offered_is_passed_over(browser: Chrome, site: Path, wish: str) -> None:
    index = None
    for page in opened(browser, site / USUAL):
        index = page.execute_script(CARDS)[0]["index"]
    for page in opened(browser, site / USUAL, f"#image-{index}?{wish}"):
        wait_for(page)
        assert state(page)["method"] == "none (image only)"
    for page in opened(browser, site / USUAL, "#image-99999?large=gradcam"):
        wait_for(page, open_=False)


def test_the_single_file_keeps_and_restores_it(browser: Chrome, one_file: Path) -> None:
    visit(browser, one_file)
    browser.execute_script("location.hash = arguments[0]", f"{CELL}:examples")
    card = f"[id='{CELL}'] .card.incorrect"
    until(browser, lambda b: b.find_element(By.CSS_SELECTOR, card).is_displayed())
    click(browser, f"{card} [data-method='1'] .pic")
    before = state(browser)
    assert fragment(browser).startswith(f"#{CELL}:image-")
    again(browser)
    wait_for(browser)
    dialog = browser.find_element(By.CSS_SELECTOR, "dialog[open]")
    until(browser, lambda _: dialog.is_displayed())
    assert state(browser) == before
    press(browser, Keys.ARROW_RIGHT)
    assert state(browser)["title"] != before["title"]
    press(browser, Keys.ESCAPE)
    wait_for(browser, open_=False)
    assert browser.get_log("browser") == []
