"""How big and how quick the site is: `python -m bench.report`

Run where the results lie (params.yaml, metrics/, data/). Builds the site into a folder of its own,
several times, and opens its largest page in headless Chromium, each time with an empty cache:
- built: seconds of `stages.report` without starting Python, the best of several;
- first paint: first contentful paint, from the start of the navigation;
- interactive: the later of the end of the load event and the end of the last task of more than
  50 ms that began within half a second of it; from then on the page answers at once.
Exits with 1 where a goal is missed.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.report")

import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from bench import record
from bench.results import Measurement, under
from heatproof.config import params
from heatproof.report import site, study
from tests.browser.conftest import FLAGS
from tests.conftest import BROWSERS

PART = "report"
KB, MB = 1000, 1_000_000
BUILD_SECONDS, BUILD_CELLS = 20.0, 14
OVERVIEW, CELL, SITE, SITE_CELLS = 300 * KB, 2 * MB, 40 * MB, 16
FIRST_PAINT_MS, INTERACTIVE_MS = 500.0, 1000.0

# Kept from the start: long tasks are told as they end.
WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries()))
  .observe({ type: "longtask", buffered: true });
"""
TIMES = """
const done = arguments[0];
const tell = () => {
  const loaded = performance.getEntriesByType("navigation")[0].loadEventEnd;
  if (!loaded) { setTimeout(tell, 20); return; }
  setTimeout(() => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    const ends = longTasks.filter((task) => task.startTime < loaded + 500)
      .map((task) => task.startTime + task.duration);
    done([paint ? paint.startTime : null, Math.max(loaded, ...ends)]);
  }, 600);
};
tell();
"""


def weight(page: Path) -> int:
    """Return a page's bytes with those of the pictures that it shows from files."""
    text = page.read_text(encoding="utf-8")
    pictures = set(re.findall(r'(?:src|href)="([^":]+\.png)"', text))
    return page.stat().st_size + sum((page.parent / each).stat().st_size for each in pictures)


def sizes(folder: Path, cells: int) -> tuple[list[Measurement], Path]:
    """Return the site's sizes beside their limits, and its largest page."""
    pages = sorted((folder / "cells").glob("*.html"))
    largest = max(pages, key=weight)
    whole = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    overview, page = weight(folder / "index.html"), weight(largest)
    limit = SITE * max(1, cells / SITE_CELLS) / MB
    return [
        under(PART, "overview with its pictures", "kB", [overview / KB], OVERVIEW / KB),
        under(PART, "largest page with pictures", "MB", [page / MB], CELL / MB, note=largest.name),
        under(PART, "the site", "MB", [whole / MB], limit, note=f"{cells} cells"),
    ], largest


def build_seconds(folder: Path, rounds: int) -> tuple[list[float], int]:
    """Build the site of the current folder's results; return the seconds, and how many cells."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        collected = study.collect(params.load())
        site.build(collected, folder)
        times.append(time.perf_counter() - started)
    return times, len(collected.cells)


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """Start Chromium with an empty profile."""
    with tempfile.TemporaryDirectory() as profile:
        options = Options()
        options.binary_location = next(filter(None, map(shutil.which, BROWSERS)))
        for flag in (*FLAGS, f"--user-data-dir={profile}", "--window-size=1440,900"):
            options.add_argument(flag)
        browser = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
        try:
            yield browser
        finally:
            browser.quit()


def speeds(page: Path, name: str, rounds: int) -> list[Measurement]:
    """Open the page, called `name`, several times."""
    times = []
    with chromium() as browser:
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        for _ in range(rounds):
            browser.execute_cdp_cmd("Network.clearBrowserCache", {})
            browser.get(page.as_uri())
            times.append(browser.execute_async_script(TIMES))
            browser.get("about:blank")
    paints, ready = zip(*times, strict=True)
    first = list(filter(None, paints))
    return [
        under(PART, f"first paint of {name}", "ms", first, FIRST_PAINT_MS, note=page.name),
        under(PART, f"interactive: {name}", "ms", list(ready), INTERACTIVE_MS, note=page.name),
    ]


def main() -> None:
    """Measure the site; exit with 1 if a goal is missed."""
    parser = record.parser(__doc__)
    parser.add_argument("--builds", type=int, default=2)
    parser.add_argument("--visits", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, record.into(options.results) as take:
        folder = Path(scratch) / "reports"
        seconds, cells = build_seconds(folder, options.builds)
        limit = BUILD_SECONDS * max(1, cells / BUILD_CELLS)
        take(under(PART, "built", "s", seconds, limit, note=f"{cells} cells"))
        measured, largest = sizes(folder, cells)
        take(*measured)
        pages = {
            "the overview": folder / "index.html",
            "the methods": folder / "methods.html",
            "the largest page": largest,
        }
        for name, page in pages.items():
            take(*speeds(page, name, options.visits))
