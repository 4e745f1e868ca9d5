"""A gallery of a thousand images, and two networks that have no explained image in common."""

from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from bench import gallery
from bench.results import PROJECT
from tests.browser.test_pages import visit
from tests.browser.waiting import until
from tests.report.gallery_results import LARGE_CELLS as CELLS
from tests.report.gallery_results import LARGE_IMAGES as IMAGES
from tests.report.gallery_results import large_site

pytestmark = pytest.mark.browser

# Changes a control as a hand would; returns how many cards were moved for it. How long that takes
# is measured by `python -m bench.gallery`.
CHANGE = """
const [name, value] = arguments;
const control = document.querySelector(`#gallery-controls [name="${name}"]`);
const moves = new MutationObserver(() => {});
moves.observe(control.closest("section"), { childList: true, subtree: true });
control.value = value;
control.dispatchEvent(new Event("change", { bubbles: true }));
const added = moves.takeRecords().flatMap((record) => [...record.addedNodes]);
moves.disconnect();
return added.filter((node) => node.classList?.contains("card")).length;
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """Build a site of two cells, one of which explains a thousand images."""
    return large_site(repository, tmp_path_factory.mktemp("large"))


def test_a_thousand_images_are_filtered_and_sorted(browser: Chrome, large: Path) -> None:
    visit(browser, large / f"cells/{CELLS[0]}.html")
    count = browser.find_element(By.ID, "gallery-count")
    assert count.text == "All 1,000 images"
    shown = "return [...document.querySelectorAll('.gallery-group .card')]"
    shown += ".filter((c) => c.checkVisibility()).length"
    seen = browser.execute_script(shown)
    assert 0 < seen < IMAGES / 10
    # A control answers at once because it moves no card that is folded away.
    for name, values in gallery.CONTROLS.items():
        moved = [browser.execute_script(CHANGE, name, value) for value in values]
        assert 0 < max(moved) <= seen, (name, moved)
    browser.execute_script(CHANGE, "true", "3")
    assert count.text == "100 of 1,000 images"
    browser.execute_script(CHANGE, "sort", "most-confident")
    browser.execute_script(CHANGE, "true", "")
    # What is folded away follows too, when it is opened.
    sure = browser.execute_async_script(
        "const [done] = arguments;"
        "const more = document.querySelector('[data-kind=correct] .more-images');"
        "more.addEventListener('toggle', () => done([...more.querySelectorAll('.card')]"
        ".map((c) => Number(c.dataset.confidence)))); more.open = true"
    )
    assert len(sure) > 600
    assert sure == sorted(sure, reverse=True)


def test_the_bench_times_each_control(large: Path) -> None:
    measurements = gallery.measured(large / f"cells/{CELLS[0]}.html", rounds=1)
    assert [m.case for m in measurements] == [f"gallery: {name}" for name in gallery.CONTROLS]
    for measurement, values in zip(measurements, gallery.CONTROLS.values(), strict=True):
        times = measurement.sides[PROJECT]
        assert len(times) == len(values)
        assert min(times) > 0
        assert measurement.part == "gallery"


def test_a_link_to_a_folded_image_unfolds_it(browser: Chrome, large: Path) -> None:
    visit(browser, large / f"cells/{CELLS[0]}.html")
    Select(browser.find_element(By.NAME, "outcome")).select_by_value("incorrect")
    browser.execute_script("location.hash = 'image-998'")  # a right answer, among the last
    card = browser.find_element(By.ID, "image-998")
    assert card.is_displayed()
    top = "return arguments[0].getBoundingClientRect().top"
    until(browser, lambda b: 0 <= b.execute_script(top, card) < 100)


def test_methods_beyond_the_chosen_ones_are_one_click_away(browser: Chrome, large: Path) -> None:
    visit(browser, large / f"cells/{CELLS[1]}.html")
    card = browser.find_element(By.CSS_SELECTOR, ".card.incorrect")
    target = card.find_element(By.CSS_SELECTOR, ".target")
    shots = target.find_elements(By.CSS_SELECTOR, "[data-method]")
    more = target.find_element(By.CSS_SELECTOR, ".more-methods")

    def shown() -> int:
        return browser.execute_script(
            "return arguments[0].filter((e) => e.checkVisibility()).length", shots
        )

    assert (shown(), len(shots)) == (6, 9)
    more.find_element(By.TAG_NAME, "summary").click()
    assert shown() == 9
    every = browser.find_element(By.CSS_SELECTOR, "[data-do=unfold]")
    for folded in (False, True):
        every.click()
        opened = browser.execute_script(
            "return [...document.querySelectorAll('.more-methods')].map((d) => d.open)"
        )
        assert set(opened) == {not folded}
    # A method that the reader chooses is not left folded away.
    last = shots[-1].get_attribute("data-method")
    browser.execute_script(
        "const boxes = [...document.querySelectorAll('.method-boxes input')];"
        "for (const box of boxes) box.checked = box === boxes[arguments[0]];"
        "boxes[0].dispatchEvent(new Event('change', { bubbles: true }))",
        int(last),
    )
    assert (shown(), shots[-1].is_displayed()) == (1, True)
    browser.find_element(By.CSS_SELECTOR, "[data-do=reset]").click()
    assert shown() == 6


def test_networks_without_a_common_image_offer_what_is_possible(
    browser: Chrome, large: Path
) -> None:
    visit(browser, large / "compare.html")
    first, second = CELLS
    stage, note = (browser.find_element(By.ID, f"compare-{part}") for part in ("stage", "note"))
    assert stage.is_displayed(), "two methods of the one network"
    Select(browser.find_element(By.NAME, "b")).select_by_value(second)
    assert not stage.is_displayed()
    assert note.text.startswith("simple_cnn and baseline_cnn have no explained image in common.")
    assert "Choose two methods of simple_cnn" in note.text
    assert Select(browser.find_element(By.NAME, "a")).first_selected_option.text in first
    Select(browser.find_element(By.NAME, "a")).select_by_value(second)
    assert stage.is_displayed()
    assert not note.is_displayed()
