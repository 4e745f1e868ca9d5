"""The report in one file, in a real browser: pages change, links arrive, the theme switches."""

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.test_pages import (
    LOW_CONTRAST,
    OVERFLOW,
    SCREENS,
    background,
    requested,
    visit,
)
from tests.browser.waiting import until

pytestmark = pytest.mark.browser

CELL = "cells.simple_cnn-digits"
EVERY = "return [...document.querySelectorAll('.page')].map((p) => p.id)"
SHOWN = EVERY.replace(".map", ".filter((p) => p.checkVisibility()).map")


def go(browser: Chrome, fragment: str) -> None:
    browser.execute_script("location.hash = arguments[0]", fragment)
    page = fragment.partition(":")[0]
    until(browser, lambda b: b.execute_script(SHOWN) == [page])


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_every_page_is_sound(browser, one_file, width, theme):
    browser.get_log("browser")
    list(requested(browser))
    visit(browser, one_file, width, theme)
    pages = browser.execute_script(
        "return [...document.querySelectorAll('.page')].map((p) => p.id)"
    )
    assert browser.execute_script(SHOWN) == ["index"]
    browser.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
    for page in pages:
        go(browser, page)
        assert browser.execute_script(OVERFLOW) <= 0, page
        assert browser.execute_script(LOW_CONTRAST) == [], page
    assert browser.get_log("browser") == []
    assert not [a for a in requested(browser) if a.startswith("http")]


def test_a_link_leads_to_a_part_of_another_page_and_back(browser, one_file):
    visit(browser, one_file)
    link = browser.find_element(By.CSS_SELECTOR, "#index a[href$=':examples']")
    cell = link.get_attribute("href").partition("#")[2].partition(":")[0]
    browser.execute_script("arguments[0].click()", link)
    until(browser, lambda b: b.execute_script(SHOWN) == [cell])
    assert browser.title.endswith(" on digits")
    place = f"return document.getElementById('{cell}:examples').getBoundingClientRect().top"
    until(browser, lambda b: abs(b.execute_script(place)) < 200)
    assert browser.switch_to.active_element.get_attribute("id") == cell
    browser.back()
    until(browser, lambda b: b.execute_script(SHOWN) == ["index"])


def test_a_link_into_a_folded_part_of_another_page_opens_it(browser, one_file):
    visit(browser, one_file)
    browser.execute_script(
        "document.getElementById(arguments[0]).querySelector('details:not([open])').append("
        "Object.assign(document.createElement('p'), {id: 'deep', textContent: 'deep'}))", CELL
    )  # fmt: skip
    browser.execute_script("location.hash = 'deep'")
    until(browser, lambda b: b.find_element(By.ID, "deep").is_displayed())


def test_a_fragment_that_a_page_keeps_for_itself_shows_that_page(browser, one_file):
    visit(browser, one_file)
    browser.execute_script("location.hash = 'methods:a+b'")
    until(browser, lambda b: b.execute_script(SHOWN) == ["methods"])


def test_pictures_are_drawn_and_the_theme_switches(browser, one_file):
    visit(browser, one_file, theme="light")
    browser.execute_script("localStorage.clear()")
    visit(browser, one_file, theme="light")
    light = background(browser)
    browser.find_element(By.ID, "theme").click()
    assert background(browser) != light
    browser.execute_script("localStorage.clear()")
    visit(browser, one_file, theme="light")
    # A sprite's tile has more than one colour where it was drawn.
    strip = browser.find_element(By.CSS_SELECTOR, "#index .pair .tile")
    assert len(set(strip.screenshot_as_png)) > 30
    colours = browser.execute_async_script(
        """const done = arguments[0];
        const href = document.querySelector('#index .tile use').getAttribute('href').slice(1);
        const image = document.getElementById(href).querySelector('image');
        const copy = new Image();
        copy.onload = () => done(copy.naturalWidth === Number(image.getAttribute('width')));
        copy.onerror = () => done(false);
        copy.src = image.getAttribute('href');"""
    )
    assert colours


def test_without_scripts_all_pages_stand_below_each_other(browser, one_file):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit(browser, one_file)
        headings = browser.find_elements(By.CSS_SELECTOR, ".page h1")
        assert len(headings) > 5
        assert all(heading.is_displayed() for heading in headings)
        assert browser.find_element(By.CSS_SELECTOR, ".tile use").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_pages_own_controls_work_on_that_page_only(browser, one_file):
    visit(browser, one_file)
    go(browser, f"{CELL}:examples?outcome=incorrect")
    counts = (
        "return [...document.querySelectorAll('[id$=\":gallery-count\"]')].map((e) =>"
        " [e.closest('.page').id, e.textContent])"
    )
    texts = dict(browser.execute_script(counts))
    assert len(texts) > 1
    assert " of " in texts.pop(CELL)
    assert all(text.startswith("All ") for text in texts.values())
    # Maps are coloured by filters that the document has once.
    find = f"document.getElementById('{CELL}').querySelector('.levels')"
    used = browser.execute_script(f"return getComputedStyle({find}).filter")
    name = used.partition("#")[2].rstrip('")')
    assert (
        browser.execute_script("return document.querySelectorAll(`#${arguments[0]}`).length", name)
        == 1
    )
    square = browser.find_element(By.CSS_SELECTOR, f"[id='{CELL}:confusion'] .matrix td a")
    browser.execute_script("arguments[0].click()", square)
    panel = browser.find_element(By.ID, f"{CELL}:square")
    assert panel.is_displayed() and panel.find_elements(By.CSS_SELECTOR, "svg use")
    assert browser.get_log("browser") == []


def test_maps_are_compared_in_the_file_too(browser, one_file):
    visit(browser, one_file)
    go(browser, "compare")
    shown = browser.find_elements(By.CSS_SELECTOR, "[id='compare:curtain'] svg use")
    assert len(shown) >= 2
    pictures = (
        "return [...arguments[0]].every((u) => document.querySelector(u.getAttribute('href')))"
    )
    assert browser.execute_script(pictures, shown)
    link = browser.find_element(By.CSS_SELECTOR, "[id='compare:beside'] a")
    target = link.get_attribute("href").partition("#")[2]
    browser.execute_script("arguments[0].click()", link)
    page = target.partition(":")[0]
    until(browser, lambda b: b.execute_script(SHOWN) == [page])
    assert browser.execute_script("return document.getElementById(arguments[0])", target)
    assert browser.get_log("browser") == []
