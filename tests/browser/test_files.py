"""What a reader can save: charts as SVG and PNG, tables as CSV (test_tables) and LaTeX."""

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.test_pages import CELL_PAGE, visit

pytestmark = pytest.mark.browser

SVG = "{http://www.w3.org/2000/svg}"
CLASSES = "Precision, recall and F1 of each class on the test images"
# Presses a button; gives the name and the content of the file that it saves.
PRESSED = """
const [button, done] = arguments;
const made = URL.createObjectURL;
URL.createObjectURL = (blob) => {
  URL.createObjectURL = made;
  const reader = new FileReader();
  reader.onload = () => done([name, reader.result]);
  reader.readAsDataURL(blob);
  return made(blob);
};
let name = null;
HTMLAnchorElement.prototype.click = function () { name = this.download; };
button.click();
"""


@pytest.fixture
def page(browser: Chrome, site: Path) -> Iterator[Chrome]:
    browser.get_log("browser")
    visit(browser, site / CELL_PAGE, theme="dark")
    yield browser
    assert browser.get_log("browser") == [], "under the policy, from a file"


def saved(page: Chrome, label: str) -> tuple[str, bytes]:
    button = page.find_element(By.CSS_SELECTOR, f'button[aria-label="{label}"]')
    name, address = page.execute_async_script(PRESSED, button)
    return name, base64.b64decode(address.partition(",")[2])


def test_a_chart_is_saved_as_svg_with_its_title_and_styles(page: Chrome) -> None:
    name, content = saved(page, "Download SVG: Accuracy")
    assert name == "simple-cnn-on-digits-accuracy.svg"
    root = ElementTree.fromstring(content)
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert texts[0] == "Accuracy"
    assert {"training", "validation"} <= set(texts)
    strokes = {path.get("stroke") for path in root.iter(f"{SVG}path") if path.get("fill") == "none"}
    assert "rgb(31, 104, 176)" in strokes, "the light theme's, whatever the reader's is"
    assert not [element for element in root.iter() if element.get("class")]


def test_small_multiples_are_saved_as_one_drawing(page: Chrome) -> None:
    page.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
    figure = page.find_element(By.CSS_SELECTOR, "figure.multiples")
    panels = len(figure.find_elements(By.CSS_SELECTOR, ".panels svg"))
    button = figure.find_element(By.CSS_SELECTOR, ".chart-tools button")
    _, content = saved(page, button.get_attribute("aria-label") or "")
    root = ElementTree.fromstring(content)
    assert len(root.findall(f"{SVG}g")) == panels > 1
    assert not list(root.iter(f"{SVG}use")), "what is drawn elsewhere on the page is in the file"


def test_a_chart_is_saved_as_png(page: Chrome) -> None:
    name, content = saved(page, "Download PNG: Accuracy")
    assert name.endswith(".png")
    image = Image.open(io.BytesIO(content)).convert("RGB")
    box = "const { width, height } = document.querySelector('#curves svg').viewBox.baseVal;"
    width, height = page.execute_script(f"{box} return [width, height]")
    assert image.size == (3 * (width + 24), 3 * (height + 26))
    assert image.getpixel((1, 1)) == (255, 255, 255)
    colours = {colour for _, colour in image.getcolors(1 << 20) or ()}
    assert (31, 104, 176) in colours


def test_a_table_is_saved_as_latex(page: Chrome) -> None:
    name, content = saved(page, f"Download LaTeX: {CLASSES}")
    lines = content.decode().splitlines()
    assert name.endswith(".tex")
    start = lines.index(r"\toprule")
    assert lines[start - 1] == r"\begin{tabular}{rrrrrrr}"
    assert lines[start + 1].startswith(r"Class & Test images & Precision & Recall & F1 & AUC")
    first = lines[start + 3]
    assert first.startswith("0 & ") and first.endswith(r"\\") and r" \% & " in first
    assert lines[-3:] == [r"\bottomrule", r"\end{tabular}", r"\end{table}"]


def test_latex_has_groups_and_escapes_what_it_would_read_as_commands(page: Chrome) -> None:
    _, content = saved(page, "Download LaTeX: Measures of each method’s maps")
    text = content.decode()
    assert r"\multicolumn{" in text
    assert re.search(r"^Saliency & [\d.]+ \([\d.]+ to [\d.]+\) & ", text, re.MULTILINE)
    assert r"\textit{Controls, which know nothing of the network}" in text
    assert "–" not in text and "−" not in text
    head = page.find_element(By.CSS_SELECTOR, "#classes tbody th")
    page.execute_script("arguments[0].textContent = arguments[1]", head, r"a_b & 5 % {\x} $1^2 ~ #")
    _, content = saved(page, f"Download LaTeX: {CLASSES}")
    assert (
        r"a\_b \& 5 \% \{\textbackslash{}x\} \$1\textasciicircum{}2 \textasciitilde{} \#"
        in content.decode()
    )


def test_without_scripts_no_button_is_there_that_does_nothing(browser: Chrome, site: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        for page in (CELL_PAGE, "index.html", "methods.html"):
            visit(browser, site / page)
            buttons = browser.find_elements(By.TAG_NAME, "button")
            assert [b.text for b in buttons if b.is_displayed()] == []
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
