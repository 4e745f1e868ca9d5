"""The page on experiments in a real browser, from file://, with names that nobody should choose."""

from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.common.by import By

from heatproof.report.pages import experiments
from heatproof.report.sections.outcomes import Outcome, Pictures, Start
from tests.browser.conftest import HOSTILE
from tests.browser.test_pages import SCREENS, requested, sound_pictures

pytestmark = pytest.mark.browser

CELL = "simple_cnn-digits"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Write the page of a full grid with filters, and of experiments with hostile names."""
    random = np.random.default_rng(0)
    found = []
    for number, (a, b) in enumerate(product((1, 2, 3), ("x", HOSTILE[0]))):
        seen = Pictures(filters={"conv2d": random.normal(size=(20, 3, 3, 1))})
        figures = {"accuracy": 0.5 + number / 100, "train_seconds": 10.0 * number}
        params = {"models.simple_cnn.network.stride": a, HOSTILE[4]: b}
        found.append(
            Outcome(HOSTILE[number], params=params, figures={CELL: figures}, pictures={CELL: seen})
        )
    found.append(Outcome(HOSTILE[7], "failed", f"it `broke`: {HOSTILE[3]}"))
    baseline = replace(found[0], name="baseline")
    folder = tmp_path_factory.mktemp("a study ünd its experiments")
    with chdir(folder):
        starts = [Start("a" * 40, HOSTILE[1], True, baseline, tuple(found))]
        experiments.write(starts, Path("experiments"), Path("reports"))
    yield folder / "experiments" / "index.html"


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_the_page_is_sound(browser, page, width, theme):
    assert sound_pictures(browser, page, width, theme) == 1
    assert not [a for a in requested(browser) if a.startswith("http")]
    tables = browser.find_elements(By.CSS_SELECTOR, ".grid-table")
    assert len(tables) == 2
    assert "54.0 %" in tables[0].text or "55.0 %" in tables[0].text
    for box in browser.find_elements(By.CSS_SELECTOR, ".scroll"):
        assert box.get_attribute("tabindex") == "0"
        assert box.get_attribute("aria-label")
