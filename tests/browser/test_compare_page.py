"""Two maps of one image: the divider by keyboard and by hand, the choices, the address."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from tests.browser.test_pages import visit

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Chrome, site: Path) -> Iterator[Chrome]:
    """Open the page afresh; afterwards, nothing may stand in the console."""
    browser.get("about:blank")
    browser.get_log("browser")
    visit(browser, site / "compare.html")
    yield browser
    assert browser.get_log("browser") == []


def choice(browser: Chrome, name: str) -> Select:
    return Select(browser.find_element(By.NAME, name))


def chosen(browser: Chrome, name: str) -> str:
    return choice(browser, name).first_selected_option.get_attribute("value")


def views(browser: Chrome) -> list[str]:
    """Which parts of which sprites lie over each other."""
    return browser.execute_script(
        "return [...document.querySelectorAll('#curtain .levels')].map((t) =>"
        "t.getAttribute('viewBox') + t.querySelector('image').getAttribute('href'))"
    )


def test_two_networks_are_compared_on_an_image_of_both(page: Chrome) -> None:
    assert (chosen(page, "a"), chosen(page, "b")) == ("simple_cnn-digits", "baseline_cnn-digits")
    assert choice(page, "image").options
    assert len(views(page)) == 2
    captions = [c.text for c in page.find_elements(By.CSS_SELECTOR, "#beside figcaption")]
    assert captions[1].startswith("A: simple_cnn\nGrad-CAM for")
    assert captions[2].startswith("B: baseline_cnn\nGrad-CAM for")
    assert re.search(r"\n0\n[0-9.]+ logits\n", captions[2]), "the ends of the scale, in its unit"
    assert "Predicted" in captions[2]
    assert re.search(
        r"^Grad-CAM for .*: (use|use with care|do not use)$", captions[1], re.MULTILINE
    )
    assert not page.find_element(By.ID, "compare-no-script").is_displayed()


def test_the_divider_moves_by_the_keyboard(page: Chrome) -> None:
    divider = page.find_element(By.ID, "divider")
    top = page.find_element(By.CSS_SELECTOR, "#curtain .on-top")
    assert top.value_of_css_property("clip-path") == "inset(0px 0px 0px 50%)"
    page.execute_script("arguments[0].focus()", divider)
    divider.send_keys(Keys.ARROW_LEFT * 10)
    assert top.value_of_css_property("clip-path") == "inset(0px 0px 0px 40%)"
    assert divider.get_attribute("aria-valuetext") == "A on 40 %, B on 60 % of the picture"
    divider.send_keys(Keys.HOME)
    assert top.value_of_css_property("clip-path") == "inset(0px 0px 0px 0%)"


def test_the_divider_moves_by_hand(page: Chrome) -> None:
    curtain = page.find_element(By.ID, "curtain")
    page.execute_script("arguments[0].scrollIntoView({ block: 'center' })", curtain)
    width = curtain.rect["width"]
    ActionChains(page).move_to_element(curtain).click_and_hold().move_by_offset(
        round(width / 4), 0
    ).release().perform()
    assert 70 <= int(page.find_element(By.ID, "divider").get_attribute("value")) <= 80


def test_two_methods_of_one_network(page: Chrome) -> None:
    before = views(page)
    choice(page, "b").select_by_value(chosen(page, "a"))
    choice(page, "b-method").select_by_value("lime")
    after = views(page)
    assert after[0] != after[1]
    assert after != before
    kinds = page.find_elements(By.CSS_SELECTOR, "#curtain .levels.signed")
    assert len(kinds) == 1
    page.find_element(By.CSS_SELECTOR, "[data-do=swap]").click()
    assert views(page) == after[::-1]


def test_every_image_shows_the_same_test_image_for_both(page: Chrome) -> None:
    options = [o.get_attribute("value") for o in choice(page, "image").options]
    for value in options:
        choice(page, "image").select_by_value(value)
        links = page.find_elements(By.CSS_SELECTOR, "#beside figcaption a")
        assert [a.get_attribute("href").partition("#")[2] for a in links] == [f"image-{value}"] * 2
        for link in links:
            parts = urlsplit(link.get_attribute("href"))
            assert f'id="{parts.fragment}"' in Path(unquote(parts.path)).read_text()
        assert len(views(page)) == 2


def test_the_address_brings_the_comparison_back(page: Chrome, site: Path) -> None:
    choice(page, "dataset").select_by_value("1")
    assert chosen(page, "a") == "baseline_cnn-hostile"
    choice(page, "a-method").select_by_value("saliency")
    choice(page, "role").select_by_value("predicted")
    choice(page, "unsigned").select_by_value("gray")
    page.find_element(By.ID, "divider").send_keys(Keys.ARROW_RIGHT * 5)
    address = page.current_url
    state = parse_qs(address.partition("?")[2])
    assert state["divider"] == ["55"]
    before = views(page), page.find_element(By.ID, "beside").text
    page.get("about:blank")
    page.get(address)
    assert (views(page), page.find_element(By.ID, "beside").text) == before
    assert chosen(page, "unsigned") == "gray"
    # An address that is wrong in every part shows what the page shows at first.
    page.get("about:blank")
    wrong = "#compare?dataset=no&a=x&b=y&a-method=z&image=-1&role=<b>&divider=x&over=constructor"
    page.get((site / "compare.html").as_uri() + wrong)
    assert chosen(page, "a") == "simple_cnn-digits"
    assert len(views(page)) == 2


def test_without_scripts_it_explains_itself_and_links_to_the_networks(
    browser: Chrome, site: Path
) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit(browser, site / "compare.html")
        assert browser.find_element(By.ID, "compare-no-script").is_displayed()
        assert not browser.find_element(By.ID, "compare-controls").is_displayed()
        links = browser.find_elements(By.CSS_SELECTOR, "#compare table a")
        models = ["simple_cnn", "baseline_cnn", "simple_cnn_int8", "baseline_cnn", "simple_cnn"]
        assert [link.text for link in links] == models
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
