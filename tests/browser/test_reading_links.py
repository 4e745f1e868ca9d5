"""Links to the guide: beside the heading that they explain, and quieter than it."""

import pytest

from tests.browser.test_pages import visit

pytestmark = pytest.mark.browser

PLACES = """
return [...document.querySelectorAll("main .reading-link")].map((link) => {
  const head = link.parentElement.previousElementSibling;
  const beside = head?.tagName === "H2" ? head : null;
  const box = link.getBoundingClientRect();
  const text = document.createRange();
  if (beside) text.selectNodeContents(beside);
  const lines = beside ? [...text.getClientRects()] : [];
  const style = (e) => getComputedStyle(e);
  return {
    href: link.getAttribute("href"),
    headed: Boolean(beside),
    beside: lines.some(
      (line) => box.top < line.bottom && box.bottom > line.top && box.left > line.right),
    smaller: !beside || parseFloat(style(link).fontSize) < 0.7 * parseFloat(style(beside).fontSize),
    alone: !beside && link.parentElement.textContent.trim() === link.textContent.trim(),
    shown: link.checkVisibility() && box.height >= 20,
  };
});
"""
PAGES = {
    "index.html": 3,
    "methods.html": 5,
    "compare.html": 1,
    "claims.html": 1,
    "cells/simple_cnn-digits.html": 8,
}


@pytest.mark.parametrize("page", PAGES)
def test_a_link_stands_beside_its_heading(browser, site, page):
    visit(browser, site / page, 1440)
    found = browser.execute_script(PLACES)
    assert len(found) >= PAGES[page]
    for link in found:
        assert link["shown"] and link["smaller"] and not link["alone"], link
        assert link["beside"] or not link["headed"], link
