"""The chosen colour maps reach every map of a cell's page, and no image."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.test_gallery_page import USUAL, choose, middle, opened
from tests.browser.test_pages import visit

pytestmark = pytest.mark.browser

FILTER = "#features .levels.signed"
FEATURE = "#features .levels.unsigned"
CHANGE = "#counterfactuals .shot .levels.signed"
ATTACK = "#counterfactuals .shot .levels.unsigned"


@pytest.fixture
def page(browser: Chrome, site: Path) -> Iterator[Chrome]:
    for chrome in opened(browser, site / USUAL):
        chrome.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
        yield chrome


def apart(drawn: np.ndarray, name: str) -> float:
    """How far colours, int (pixels, 3), are from those of a colour map, all but a few of them."""
    expected = 255 * colormaps[name](np.arange(256))[:, :3]
    return float(
        np.quantile(np.abs(drawn[:, None] - expected[None]).max(axis=-1).min(axis=-1), 0.95)
    )


PLACES = (
    (f"{FILTER}.tile", "signed", "RdBu_r", "PuOr_r"),
    (f"{FILTER}.ramp", "signed", "RdBu_r", "PuOr_r"),
    (f"{FEATURE}.tile", "unsigned", "gray", "cividis"),
    (f"{FEATURE}.ramp", "unsigned", "gray", "cividis"),
    (CHANGE, "signed", "RdBu_r", "PuOr_r"),
    ("#counterfactuals .ramp.signed", "signed", "RdBu_r", "PuOr_r"),
    (ATTACK, "unsigned", "viridis", "cividis"),
    ("#counterfactuals .ramp.unsigned", "unsigned", "viridis", "cividis"),
)


def test_maps_and_their_legends_follow_the_choice(page: Chrome) -> None:
    before = {place: middle(page, place) for place, *_ in PLACES}
    for place, _, usual, chosen in PLACES:
        assert len(np.unique(before[place], axis=0)) > 1, place
        assert apart(before[place], usual) < 6, place
        assert apart(before[place], chosen) > 6, f"{place}: the two can be told apart"
    for _, control, _, chosen in PLACES:
        choose(page, control, chosen)
    for place, _, _, chosen in PLACES:
        assert apart(middle(page, place), chosen) < 6, place


def test_an_address_recolours_them_too(browser: Chrome, site: Path) -> None:
    for page in opened(browser, site / USUAL, "#examples?signed=PuOr_r"):
        assert apart(middle(page, f"{FILTER}.tile"), "PuOr_r") < 6


def test_images_keep_their_colours(page: Chrome) -> None:
    images = page.find_elements(By.CSS_SELECTOR, "#features .tile:not(.levels)")
    images += page.find_elements(By.CSS_SELECTOR, "#counterfactuals .tile:not(.levels)")
    assert len(images) > 10, "what classes prefer, originals and changed ones"
    choose(page, "unsigned", "cividis")
    used = "return [...new Set([...arguments[0]].map((e) => getComputedStyle(e).filter))]"
    assert page.execute_script(used, images) == ["none"]


def test_they_are_coloured_without_scripts_too(browser: Chrome, site: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit(browser, site / USUAL)
        assert apart(middle(browser, f"{FILTER}.tile"), "RdBu_r") < 6
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_in_one_file_a_choice_holds_for_its_page(browser: Chrome, one_file: Path) -> None:
    visit(browser, one_file)
    ours, other = "cells.simple_cnn-digits", "cells.baseline_cnn-digits"
    browser.execute_script("location.hash = arguments[0]", f"{ours}:examples?signed=PuOr_r")
    browser.execute_async_script("setTimeout(arguments[0], 300)")
    used = (
        "return getComputedStyle(document.getElementById(arguments[0] + ':features')"
        ".querySelector('.levels.signed')).filter"
    )
    assert "PuOr_r" in browser.execute_script(used, ours)
    assert "RdBu_r" in browser.execute_script(used, other)
