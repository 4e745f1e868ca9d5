"""How big and how quick the site is: `python -m bench.report`

Run where the results lie (params.yaml, metrics/, data/). Builds the site into a folder of its own,
several times, and opens its largest page in headless Chromium, each time with an empty cache:
- built: seconds of `stages.report` without starting Python, the best of several; of CPU beside it,
  to judge by on a machine that has other work too;
- first paint: first contentful paint, from the start of the navigation;
- interactive: the later of the end of the load event and the end of the last task of more than
  50 ms that began within half a second of it; from then on the page answers at once.
Prints each figure beside its goal; exits with 1 where one is missed.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from bench import results
from bench.comparison import compare
from heatproof.config import params
from heatproof.report import site, study
from heatproof.run import command
from tests.browser.conftest import FLAGS
from tests.conftest import BROWSERS

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


@dataclass(frozen=True)
class Figure:
    """One figure beside the most it may be: a value a round, of which the best counts."""

    name: str
    rounds: list[float]
    goal: float
    unit: str
    note: str = ""
    part: str = "report"

    @property
    def value(self) -> float:
        return min(self.rounds)

    @property
    def missed(self) -> bool:
        return not compare(self.measured()).met

    def measured(self) -> results.Measurement:
        """Return the figure as bench/results.json has it."""
        sides = {results.PROJECT: self.rounds, results.LIMIT: [self.goal] * len(self.rounds)}
        return results.Measurement(
            self.part, self.name, self.unit, "less", sides, goal=1, note=self.note
        )

    def __str__(self) -> str:
        verdict = "missed" if self.missed else "met"
        return (
            f"{self.name:32}{self.value:9.2f} {self.unit:3} goal {self.goal:7.2f}  {verdict:7} "
            f"{self.note}"
        ).rstrip()


def weight(page: Path) -> int:
    """Return a page's bytes with those of the pictures that it shows from files."""
    text = page.read_text(encoding="utf-8")
    pictures = set(re.findall(r'(?:src|href)="([^":]+\.png)"', text))
    return page.stat().st_size + sum((page.parent / each).stat().st_size for each in pictures)


def sizes(folder: Path, cells: int) -> tuple[list[Figure], Path]:
    """Return the site's sizes beside their goals, and its largest page."""
    pages = sorted((folder / "cells").glob("*.html"))
    largest = max(pages, key=weight)
    whole = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    goal = SITE * max(1, cells / SITE_CELLS)
    return [
        Figure(
            "overview with its pictures", [weight(folder / "index.html") / KB], OVERVIEW / KB, "kB"
        ),
        Figure("largest page with pictures", [weight(largest) / MB], CELL / MB, "MB", largest.name),
        Figure("the site", [whole / MB], goal / MB, "MB", f"{cells} cells"),
    ], largest


def build_seconds(folder: Path, rounds: int) -> tuple[list[float], float, int]:
    """Build the site of the current folder's results.

    Returns:
        The times by the clock, the best of CPU, and the number of cells.
    """
    times = []
    for _ in range(rounds):
        started, worked = time.perf_counter(), time.process_time()
        collected = study.collect(params.load())
        site.build(collected, folder)
        times.append((time.perf_counter() - started, time.process_time() - worked))
    by_clock, of_cpu = zip(*times, strict=True)
    return list(by_clock), min(of_cpu), len(collected.cells)


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


def speeds(page: Path, name: str, rounds: int) -> list[Figure]:
    """Open the page, called `name`, several times."""
    found = []
    with chromium() as browser:
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        for _ in range(rounds):
            browser.execute_cdp_cmd("Network.clearBrowserCache", {})
            browser.get(page.as_uri())
            found.append(browser.execute_async_script(TIMES))
            browser.get("about:blank")
    paints, ready = zip(*found, strict=True)
    return [
        Figure(
            f"first paint of {name}", list(filter(None, paints)), FIRST_PAINT_MS, "ms", page.name
        ),
        Figure(f"interactive: {name}", list(ready), INTERACTIVE_MS, "ms", page.name),
    ]


def main() -> None:
    """Print the figures; exit with 1 if a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--builds", type=int, default=2)
    parser.add_argument("--visits", type=int, default=5)
    results.option(parser)
    options = parser.parse_args()
    figures: list[Figure] = []

    def noted(found: list[Figure]) -> None:
        print(*found, sep="\n", flush=True)
        results.keep(options.results, *(figure.measured() for figure in found))
        figures.extend(found)

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "reports"
        seconds, worked, cells = build_seconds(folder, options.builds)
        print(
            f"{os.cpu_count()} processors, {os.getloadavg()[0]:.1f} processes at work; the best of "
            f"{options.builds} builds and {options.visits} visits; building took {worked:.1f} s of "
            "CPU"
        )
        goal = BUILD_SECONDS * max(1, cells / BUILD_CELLS)
        noted([Figure("built", seconds, goal, "s", f"{cells} cells")])
        measured, largest = sizes(folder, cells)
        noted(measured)
        pages = {
            "the overview": folder / "index.html",
            "the methods": folder / "methods.html",
            "the largest page": largest,
        }
        for name, page in pages.items():
            noted(speeds(page, name, options.visits))
    if any(figure.missed for figure in figures):
        sys.exit(1)


if __name__ == "__main__":
    command.run(main)
