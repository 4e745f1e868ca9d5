"""The chosen colour maps reach every map of a cell's page, and no image."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from heatproof.report import single_file
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


@pytest.mark.parametrize(
    ("place", "control", "usual", "chosen"),
    [
        (f"{FILTER}.tile", "signed", "RdBu_r", "PuOr_r"),
        (f"{FILTER}.ramp", "signed", "RdBu_r", "PuOr_r"),
        (f"{FEATURE}.tile", "unsigned", "gray", "cividis"),
        (f"{FEATURE}.ramp", "unsigned", "gray", "cividis"),
        (CHANGE, "signed", "RdBu_r", "PuOr_r"),
        ("#counterfactuals .ramp.signed", "signed", "RdBu_r", "PuOr_r"),
        (ATTACK, "unsigned", "viridis", "magma"),
        ("#counterfactuals .ramp.unsigned", "unsigned", "viridis", "magma"),
    ],
)
def test_maps_and_their_legends_follow_the_choice(
    page: Chrome, place: str, control: str, usual: str, chosen: str
) -> None:
    before = middle(page, place)
    assert len(np.unique(before, axis=0)) > 1
    assert apart(before, usual) < 6
    choose(page, control, chosen)
    assert apart(middle(page, place), chosen) < 6
    assert apart(before, chosen) > 6, "the two can be told apart"


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


def test_in_one_file_a_choice_holds_for_its_page(
    browser: Chrome, site: Path, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_text(single_file.merge(site), encoding="utf-8")
    visit(browser, path)
    ours, other = "cells.simple_cnn-digits", "cells.baseline_cnn-digits"
    browser.execute_script("location.hash = arguments[0]", f"{ours}:examples?signed=PuOr_r")
    browser.execute_async_script("setTimeout(arguments[0], 300)")
    used = (
        "return getComputedStyle(document.getElementById(arguments[0] + ':features')"
        ".querySelector('.levels.signed')).filter"
    )
    assert "PuOr_r" in browser.execute_script(used, ours)
    assert "RdBu_r" in browser.execute_script(used, other)
