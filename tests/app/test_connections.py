"""Who sends slowly, half or nothing: by sockets that say what no browser says."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from heatproof.app import connections
from heatproof.app.server import CONNECTIONS
from tests.app.conftest import TOKEN, Asking, Serving

MANY = 3 * CONNECTIONS


@contextmanager
def sent(asking: Asking, content: bytes) -> Iterator[socket.socket]:
    """Open a connection and send something over it."""
    with socket.create_connection(("127.0.0.1", asking.port), timeout=20) as connection:
        connection.sendall(content)
        yield connection


def request(asking: Asking, length: int, body: bytes = b"") -> bytes:
    """Return a request to explain a picture of so many bytes, and what is sent of it at first."""
    query = "cell=quick&methods=gradcam"
    head = (
        f"POST /{TOKEN}/explain?{query} HTTP/1.1\r\nHost: 127.0.0.1:{asking.port}\r\n"
        f"Origin: {asking.origin}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    )
    return head.encode() + body


def everything(connection: socket.socket) -> bytes:
    """Return what is answered until the other end closes."""
    answered = b""
    while some := connection.recv(65536):
        answered += some
    return answered


def status(connection: socket.socket) -> int:
    return int(connection.recv(65536).split()[1])


def test_who_still_sends_takes_no_place(serving: Serving) -> None:
    with serving(line=1, uploads=4) as asking, ExitStack() as stack:
        slow = [stack.enter_context(sent(asking, request(asking, 10, b"begin"))) for _ in range(3)]
        answer = asking.post(cell="quick", body=b"12345")
        assert json.loads(answer.events[-1]["content"])["bytes"] == 5
        slow[0].sendall(b"ended")
        answered = everything(slow[0])
        assert b'bytes\\": 10' in answered, "it has its turn once it has been received"


def test_one_more_than_may_ends_the_one_that_began_first(serving: Serving) -> None:
    with serving(uploads=2) as asking, ExitStack() as stack:
        slow = []
        for number in range(4):
            slow.append(stack.enter_context(sent(asking, request(asking, 10, b"begin"))))
            if number >= 2:
                assert status(slow[number - 2]) == 408
        assert asking.post(cell="quick", body=b"12345").events[-1]["event"] == "done"
        assert status(slow[2]) == 408
        slow[3].sendall(b"ended")
        assert status(slow[3]) == 200


def test_many_who_send_half_keep_nobody_out(asking: Asking) -> None:
    half = request(asking, 10, b"begin")
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(sent(asking, half))
        ends = time.monotonic() + 20
        while (answer := asking.post(cell="quick", body=b"12345")).status != 200:
            assert answer.status == 503 and time.monotonic() < ends
            time.sleep(0.1)


def test_what_does_not_come_in_time_is_told(serving: Serving) -> None:
    with serving(upload_seconds=0.2) as asking:
        with sent(asking, request(asking, 10, b"begin")) as slow:
            assert status(slow) == 408
        assert asking.post(cell="quick").status == 200


def test_a_connection_that_asks_for_nothing_is_ended(asking: Asking, monkeypatch) -> None:
    monkeypatch.setattr(connections, "SECONDS", 0.2)
    for head in (b"", b"GET / HTTP/1.1\r\n"):
        with sent(asking, head) as connection, contextlib.suppress(ConnectionResetError):
            assert everything(connection) == b""


@pytest.mark.parametrize("answered", [False, True])
def test_a_connection_that_asks_for_nothing_bit_by_bit_is_ended(
    asking: Asking, monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    monkeypatch.setattr(connections, "SECONDS", 0.2)
    refused = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{asking.port}\r\nContent-Length: 1000\r\n\r\n"
    with sent(asking, refused.encode() if answered else b"GET / HTTP/1.1\r\n") as connection:
        if answered:
            assert status(connection) == 404
        with pytest.raises(OSError):
            for _ in range(100):
                connection.sendall(b"x")
                time.sleep(0.05)


def test_who_waits_for_an_answer_is_not_ended(asking: Asking, monkeypatch) -> None:
    monkeypatch.setattr(connections, "SECONDS", 0.2)
    connection, answer = asking.open("POST", "explain", cell="slow", methods="gradcam")
    told = [json.loads(answer.readline())["event"] for _ in range(4)]
    assert told == ["starting", "opening", "beat", "beat"], "a beat is a second"
    connection.close()
    answer.close()
