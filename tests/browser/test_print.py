"""On paper no heading stands alone at a page's end; on a phone no caption is cut off."""

from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.browser.test_pages import PAGES, visit

pytestmark = pytest.mark.browser

# Pages as columns, which are broken by the same rules; gives the headings that are in another
# column than what begins after them.
ALONE = """
const [width, height] = [700, 990];
const main = document.querySelector("main");
main.style.cssText = `width: ${width}px; height: ${height}px; columns: 1; column-width: ${width}px;`
  + "column-gap: 0; column-fill: auto; padding: 0; margin: 0";
const left = main.getBoundingClientRect().left;
const column = (x) => Math.floor((x - left + 1) / width);
const texts = (root) => document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT, (e) => {
  if (!e.checkVisibility() || e.matches(".visually-hidden")) return NodeFilter.FILTER_REJECT;
  const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  const shown = (text || e.matches("svg, img")) && e.getClientRects().length;
  return shown ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP;
});
const found = [];
for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
  if (!heading.checkVisibility() || heading.matches(".visually-hidden")) continue;
  const walker = texts(main);
  walker.currentNode = heading;
  let next = walker.nextNode();
  while (next && heading.contains(next)) next = walker.nextNode();
  if (!next) continue;
  const own = [...heading.getClientRects()].at(-1);
  const after = next.getClientRects()[0];
  if (column(after.left) !== column(own.left)) found.push(heading.textContent);
}
return [found, column(main.scrollWidth + left - 2)];
"""
# Captions in scrolling boxes that reach beyond what is seen of their box.
CUT = """
return [...document.querySelectorAll(".scroll :is(caption, figcaption, .chart-summary)")]
  .filter((e) => e.checkVisibility() && !e.matches(".visually-hidden")).filter((e) => {
    const range = document.createRange();
    range.selectNodeContents(e);
    const seen = e.closest(".scroll").getBoundingClientRect();
    return range.getBoundingClientRect().right > seen.right + 1;
  }).map((e) => e.textContent.trim());
"""


@pytest.mark.parametrize("page", PAGES)
def test_no_heading_stands_alone_on_paper(browser: Chrome, site: Path, page: str) -> None:
    visit(browser, site / page, 800)
    try:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        alone, columns = browser.execute_script(ALONE)
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert alone == []
    assert columns > 0


def test_captions_are_whole_on_a_phone(browser: Chrome, site: Path) -> None:
    for page in PAGES:
        visit(browser, site / page, 360)
        browser.execute_script("document.querySelectorAll('details').forEach((d) => d.open = true)")
        assert browser.execute_script(CUT) == [], page
