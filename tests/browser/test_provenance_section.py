"""The section on provenance in a real browser: hostile names stay text, the file is offered."""

import base64
import json
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from heatproof.report import single_file
from stages import report
from tests.browser.test_pages import LOW_CONTRAST, OVERFLOW, SCREENS, visit
from tests.report import fixture
from tests.report import provenance_records as records

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Path]:
    """Build a site of a study whose provenance is as hostile as files and firmware can make it."""
    folder = tmp_path_factory.mktemp("hostile_site")
    with chdir(folder):
        params = fixture.write_study(repository)
        records.write(records.hostile(*params.cells))
        report.main()
    yield folder / "reports"


@pytest.mark.parametrize(("width", "theme"), SCREENS)
def test_the_section_is_sound(browser: Chrome, hostile_site: Path, width: int, theme: str) -> None:
    browser.get_log("browser")
    visit(browser, hostile_site / "index.html", width, theme)
    browser.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
    assert browser.execute_script(OVERFLOW) <= 0
    assert browser.execute_script(LOW_CONTRAST) == []
    section = browser.find_element(By.ID, "provenance")
    assert '<script>alert("cpu")</script>' in section.text
    assert section.find_elements(By.CSS_SELECTOR, "script, img, i") == []
    assert browser.get_log("browser") == []


def test_every_page_offers_the_file(browser: Chrome, hostile_site: Path) -> None:
    for path in sorted(hostile_site.rglob("*.html")):
        visit(browser, path)
        link = browser.find_element(By.CSS_SELECTOR, ".foot a[href$='provenance.json']")
        assert link.get_attribute("href") == (hostile_site / "provenance.json").as_uri()
    visit(browser, hostile_site / "provenance.json")
    shown = json.loads(browser.find_element(By.TAG_NAME, "pre").text)
    assert shown == json.loads((hostile_site / "provenance.json").read_text())


def test_the_single_file_holds_it(browser: Chrome, hostile_site: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(single_file.merge(hostile_site), encoding="utf-8")
    browser.get_log("browser")
    visit(browser, path)
    link = browser.find_element(By.CSS_SELECTOR, ".foot a[download]")
    assert link.get_attribute("download") == "provenance.json"
    kind, _, content = link.get_attribute("href").partition(",")
    assert kind == "data:application/json;base64"
    assert base64.b64decode(content) == (hostile_site / "provenance.json").read_bytes()
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    link.click()
    saved = tmp_path / "provenance.json"
    browser.execute_async_script("setTimeout(arguments[0], 1500)")
    assert saved.read_bytes() == (hostile_site / "provenance.json").read_bytes()
    assert browser.get_log("browser") == []
    where = browser.find_element(By.CSS_SELECTOR, ".foot a[href='#index:provenance']")
    where.click()
    assert browser.find_element(By.ID, "index:provenance").is_displayed()
