"""A real Firefox, headless and with a profile of its own.

It is asked by WebDriver BiDi (https://w3c.github.io/webdriver-bidi), which Firefox speaks itself:
no driver is needed beside it.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver.remote.websocket_connection import WebSocketConnection

BINARIES = ("firefox", "firefox-esr")
SECONDS = 100.0  # for an answer, on a slow machine
LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


def binary() -> str | None:
    """Return where Firefox is, None where there is none."""
    return next(filter(None, map(shutil.which, BINARIES)), None)


class Firefox:
    """One window. `errors` is what its console had of errors, as it came."""

    def __init__(self, connection: WebSocketConnection) -> None:
        """Take the first window of a Firefox that listens."""
        self._connection = connection
        self.errors: list[str] = []
        self._send("session.new", capabilities={})
        self._context = self._send("browsingContext.getTree")["contexts"][0]["context"]
        self._send("session.subscribe", events=["log.entryAdded"])
        connection.callbacks["log.entryAdded"] = [self._note]

    def _note(self, entry: dict[str, Any]) -> None:
        if entry["level"] == "error":
            self.errors.append(str(entry["text"]))

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        answer = self._connection.send_cmd(method, params)
        assert "error" not in answer, f"{method}: {answer.get('message')}"
        return answer["result"]

    def open(self, address: str) -> None:
        """Open an address, and wait until it is loaded."""
        for each in ("about:blank", address):  # an address of the same page would only be followed
            self._send("browsingContext.navigate", context=self._context, url=each, wait="complete")

    def resize(self, width: int, height: int, ratio: float = 1.0) -> None:
        """Give the window a size in CSS pixels, and how many of the screen's each has."""
        viewport = {"width": width, "height": height}
        self._send("browsingContext.setViewport", context=self._context, viewport=viewport,
                   devicePixelRatio=ratio)  # fmt: skip

    def evaluate(self, expression: str) -> Any:
        """Return what an expression of JavaScript, or its promise, gives, as JSON has it."""
        answer = self._send(
            "script.evaluate",
            expression=f"Promise.resolve({expression}).then((value) => JSON.stringify(value))",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer
        return json.loads(answer["result"].get("value", "null"))

    def until(self, expression: str) -> Any:
        """Wait until an expression is true; return what it is then."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if found := self.evaluate(expression):
                return found
            time.sleep(0.05)
        raise AssertionError(f"not within {SECONDS} s: {expression}; {self.errors}")

    def draw(self, pointer: str, *points: tuple[float, float]) -> None:
        """Draw a line with a "mouse" or by "touch", in CSS pixels of the window."""
        moves = [
            {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 30} for x, y in points
        ]
        down, up = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
        source = {
            "type": "pointer",
            "id": pointer,
            "parameters": {"pointerType": pointer},
            "actions": [moves[0], down, *moves[1:], up],
        }
        self._send("input.performActions", context=self._context, actions=[source])

    def press(self, *keys: str) -> None:
        """Press and release keys, one after the other."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self._send("input.performActions", context=self._context, actions=[source])


@contextmanager
def started(folder: Path) -> Iterator[Firefox]:
    """Start Firefox with its home and profile in an empty folder."""
    path = binary()
    assert path, f"no Firefox found; install one of {', '.join(BINARIES)}"
    options = ("--headless", "--no-remote", "--remote-debugging-port", "0")
    log = folder / "firefox.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [path, *options, "--profile", str(folder)],
            env=os.environ | {"HOME": str(folder)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        connection = WebSocketConnection(f"{_address(process, log)}/session", SECONDS, 0.01)
        try:
            yield Firefox(connection)
        finally:
            connection.close()
    finally:
        process.terminate()
        process.wait(SECONDS)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until Firefox listens; return where."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        if found := LISTENS.search(log.read_text(encoding="utf-8", errors="replace")):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"Firefox does not listen: {log.read_text(errors='replace')}")
