"""A real Chromium, headless and with a profile of its own, and a site for it to read."""

import shutil
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from heatproof.report import single_file
from heatproof.storage import artifacts, paths
from stages import report
from tests.conftest import BROWSERS
from tests.report import (
    derived_comparisons,
    fixture,
    inversion_results,
    playground_results,
    trust_results,
)

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--force-prefers-reduced-motion"),
)
SMALLER = "simple_cnn_int8-digits"
LONG = "a class whose name is far too long for the head of any table that has to fit a phone"
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "two\nlines",
    "unbroken" * 20,
    LONG,
    "🦉" * 30,
    "\u202egnp.exe",
    "{{ 7 * 7 }}",
    "</title>",
    "&amp;",
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Start Chromium; the console and every request are kept to be asked for."""
    binary = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    assert binary, f"no browser found; install one of {', '.join(BROWSERS)}"
    options = Options()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = Service(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_page_load_timeout(100)
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Path]:
    """Build a site: usual cells, one with hostile names, one without results, one at chance."""
    folder = tmp_path_factory.mktemp("a study ünd its report")
    with chdir(folder):
        cells = {
            "simple_cnn-digits": fixture.cell("simple_cnn", "digits"),
            "baseline_cnn-digits": fixture.cell("baseline_cnn", "digits"),
            "baseline_cnn-hostile": fixture.cell("baseline_cnn", "hostile"),
            "mobilenet_v2-digits": fixture.cell("mobilenet_v2", "digits"),
            "simple_cnn-two": fixture.cell("simple_cnn", "two"),
            SMALLER: fixture.cell("simple_cnn_int8", "digits"),
        }
        inverted = "baseline_cnn-hostile"
        lists = derived_comparisons.lists(cells, SMALLER)
        params = fixture.params_file(
            repository, cells, inversions={inverted: cells[inverted]}, **lists
        )
        usual, hostile = fixture.digits(), fixture.digits(class_names=HOSTILE)
        fixture.write_dataset_metrics("digits", usual)
        fixture.write_dataset_metrics("hostile", hostile)
        fixture.write_dataset("digits", usual)
        fixture.write_dataset("hostile", hostile)
        fixture.write_cell(params, "simple_cnn-digits", usual, mask="planted")
        fixture.write_cell(params, "baseline_cnn-digits", usual)
        fixture.write_cell(params, "baseline_cnn-hostile", hostile, right=0.7, never=3)
        fixture.write_cell(params, SMALLER, usual)
        derived_comparisons.write({SMALLER: derived_comparisons.compared()})
        two = fixture.digits(class_names=HOSTILE[:2])
        fixture.write_dataset_metrics("two", two)
        fixture.write_dataset("two", two)
        fixture.write_cell(params, "simple_cnn-two", two, never=1)
        assess = artifacts.read_metrics("assess", "simple_cnn-two")
        artifacts.write_metrics("assess", "simple_cnn-two", assess | {"above_chance": False})
        inversion_results.write(inverted)
        trust_results.write_claims(params.budget, "simple_cnn-digits")
        playground_results.write("simple_cnn-digits", usual.class_names)
        playground_results.write(inverted, hostile.class_names)
        playground_results.refuse("mobilenet_v2-digits")
        assert not paths.metrics("evaluate", "mobilenet_v2-digits").exists()
        report.main()
    yield folder / "reports"


@pytest.fixture(scope="session")
def one_file(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Merge the site into one file."""
    path = tmp_path_factory.mktemp("sent ünd kept") / "report.html"
    path.write_text(single_file.merge(site), encoding="utf-8")
    return path
