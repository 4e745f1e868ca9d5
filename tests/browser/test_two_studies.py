"""The page on two studies in a real browser, from file://, in both themes and widths."""

import json
from contextlib import chdir
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from heatproof.report.pages import two_studies
from tests import overlay
from tests.browser.conftest import HOSTILE
from tests.browser.test_accessibility import axe, violations
from tests.browser.test_pages import SCREENS, requested, sound_pictures
from tests.report import fixture
from tests.report.two_studies import changed, read, remove

pytestmark = pytest.mark.browser
__all__ = ("axe",)  # the fixture


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """Compare two studies with hostile names, of the second of which something is missing."""
    folder = tmp_path_factory.mktemp("two stüdies")
    (folder / "first").mkdir()
    with chdir(folder / "first"):
        pictures = fixture.digits((*HOSTILE[:4], *"456789"))
        fixture.write_study(repository, pictures=pictures)
    second = changed(folder / "first", folder / "second")
    remove(second, Path("data/predictions/baseline_cnn-digits.npz"))
    content = overlay.read(second / "params.yaml")
    content["cells"][HOSTILE[3]] = {"model": "lenet5", "dataset": HOSTILE[4]}
    overlay.write(second / "params.yaml", content)
    sides = read(folder / "first", HOSTILE[0]), read(second, HOSTILE[3])
    with chdir(folder):
        two_studies.write(*sides, Path("comparison"), HOSTILE[0])
    return folder / "comparison" / "index.html"


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_the_page_is_sound(browser: Chrome, page: Path, axe: str, width: int, theme: str) -> None:
    assert sound_pictures(browser, page, width, theme) == 2
    assert not [a for a in requested(browser) if a.startswith("http")]
    found = violations(browser, axe, **{"color-contrast": {"enabled": False}})
    assert found == [], json.dumps(found, indent=1)
