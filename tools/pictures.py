"""`make pictures`: the documentation's pictures of the report, taken from the demo's by Chromium.

docs/report.png is the top of a network's page; docs/report.webp, of 20 seconds, is a walk through
the report: the overview, which explanations to use, a network with its maps, the dark theme.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.pictures")

import argparse
import io
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from heatproof.run.errors import UserError

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
         "--disable-background-networking", "--force-prefers-reduced-motion")  # fmt: skip
WINDOW = (1200, 750)  # pixels of the pages that are photographed
SHOWN = (960, 600)  # and of the animation
STILL = (1280, 980)
SCROLL_FRAMES, SCROLL_SECONDS = 6, 0.1
QUALITY = 50  # of the animation's frames: text stays readable, and it is below MAX_BYTES
MAX_BYTES = 1_000_000
CELL = "cells/baseline_cnn-digits.html"
# Goes to an element, and says how far down the page is then.
_GO = """const place = document.getElementById(arguments[0]);
if (!place) return null;
scrollTo(0, place.getBoundingClientRect().top + scrollY - 16);
return scrollY"""


@dataclass(frozen=True)
class Scene:
    """A place of the report, and how long it is shown. section: its id, "" for the page's top."""

    page: str
    section: str
    seconds: float
    dark: bool = False


SCENES = (
    Scene("index.html", "", 3.5),
    Scene("index.html", "leaderboard", 2.0),
    Scene("methods.html", "verdicts", 3.0),
    Scene(CELL, "", 3.5),
    Scene(CELL, "confusion", 1.5),
    Scene(CELL, "incorrect", 2.0),
    Scene(CELL, "trust", 1.5),
    Scene("index.html", "", 1.0, dark=True),
)


def main() -> None:
    """Take the pictures of the report that the command line names."""
    parser = argparse.ArgumentParser(
        prog="make pictures", description="Take the documentation's pictures of the demo's report."
    )
    parser.add_argument(
        "--site", type=Path, default=Path("demo/reports"), help="the report's folder"
    )
    parser.add_argument("--to", type=Path, default=Path("docs"), help="where pictures are written")
    arguments = parser.parse_args()
    site, folder = arguments.site.resolve(), arguments.to
    require(site)
    with browser() as driver:
        show(driver, site, Scene(CELL, "", 0), STILL)
        photograph(driver).save(folder / "report.png", optimize=True)
        frames = list(filmed(driver, site))
    write_animation(folder / "report.webp", frames)
    print(f"{folder}/report.png and {folder}/report.webp are written")


def require(site: Path) -> None:
    """Refuse a folder that is not the demo's report.

    Raises:
        UserError: a page is missing.
    """
    for page in sorted({scene.page for scene in SCENES}):
        if not (site / page).is_file():
            raise UserError(f"{site / page}: there is no such page; `make demo` writes it")


@contextmanager
def browser() -> Iterator["Chrome"]:
    """Start Chromium.

    Raises:
        UserError: there is none.
    """
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    binary = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if binary is None or shutil.which("chromedriver") is None:
        raise UserError("no Chromium with its chromedriver: install the packages of these names")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in FLAGS:
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def filmed(driver: "Chrome", site: Path) -> Iterator[tuple[Image.Image, float]]:
    """Yield the frames of the animation, each with its seconds: scenes, and scrolls between."""
    page = ""
    for scene in SCENES:
        if scene.page == page and not scene.dark:
            yield from scrolled(driver, scene)
        else:
            show(driver, site, scene, WINDOW)
        page = scene.page
        yield photograph(driver).resize(SHOWN, Image.Resampling.LANCZOS), scene.seconds


def show(driver: "Chrome", site: Path, scene: Scene, window: tuple[int, int]) -> None:
    """Open a scene's page, in its theme, at its section."""
    theme = [{"name": "prefers-color-scheme", "value": "dark" if scene.dark else "light"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": theme})
    size = {"width": window[0], "height": window[1], "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.get((site / scene.page).as_uri())
    driver.execute_script("scrollTo(0, arguments[0])", _place(driver, scene))


def scrolled(driver: "Chrome", scene: Scene) -> Iterator[tuple[Image.Image, float]]:
    """Yield frames on the way from where the page stands to a scene, slow at both ends."""
    start = driver.execute_script("return scrollY")
    end = _place(driver, scene)
    for number in range(1, SCROLL_FRAMES):
        share = number / SCROLL_FRAMES
        eased = share**2 * (3 - 2 * share)
        driver.execute_script("scrollTo(0, arguments[0])", start + eased * (end - start))
        yield photograph(driver).resize(SHOWN, Image.Resampling.LANCZOS), SCROLL_SECONDS
    _place(driver, scene)


def photograph(driver: "Chrome") -> Image.Image:
    """Return what the window shows."""
    return Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")


def write_animation(path: Path, frames: list[tuple[Image.Image, float]]) -> None:
    """Write frames with their seconds as an animated WebP.

    Raises:
        UserError: it would be larger than a repository should hold.
    """
    (first, _), *others = frames
    content = io.BytesIO()
    first.save(
        content, "WEBP", save_all=True, append_images=[image for image, _ in others],
        duration=[round(1000 * seconds) for _, seconds in frames], quality=QUALITY, method=6,
    )  # fmt: skip
    if content.tell() > MAX_BYTES:
        raise UserError(f"{path}: {content.tell():,} bytes, more than {MAX_BYTES:,}: lower QUALITY")
    path.write_bytes(content.getvalue())


def _place(driver: "Chrome", scene: Scene) -> float:
    """Go to a scene, and return how far down it is once all pictures above have their size.

    Raises:
        UserError: the page has no such section.
    """
    if not scene.section:
        return 0
    place, before = -1.0, None
    while place != before:
        before, place = place, driver.execute_script(_GO, scene.section)
        if place is None:
            raise UserError(f"{scene.page}: no section '{scene.section}' (SCENES, tools.pictures)")
        time.sleep(0.3)
    return place
