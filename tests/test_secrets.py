"""The secrets of a tracking server are never printed, logged or stored, whatever goes wrong."""

import base64
import contextlib
import json
import logging
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from heatproof.run import tracking, tracking_sender
from stages import evaluate
from tests.small_cell import write_cell, write_params

USER, PASSWORD, TOKEN = "ada", "hunter2/t0p#s3cret", "tok3n-0123456789"
ESCAPED = "hunter2%2Ft0p%23s3cret"
SECRETS = (PASSWORD, ESCAPED, TOKEN, "hunter2", "t0p", "s3cret",
           base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())  # fmt: skip


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("MLFLOW_", "STUDY_TRACKING", "DVC_")):
            monkeypatch.delenv(name)
    (tmp_path / "notes").mkdir()
    monkeypatch.setenv(tracking.NOTED, str(tmp_path / "notes"))
    monkeypatch.chdir(tmp_path)


class Gossip(BaseHTTPRequestHandler):
    """Answers every request with an error that repeats all that it was told."""

    status = 500

    def answer(self) -> None:
        sent = self.headers.get("Authorization", "")
        with contextlib.suppress(ValueError):
            sent += base64.b64decode(sent.removeprefix("Basic ")).decode("utf-8", "replace")
        told = f"{self.path} {unquote(self.path)} {sent} http://{USER}:{ESCAPED}@h/?token={TOKEN}"
        body = json.dumps({"error_code": "INTERNAL_ERROR", "message": told}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *words: object) -> None:
        """Say nothing on stderr."""


@pytest.fixture(params=[401, 404, 500])
def gossip(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server's address without credentials."""
    handler = type("Gossip", (Gossip,), {"status": request.param})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()


def unused() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def send() -> None:
    """Do what a sender does, up to its warning."""
    try:
        tracking_sender.Sender(Path("notes"), tracking_sender.warn).send()
    except Exception as error:
        tracking_sender.warn(error)


def tracked(uri: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> str:
    """Track a run at a URI; return all that is said and logged."""
    os.environ["MLFLOW_TRACKING_URI"] = uri
    try:
        with caplog.at_level(logging.DEBUG), tracking.run("train", "a-b", {"x": 1}) as run:
            run.log_metrics({"loss": 1.0})
        with caplog.at_level(logging.DEBUG):
            send()
    finally:
        del os.environ["MLFLOW_TRACKING_URI"]
    return "".join(capfd.readouterr())


def require_none_of_them(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text, text


def test_a_server_that_echoes_secrets(gossip: str, capfd, caplog) -> None:
    printed = tracked(f"http://{USER}:{ESCAPED}@{gossip}/x?token={TOKEN}", capfd, caplog)
    assert printed.startswith("warning: MLflow tracking is off from here on")
    assert printed.count("\n") == 1
    require_none_of_them(printed)


def test_secrets_in_mlflows_own_variables(gossip: str, capfd, caplog, monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", USER)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    require_none_of_them(tracked(f"http://{gossip}", capfd, caplog))
    monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", TOKEN)
    require_none_of_them(tracked(f"http://{gossip}", capfd, caplog))


@pytest.mark.parametrize(
    "uri",
    [
        "http://ada:hunter2/t0p#s3cret@{host}",  # a parser takes hunter2 for the port
        "http://ada:hunter2/t0p#s3cret@{host}?token=tok3n-0123456789",
        "http://hunter2@{host}/?token=tok3n-0123456789",
        "https://{host}/?api_key=tok3n-0123456789",
        "http://ada:hunter2@[::1:bad",
        "postgresql://ada:hunter2%2Ft0p%23s3cret@{host}/db?password=tok3n-0123456789",
        "mysql+nosuchdriver://ada:hunter2@{host}/db",
        "nosuchscheme://ada:hunter2@{host}/x?token=tok3n-0123456789",
        "sqlite:////proc/none/x.db?password=tok3n-0123456789",
        "databricks://ada:tok3n-0123456789@x",
    ],
)
def test_an_address_that_does_not_work(uri: str, capfd, caplog) -> None:
    printed = tracked(uri.format(host=unused()), capfd, caplog)
    assert printed.startswith("warning: MLflow tracking is off")
    require_none_of_them(printed)


def test_no_stage_writes_them_anywhere(capfd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDY_TRACKING", "")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://{USER}:{ESCAPED}@{unused()}/?token={TOKEN}")
    write_params("simple_cnn-digits")
    write_cell("simple_cnn-digits", 16, 1, lambda predicted: predicted % 2 == 0)
    evaluate.evaluate("simple_cnn-digits")
    send()
    printed, warned = capfd.readouterr()
    assert "tracking is off from here on" in warned
    require_none_of_them(printed + warned)
    written = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert Path("data/timing/evaluate/simple_cnn-digits.json") in written
    for path, content in written.items():
        assert not any(secret.encode() in content for secret in SECRETS), path


def test_the_servers_command_line_does_not_hold_them() -> None:
    # Any user of the machine can read the words of a command, only its owner the environment.
    makefile = (Path(__file__).resolve().parents[1] / "Makefile").read_text(encoding="utf-8")
    command = makefile[makefile.index("-m mlflow ui") :].split("\n\n")[0]
    assert "URI" not in command and "-uri" not in command
