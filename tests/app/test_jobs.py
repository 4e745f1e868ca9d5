"""What is computed one after the other, refused, stopped, and started anew."""

import contextlib
import json
import time
from pathlib import Path

from heatproof.app import worker_process
from tests import small_cell
from tests.app.conftest import CELL, Asking, Serving, events

MEGABYTE = 2**20


def until(condition, seconds: float = 30) -> None:
    """Wait for what happens elsewhere."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def log() -> list[str]:
    path = Path("worker.log")
    return path.read_text().splitlines() if path.exists() else []


def asked(answer) -> dict:
    """Return what the worker was asked for."""
    assert answer.status == 200, answer.error
    assert answer.events[-1]["event"] == "done", answer.events
    return json.loads(answer.events[-1]["content"])


def test_what_is_chosen_reaches_the_worker(asking: Asking) -> None:
    answer = asking.post(
        body=b"12345", cell="quick", name="a.png", methods="gradcam,,lime", fit="pad", levels="1",
        **{"class": "3"},
    )  # fmt: skip
    assert [each["event"] for each in answer.events] == ["starting", "opening", "done"]
    got = asked(answer)
    assert (got["bytes"], got["methods"], got["target"]) == (5, ["gradcam", "lime"], 3)
    assert got["how"] == {"fit": "pad", "invert": False, "levels": True, "as_is": False}
    assert asked(asking.post("describe", cell="quick"))["do"] == "describe"


def test_a_name_is_no_path(asking: Asking) -> None:
    for given, kept in {
        "../../etc/passwd": "passwd", "C:\\pictures\\a.png": "a.png", "/": "picture",
        "": "picture", "x" * 500: "x" * 200, "a\nb\x00.png": "a\nb\x00.png",
    }.items():  # fmt: skip
        assert asked(asking.post(cell="quick", name=given))["name"] == kept


def test_what_cannot_be_meant_is_told(asking: Asking) -> None:
    for wrong, told in {
        ("fit", "stretch"): "fit stretch: unknown", ("methods", ","): "no method is chosen",
        ("class", "-1"): "expected the index", ("class", "²"): "expected the index",
        ("class", "9" * 99): "expected the index",
    }.items():  # fmt: skip
        answer = asking.post(cell="quick", **dict([wrong]))
        assert answer.status == 422 and told in answer.error
    assert log() == []


def test_a_file_that_is_too_large_is_not_even_read(serving: Serving) -> None:
    with serving(upload=MEGABYTE) as asking:
        assert asked(asking.post(cell="quick", body=bytes(MEGABYTE)))["bytes"] == MEGABYTE
        told = "the file is larger than 1 MiB"
        lies = {"Content-Length": str(2**40)}
        connection, answer = asking.open(
            "POST", "explain", body=b"", headers=lies, cell="quick", methods="gradcam"
        )
        assert answer.status == 413 and told in answer.read().decode()
        connection.close()
        # In pieces of unknown number: who still sends may find the connection closed.
        pieces = (bytes(MEGABYTE // 4) for _ in range(6))
        with contextlib.suppress(ConnectionError):
            answer = asking.post(cell="quick", body=pieces)
            assert answer.status == 413 and told in answer.error
        assert log() == ["explain quick"]
        assert asked(asking.post(cell="quick"))["bytes"] == 0, "their places are free again"


def test_few_wait_and_more_are_told_that_it_is_busy(serving: Serving) -> None:
    with serving(line=2) as asking:
        first, one = asking.open("POST", "explain", cell="slow", methods="gradcam")
        assert json.loads(one.readline())["event"] == "starting"
        until(lambda: log() == ["explain slow"])
        second, two = asking.open("POST", "explain", cell="quick", methods="gradcam")
        assert json.loads(two.readline()) == {"event": "waiting", "before": 1}
        answer = asking.post(cell="quick")
        assert answer.status == 503
        assert "busy: 2 requests are being computed or wait" in answer.error
        first.close()
        one.close()
        assert events(two.read().decode())[-1]["event"] == "done"
        second.close()
        assert log() == ["explain slow", "stop", "explain quick"]


def test_a_page_that_is_closed_stops_its_work_and_the_worker_stays(asking: Asking) -> None:
    before = asked(asking.post(cell="quick"))["process"]
    connection, answer = asking.open("POST", "explain", cell="slow", methods="gradcam")
    answer.readline()
    until(lambda: "explain slow" in log())
    connection.close()
    answer.close()
    until(lambda: log()[-1] == "stop")
    assert asked(asking.post(cell="quick"))["process"] == before


def test_one_that_leaves_while_it_waits_leaves_its_place(serving: Serving) -> None:
    with serving(line=2) as asking:
        first, one = asking.open("POST", "explain", cell="slow", methods="gradcam")
        until(lambda: log() == ["explain slow"])
        for _ in range(3):
            second, two = asking.open("POST", "explain", cell="quick", methods="gradcam")
            while two.status == 503:  # that the one before it has left is not yet noticed
                second.close()
                second, two = asking.open("POST", "explain", cell="quick", methods="gradcam")
            assert json.loads(two.readline()) == {"event": "waiting", "before": 1}
            second.close()
            two.close()
        assert log() == ["explain slow"], "it works on, and nothing else was begun"
        first.close()
        one.close()
        until(lambda: log()[-1] == "stop")


def test_what_does_not_stop_is_ended_with_its_process(asking: Asking, monkeypatch) -> None:
    monkeypatch.setattr(worker_process, "STOP_SECONDS", 0.2)
    before = asked(asking.post(cell="quick"))["process"]
    connection, answer = asking.open("POST", "explain", cell="deaf", methods="gradcam")
    answer.readline()
    until(lambda: log()[-1] == "explain deaf")
    connection.close()
    answer.close()
    assert asked(asking.post(cell="quick"))["process"] != before


def test_what_takes_too_long_is_stopped_and_told(serving: Serving) -> None:
    with serving(seconds=0.5) as asking:
        answer = asking.post(cell="slow")
        assert answer.events[-1]["event"] == "refused"
        assert "it took longer than 0.5 s; choose fewer" in answer.events[-1]["message"]
        assert log()[-1] == "stop"


def test_a_worker_that_ends_is_told_of_and_followed_by_another(asking: Asking) -> None:
    answer = asking.post(cell="dies")
    assert answer.events[-1]["event"] == "failed"
    assert "has ended; the terminal shows why" in answer.events[-1]["message"]
    assert asked(asking.post(cell="quick"))
    assert "ended by SIGKILL, by hand or by the system" in worker_process._ended(-9)


def test_another_params_yaml_has_another_worker(asking: Asking) -> None:
    before = asked(asking.post(cell="quick"))["process"]
    assert asked(asking.post(cell="quick"))["process"] == before
    small_cell.write_params(CELL, threads=1)
    assert asked(asking.post(cell="quick"))["process"] != before


def test_nothing_is_left_when_the_server_ends(serving: Serving) -> None:
    with serving() as asking:
        process = asked(asking.post(cell="quick"))["process"]
        connection, answer = asking.open("POST", "explain", cell="slow", methods="gradcam")
        answer.readline()
    assert not Path(f"/proc/{process}").exists()
    connection.close()
