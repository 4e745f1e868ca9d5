"""The pad by finger and by pen, on a phone's screen, and what happens while a line is drawn."""

from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By

from tests.browser.test_pages import OVERFLOW
from tests.browser.test_playground import BAR, drawing, follow, page, press_open, text
from tests.browser.waiting import until

pytestmark = pytest.mark.browser

__all__ = ["page"]
RATIO = 3
PHONE = {"width": 375, "height": 700, "deviceScaleFactor": RATIO, "mobile": True}
STROKES = "return Strokes.fromText(new URLSearchParams(location.hash.split('?')[1]).get('drawing'))"


@pytest.fixture
def phone(page: Chrome, site: Path) -> Chrome:
    """Open the page with a network on a phone, with the pad in the middle of the screen."""
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    press_open(page)
    pad = page.find_element(By.ID, "pad")
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", pad)
    return page


def place(page: Chrome, x: float, y: float) -> dict[str, float]:
    """Return a place on the pad, given as shares of its side, in the window."""
    box = "const b = document.getElementById('pad').getBoundingClientRect();"
    left, top, side = page.execute_script(f"{box} return [b.left, b.top, b.width]")
    return {"x": left + x * side, "y": top + y * side}


def touch(page: Chrome, kind: str, *points: dict[str, Any]) -> None:
    """Say where fingers are now; those that have left are left out."""
    page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [*points]})


def scrolled(page: Chrome) -> tuple[float, float]:
    return tuple(page.execute_script("return [scrollY, visualViewport.scale]"))


def test_a_finger_draws_and_the_page_stays(phone: Chrome) -> None:
    before = scrolled(phone)
    touch(phone, "touchStart", place(phone, 0.5, 0.1) | {"id": 1})
    for share in (0.3, 0.5, 0.7, 0.9):
        touch(phone, "touchMove", place(phone, 0.5, share) | {"id": 1})
    touch(phone, "touchEnd")
    until(phone, lambda _: "drawing=" in phone.current_url and text(phone, "a-answer") == "0")
    assert scrolled(phone) == before
    assert phone.execute_script(OVERFLOW) <= 0
    [stroke] = phone.execute_script(STROKES)
    assert len(stroke["points"]) >= 4
    # As fine as the screen is, and the same pixels for the network as anywhere.
    pad = phone.find_element(By.ID, "pad")
    width = phone.execute_script("return arguments[0].clientWidth", pad)
    assert pad.get_dom_attribute("width") == str(RATIO * width) != "224"


def test_a_second_finger_neither_draws_nor_zooms(phone: Chrome) -> None:
    before = scrolled(phone)
    first, second = (place(phone, x, 0.3) | {"id": n} for n, x in enumerate((0.5, 0.9)))
    touch(phone, "touchStart", first)
    touch(phone, "touchStart", first, second)
    first, second = (place(phone, x, 0.8) | {"id": n} for n, x in enumerate((0.5, 0.1)))
    touch(phone, "touchMove", first, second)
    touch(phone, "touchEnd", second)
    touch(phone, "touchEnd")
    until(phone, lambda _: "drawing=" in phone.current_url)
    assert scrolled(phone) == before
    [stroke] = phone.execute_script(STROKES)
    across = [x for x, _ in stroke["points"]]
    assert max(across) - min(across) < 10, "the first finger went straight down"


def test_a_touch_that_the_system_takes_ends_the_line(phone: Chrome) -> None:
    touch(phone, "touchStart", place(phone, 0.5, 0.2) | {"id": 1})
    touch(phone, "touchMove", place(phone, 0.5, 0.8) | {"id": 1})
    touch(phone, "touchCancel")
    until(phone, lambda _: "drawing=" in phone.current_url)
    touch(phone, "touchStart", place(phone, 0.2, 0.5) | {"id": 2})
    touch(phone, "touchMove", place(phone, 0.8, 0.5) | {"id": 2})
    touch(phone, "touchEnd")
    until(phone, lambda _: len(phone.execute_script(STROKES)) == 2)


def test_a_pen_that_hovers_draws_nothing_and_its_tip_does(page: Chrome) -> None:
    press_open(page)
    pad = page.find_element(By.ID, "pad")
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", pad)

    def pen(kind: str, x: float, y: float, button: str = "none") -> None:
        at = place(page, x, y) | {"type": kind, "pointerType": "pen", "button": button}
        down = {"left": 1, "right": 2}.get(button, 0) if kind != "mouseReleased" else 0
        page.execute_cdp_cmd("Input.dispatchMouseEvent", at | {"buttons": down, "clickCount": 1})

    pen("mouseMoved", 0.2, 0.2)
    pen("mouseMoved", 0.8, 0.8)
    pen("mousePressed", 0.5, 0.5, "right")
    pen("mouseReleased", 0.5, 0.5, "right")
    assert page.find_element(By.ID, "pad-undo").get_attribute("disabled")
    pen("mousePressed", 0.5, 0.1, "left")
    for share in (0.3, 0.5, 0.7, 0.9):
        pen("mouseMoved", 0.5, share, "left")
    pen("mouseReleased", 0.5, 0.9, "left")
    until(page, lambda _: "drawing=" in page.current_url and text(page, "a-answer") == "0")
    pen("mouseMoved", 0.1, 0.1)
    [stroke] = page.execute_script(STROKES)
    assert {x for x, _ in stroke["points"]} <= {*range(120, 136)}


WATCH = """
window.asked = [];
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message) {
  asked.push(message.call);
  return post.call(this, message);
};
"""
# A line down the middle, faster than any network answers.
MOVES = """
const pad = document.getElementById("pad");
const { left, top, width } = pad.getBoundingClientRect();
for (let n = 0; n <= 100; n++) {
  pad.dispatchEvent(new PointerEvent("pointermove", {
    pointerId: 1, clientX: left + width / 2, clientY: top + width * (0.15 + 0.007 * n) }));
}
"""


def test_a_picture_is_prepared_beside_the_page_and_the_newest_alone(page: Chrome) -> None:
    """While a line grows the page only draws: what comes between two answers is dropped."""
    page.execute_script(WATCH)
    press_open(page)
    page.execute_script(
        "for (const part of [Photo, Ink, Pixels])"
        "  for (const name of ['prepared', 'view', 'find', 'fitted', 'resized'])"
        "    part[name] = () => { throw new Error(`${name} on the page`); };"
    )
    pad = page.find_element(By.ID, "pad")
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", pad)
    page.execute_script("asked.length = 0")
    hand = ActionChains(page, duration=0).move_to_element_with_offset(pad, 0, -100)
    hand.click_and_hold().perform()
    page.execute_script(MOVES)
    ActionChains(page, duration=0).release().perform()
    until(page, lambda _: text(page, "a-answer") == "0" and "drawing=" in page.current_url)
    [stroke] = page.execute_script(STROKES)
    assert len(stroke["points"]) > 60
    asked = page.execute_script("return asked")
    assert 1 <= asked.count("prepare") <= 6 and asked.count("run") <= 6


SEEN = """
const { width, height } = document.getElementById("a-seen");
const pen = document.getElementById("a-seen").getContext("2d");
return [...pen.getImageData(0, 0, width, height).data];
"""


def test_what_the_network_is_given_depends_on_no_screen(page: Chrome, site: Path) -> None:
    seen = []
    for screen in (PHONE, PHONE | {"width": 1440, "deviceScaleFactor": 1, "mobile": False}):
        page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        follow(page, site, drawing=drawing(BAR, [(30, 60), (200, 190)]))
        until(page, lambda _: text(page, "a-handling").startswith("Its subject was found"))
        seen.append(page.execute_script(SEEN))
    assert max(seen[0]) == 255 and seen[0] == seen[1]
