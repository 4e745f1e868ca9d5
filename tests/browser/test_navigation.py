"""Getting about: the menu of networks, the contents of each page, links to headings."""

from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By

from tests.browser.test_pages import CELL_PAGE, OVERFLOW, PAGES, visit
from tests.browser.waiting import until

pytestmark = pytest.mark.browser

NETWORKS = 6


def test_every_page_lists_the_networks_and_has_contents(browser: Chrome, site: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        for page in PAGES:
            visit(browser, site / page)
            menu = browser.find_element(By.CSS_SELECTOR, "details.menu")
            entries = menu.find_elements(By.CSS_SELECTOR, "li")
            layers = [e for e in entries if "what layers keep" in e.get_property("textContent")]
            assert (len(entries), len(layers)) == (NETWORKS + 1, 1), page
            here = menu.find_elements(By.CSS_SELECTOR, "[aria-current]")
            assert len(here) == page.startswith(("cells/", "layers/")), page
            menu.find_element(By.TAG_NAME, "summary").click()
            assert all(entry.is_displayed() for entry in entries), page
            headings = browser.find_elements(By.CSS_SELECTOR, "main h2[id]")
            contents = browser.find_elements(By.CSS_SELECTOR, "nav[aria-label='On this page'] li")
            assert len(contents) >= len(headings) or len(headings) < 2, page
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("width", [360, 700])
def test_the_open_menu_is_within_the_window(browser: Chrome, site: Path, width: int) -> None:
    visit(browser, site / CELL_PAGE, width)
    browser.find_element(By.CSS_SELECTOR, "details.menu summary").click()
    box = browser.find_element(By.CLASS_NAME, "menu-box").rect
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert browser.execute_script(OVERFLOW) <= 0


def test_escape_and_a_click_beside_it_close_the_menu(browser: Chrome, site: Path) -> None:
    visit(browser, site / CELL_PAGE)
    menu = browser.find_element(By.CSS_SELECTOR, "details.menu")
    summary = menu.find_element(By.TAG_NAME, "summary")
    summary.click()
    menu.find_element(By.TAG_NAME, "a").send_keys(Keys.ESCAPE)
    assert menu.get_attribute("open") is None
    assert browser.switch_to.active_element == summary
    summary.click()
    footer = browser.find_element(By.CSS_SELECTOR, ".foot p")
    ActionChains(browser).scroll_to_element(footer).move_to_element(footer).click().perform()
    assert menu.get_attribute("open") is None


def test_a_heading_is_a_link_to_be_copied(browser: Chrome, site: Path) -> None:
    visit(browser, site / CELL_PAGE)
    unlinked = browser.execute_script(
        "return [...document.querySelectorAll('h2, h3')].filter((h) => !h.querySelector('a')"
        " && !h.matches('.visually-hidden')).map((h) => h.textContent)"
    )
    assert unlinked == []
    link = browser.find_element(By.CSS_SELECTOR, "#curves .heading-link")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", link)
    browser.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]},
    )
    link.click()
    until(browser, lambda page: link.get_attribute("data-copied") is not None)
    copied = browser.execute_async_script(
        "const done = arguments[0]; navigator.clipboard.readText().then(done, () => done(null))"
    )
    assert copied == link.get_attribute("href")
    assert copied.endswith("#curves")
    assert browser.execute_script("return location.hash") == "#curves"
