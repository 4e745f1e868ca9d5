"""Who is not let in: other sites, other users, other hosts; and what no path leads to."""

import html
import http.client
import socket
from pathlib import Path

import pytest

from tests.app.conftest import TOKEN, Asking


def test_the_page_says_what_may_load_it_and_what_it_may_load(asking: Asking) -> None:
    answer = asking.get()
    assert answer.status == 200 and "Explain a picture" in answer.text
    policy = html.unescape(answer.text)
    assert "connect-src 'self'" in policy and "default-src 'none'" in policy
    assert answer.getheader("Content-Security-Policy") == "frame-ancestors 'none'"
    assert answer.getheader("Cache-Control") == "no-store"
    assert answer.getheader("Referrer-Policy") == "no-referrer"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Set-Cookie") is None and answer.getheader("Server") is None


@pytest.mark.parametrize("token", ["", "another", TOKEN[:-1], f"{TOKEN}x", "ü"])
def test_without_the_token_there_is_no_answer(asking: Asking, token: str) -> None:
    quoted = token.replace("ü", "%C3%BC")
    for answer in (asking.get(token=quoted), asking.post(token=quoted, cell="quick")):
        assert answer.status == 404
        assert answer.getheader("Content-Security-Policy")
    assert "Explain" not in asking.get(token=quoted).text
    assert not Path("worker.log").exists()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1"]
)
def test_a_name_that_leads_here_is_no_host(asking: Asking, host: str) -> None:
    named = {"Host": host.format(port=asking.port)}
    assert asking.get(headers=named).status == 421
    assert asking.post(headers=named, cell="quick").status == 421


def test_localhost_is_this_host_too(asking: Asking) -> None:
    host = f"localhost:{asking.port}"
    own = {"Host": host, "Origin": f"http://{host}"}
    assert asking.post(headers=own, cell="quick").status == 200
    assert asking.post(headers={"Host": host}, cell="quick").status == 403, "of 127.0.0.1's page"


def test_two_hosts_are_refused(asking: Asking) -> None:
    with socket.create_connection(("127.0.0.1", asking.port), timeout=10) as connection:
        hosts = f"Host: 127.0.0.1:{asking.port}\r\nHost: evil.example\r\n"
        connection.sendall(f"GET /{TOKEN}/ HTTP/1.1\r\n{hosts}\r\n".encode())
        assert connection.recv(100).split()[1] in (b"400", b"421")


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1", ""])
def test_what_another_page_sends_is_refused(asking: Asking, origin: str | None) -> None:
    assert asking.post(headers={"Origin": origin}, cell="quick", body=b"x").status == 403
    assert not Path("worker.log").exists()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_other_methods_do_nothing(asking: Asking, method: str) -> None:
    connection, answer = asking.open(method, "explain", cell="quick", methods="gradcam")
    assert answer.status == 405
    connection.close()
    assert not Path("worker.log").exists()


def test_only_the_report_s_own_files_are_given(asking: Asking) -> None:
    folder = Path("reports/cells")
    folder.mkdir(parents=True)
    (folder.parent / "index.html").write_text("the overview")
    (folder / "a-b.html").write_text("a cell")
    (folder.parent / "playground.html").write_text("draw")
    (folder.parent / "notes.txt").write_text("private")
    Path("secret.html").write_text("private")
    assert asking.get("report/").text == asking.get("report/index.html").text == "the overview"
    assert asking.get("report/cells/a-b.html").text == "a cell"
    assert asking.get("report/index.html").getheader("Content-Type").startswith("text/html")
    page = asking.get().text
    assert 'href="report/index.html"' in page and 'href="report/playground.html"' in page
    for path in (
        *("../secret.html", "..%2fsecret.html", "%2e%2e/secret.html", "cells/../../secret.html"),
        *(f"/{Path('secret.html').resolve()}", "notes.txt", "cells", "cells/", "%00", "~"),
        *("..\\secret.html", "cells/%2e%2e/%2e%2e/params.yaml", "file:///etc/passwd"),
    ):
        answer = asking.get(f"report/{path}")
        assert answer.status == 404 and "private" not in answer.text, path


def test_garbage_ends_its_own_connection_alone(asking: Asking) -> None:
    for sent in (
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"A" * 100_000,
        b"GET * HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", asking.port), timeout=10) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            answered = connection.recv(100)
        assert not answered or answered.split()[1] in (b"400", b"404", b"421", b"431")
    assert asking.get().status == 200


def test_it_listens_on_this_machine_alone(asking: Asking) -> None:
    other = next(
        (each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
         if not each[4][0].startswith("127.")), None,
    )  # fmt: skip
    if other is None:
        pytest.skip("this machine has no other address")
    with pytest.raises(OSError):
        http.client.HTTPConnection(other, asking.port, timeout=2).request("GET", "/")
