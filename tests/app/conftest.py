"""The app's server on a port of its own, and what asks it."""

import asyncio
import http.client
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from heatproof.app import command, worker_process
from heatproof.app.limits import Limits
from heatproof.app.server import App, Server
from tests import small_cell

TOKEN = "a-token"
CELL = "simple_cnn-digits"


@dataclass
class Asking:
    """A browser's page, as far as the server can tell: `port` is the server's."""

    port: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(
        self,
        method: str,
        path: str,
        *,
        token: str = TOKEN,
        body: object = None,
        headers: dict[str, str] | None = None,
        **query: str,
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Ask for something, and return the answer while it comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = {"Origin": self.origin} | (headers or {})
        address = f"/{token}/{path}" + (f"?{urlencode(query)}" if query else "")
        connection.request(method, address, body, {k: v for k, v in given.items() if v is not None})
        return connection, connection.getresponse()

    def get(self, path: str = "", **how: object) -> http.client.HTTPResponse:
        connection, answer = self.open("GET", path, **how)
        answer.text = answer.read().decode()
        connection.close()
        return answer

    def post(self, path: str = "explain", **how: object) -> http.client.HTTPResponse:
        """Ask for something; the answer has its `events`, or the `error`."""
        query = {"methods": "gradcam"} if path == "explain" else {}
        connection, answer = self.open("POST", path, **(query | how))
        text = answer.read().decode()
        answer.error = json.loads(text)["error"] if text.startswith('{"error"') else text
        answer.events = events(text) if answer.status == 200 else []
        connection.close()
        return answer


def events(text: str) -> list[dict]:
    """Return what was told, without the beats between."""
    told = map(json.loads, text.splitlines())
    return [each for each in told if each["event"] != "beat"]


Serving = Callable[..., AbstractContextManager[Asking]]


@pytest.fixture
def serving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serving:
    """Serve a study in which nothing is trained, with a worker that computes nothing."""
    monkeypatch.chdir(tmp_path)
    small_cell.write_params(CELL)
    program = Path(__file__).with_name("simulated_worker.py")
    monkeypatch.setattr(worker_process, "COMMAND", (sys.executable, str(program)))

    @contextmanager
    def serve(**limits: float) -> Iterator[Asking]:
        listening = command._listening(0)
        port = listening.getsockname()[1]
        server = Server(App(TOKEN, port, Limits(**limits)))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        try:
            yield Asking(port)
        finally:
            server.should_exit = True
            thread.join(30)
            listening.close()
            assert not thread.is_alive()

    return serve


@pytest.fixture
def asking(serving: Serving) -> Iterator[Asking]:
    with serving() as asked:
        yield asked
