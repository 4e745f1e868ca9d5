"""`heatproof app` as it is started, in a real browser: explain, cancel, compare, save.

One study, one process and one page, whose tests follow each other: each begins where the one
before it ended.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from heatproof.storage import paths
from tests import scratch, small_cell
from tests.browser.test_accessibility import axe, violations  # noqa: F401 - a fixture
from tests.browser.test_pages import requested
from tests.browser.waiting import until
from tests.photos import photo

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GRAY, COLOUR = "simple_cnn-digits", "baseline_cnn-cifar10"
PHOTO = "phöto & <b>.png"
# Paste or drop a file: how, its content or how many bytes, its name.
GIVEN = """
  const files = new DataTransfer();
  const [, content, name] = arguments;
  const bytes = typeof content === "number" ? new Uint8Array(content) : content;
  files.items.add(new File([bytes], name, { type: "image/png" }));
  const how = { bubbles: true, cancelable: true };
  const event = arguments[0] === "paste"
    ? new ClipboardEvent("paste", { ...how, clipboardData: files })
    : new DragEvent("drop", { ...how, dataTransfer: files });
  document.getElementById("drop").dispatchEvent(event);
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a study in which nothing is trained; LIME takes as long as it takes to be cancelled."""
    folder = tmp_path_factory.mktemp("a study ünd its pictures")
    with chdir(folder):
        slow = {"perturbation": {"lime": {"samples": 100_000}}}
        small_cell.write_params(GRAY, COLOUR, explain=scratch.FEW_SAMPLES | slow)
        photo(PHOTO, (60, 48), colour=True)
    return folder


@pytest.fixture(scope="module")
def address(study: Path) -> Iterator[str]:
    """Start the app, and write two small cells while its worker loads TensorFlow.

    At the end Ctrl-C ends it, without a word on stderr.
    """
    program = subprocess.Popen(
        [sys.executable, "-m", "heatproof.app.command", "--port", "0"],
        cwd=study, env=os.environ | {"PYTHONPATH": str(scratch.ROOT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        with chdir(study):
            for cell, side, channels in ((GRAY, 16, 1), (COLOUR, 12, 3)):
                small_cell.write_cell(
                    cell, side, channels, mistaken=lambda predicted: predicted < 5
                )
        assert program.stdout is not None
        program.stdout.readline()
        yield program.stdout.readline().strip()
        program.send_signal(signal.SIGINT)
        printed, errors = program.communicate(timeout=60)
        assert (program.returncode, printed, errors) == (0, "ended\n", "")
    finally:
        program.kill()
        program.wait()


@pytest.fixture(scope="module")
def downloads(browser: Chrome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("downloads")
    how = {"behavior": "allow", "downloadPath": str(folder)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", how)
    return folder


def state(browser: Chrome) -> str:
    return browser.find_element(By.ID, "state").text


def control(browser: Chrome, name: str):
    return browser.find_element(By.NAME, name)


def choose_methods(browser: Chrome, *names: str) -> None:
    """Choose methods by the keyboard."""
    browser.find_element(By.CSS_SELECTOR, "[data-choose=none]").send_keys(Keys.ENTER)
    for name in names:
        browser.find_element(By.CSS_SELECTOR, f"input[value={name}]").send_keys(Keys.SPACE)


def explain(browser: Chrome) -> None:
    browser.find_element(By.CSS_SELECTOR, "[type=submit]").send_keys(Keys.ENTER)


def results(browser: Chrome) -> list[str]:
    return [each.text for each in browser.find_elements(By.CSS_SELECTOR, ".result > h2")]


def test_a_picture_is_chosen_and_explained(browser: Chrome, address: str, study: Path) -> None:
    browser.get(address)
    submit = browser.find_element(By.CSS_SELECTOR, "[type=submit]")
    until(browser, lambda _: submit.is_enabled() and state(browser) == "Choose a picture.")
    explain(browser)
    assert state(browser) == "Choose a picture first."
    control(browser, "file").send_keys(str(study / PHOTO))
    until(browser, lambda _: "Picture chosen" in state(browser))
    choose_methods(browser, "gradcam", "saliency")
    assert browser.find_element(By.ID, "cost").text == "2 methods."
    explain(browser)
    until(browser, lambda _: "Done" in state(browser))
    assert results(browser) == ["phöto & <b>.png by simple_cnn on digits"]
    assert len(browser.find_elements(By.CSS_SELECTOR, ".result figure.map")) == 2


def test_what_is_saved_is_what_the_worker_gave(browser: Chrome, address, downloads) -> None:
    """It is the command's page to the byte: `tests.app.test_explaining`."""
    link = browser.find_element(By.CSS_SELECTOR, ".result a[download]")
    saved = downloads / link.get_attribute("download")
    link.send_keys(Keys.ENTER)
    until(browser, lambda _: saved.exists() and saved.stat().st_size)
    assert saved.name.endswith(f"-{GRAY}.html")
    page = saved.read_text("utf-8")
    assert page.startswith("<!doctype html>") and page.endswith("</html>")
    assert page.count('<figure class="map') == 2 and "phöto &amp; &lt;b&gt;.png" in page


def test_what_takes_long_is_cancelled_and_the_next_is_explained(browser: Chrome, address) -> None:
    choose_methods(browser, "lime")
    assert "LIME (10" in browser.find_element(By.ID, "cost").text
    explain(browser)
    bar = browser.find_element(By.CSS_SELECTOR, "#progress progress")
    until(browser, lambda _: bar.is_displayed() and "LIME, method 1 of 1" in state(browser))
    until(browser, lambda _: 0 < float(bar.get_attribute("value")) < 1)
    browser.find_element(By.ID, "cancel").send_keys(Keys.ENTER)
    until(browser, lambda _: state(browser) == "Cancelled.")
    assert not bar.is_displayed() and len(results(browser)) == 1
    active = browser.switch_to.active_element
    assert active.get_attribute("type") == "submit", "the keyboard is where it can go on"


def test_two_networks_stand_side_by_side(browser: Chrome, address: str) -> None:
    Select(control(browser, "other")).select_by_value(COLOUR)
    choose_methods(browser, "gradcam", "saliency")
    explain(browser)
    browser.execute_script(GIVEN, "paste", "no picture", "chosen meanwhile.png")
    until(browser, lambda _: "Done" in state(browser))
    assert results(browser)[:2] == [
        "phöto & <b>.png by simple_cnn on digits", "phöto & <b>.png by baseline_cnn on cifar10",
    ]  # fmt: skip
    sides = [Select(s) for s in browser.find_elements(By.CSS_SELECTOR, "#beside select")]
    assert [side.first_selected_option.text.split(",")[:2] for side in sides] == [
        ["Saliency", " simple_cnn on digits"], ["Saliency", " baseline_cnn on cifar10"],
    ]  # fmt: skip
    assert len(sides[0].options) == 6, "of all three results"
    sides[1].select_by_index(1)
    halves = browser.find_elements(By.CSS_SELECTOR, "#beside .half figure.map")
    assert len(halves) == 2 and "Grad-CAM" in halves[1].text
    ids = browser.execute_script("return [...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_nothing(browser: Chrome, address: str, axe: str, width, theme) -> None:  # noqa: F811
    browser.set_window_size(width, 900)
    browser.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
    browser.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
    assert violations(browser, axe) == []
    wider = "return document.documentElement.scrollWidth - innerWidth"
    assert browser.execute_script(wider) <= 0


def test_a_result_is_removed_with_its_maps(browser: Chrome, address: str) -> None:
    browser.find_elements(By.CSS_SELECTOR, ".result .tools button")[0].send_keys(Keys.ENTER)
    assert len(results(browser)) == 2
    side = Select(browser.find_element(By.CSS_SELECTOR, "#beside select"))
    assert len(side.options) == 4 and "baseline_cnn" in side.first_selected_option.text


def test_what_is_wrong_is_told_and_what_was_pasted_or_dropped_is_taken(
    browser: Chrome, address: str
) -> None:
    Select(control(browser, "other")).select_by_value("")
    for kind, name in (("paste", "pasted.png"), ("drop", "dropped.svg")):
        browser.execute_script(GIVEN, kind, "<svg onload=alert(1)>", name)
        assert state(browser) == f"Picture chosen: {name}"
        explain(browser)
        until(browser, lambda _: "no image of a known kind" in state(browser))
        assert name in state(browser)
    browser.execute_script(GIVEN, "paste", 33 * 2**20, "large.png")
    assert "large.png: the file is larger than 32 MiB" in state(browser)


def test_where_the_second_network_fails_the_first_has_its_result(
    browser: Chrome, address: str, study: Path
) -> None:
    (study / paths.weights(COLOUR)).write_bytes(b"cut off")
    control(browser, "file").send_keys(str(study / PHOTO))
    Select(control(browser, "other")).select_by_value(COLOUR)
    explain(browser)
    until(browser, lambda _: "the file is damaged" in state(browser))
    assert state(browser).endswith("The result by simple_cnn on digits is below.")
    assert results(browser)[0] == f"{PHOTO} by simple_cnn on digits"


def test_nothing_came_from_elsewhere_and_nothing_was_refused(browser: Chrome, address) -> None:
    origin = address.split("/", 3)[2]
    asked = [each for each in requested(browser) if each.startswith("http")]
    assert asked and all(each.split("/", 3)[2] == origin for each in asked)
    written = [each["message"] for each in browser.get_log("browser")]
    assert [each for each in written if "favicon" not in each] == []
