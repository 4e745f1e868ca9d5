"""What a run prints, on a terminal and in a log, and what another terminal reads of it."""

import io
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from heatproof.cluster import state, watch
from heatproof.cluster.watch import Watch
from heatproof.run.errors import UserError
from heatproof.storage import stage_seconds

AGAIN = "heatproof cluster run"
A = ["train@a-digits", "evaluate@a-digits"]
TASKS = [
    SimpleNamespace(name="fetch@digits", stages=["fetch@digits"], needs=[]),
    SimpleNamespace(name="train@a-digits", stages=A, needs=["fetch@digits"]),
]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".dvc" / "tmp").mkdir(parents=True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return tmp_path


def followed(study: Path, stream: io.StringIO) -> tuple[Watch, list[float]]:
    now = [1000.0]
    return Watch(study, AGAIN, stream, "http://127.0.0.1:8265", lambda: now[0]), now


def test_a_log_has_plain_lines(study: Path) -> None:
    recorded = {"fetch@digits": 2.0, "train@b-digits": 50.0, "evaluate@b-digits": 10.0}
    stage_seconds.record_all(recorded, study)
    stream = io.StringIO()
    run, now = followed(study, stream)
    run.plan(TASKS)
    run.started("fetch@digits", "node 1")
    now[0] += 4
    run.ended("fetch@digits", {"fetch@digits": 3.5})
    assert stream.getvalue() == (
        "fetch@digits started on node 1 "
        "[0 of 2 done, 1 running, 1 waiting; under 0.1 s, about 60 s left]\n"
        "fetch@digits done in 4.0 s [1 of 2 done, 1 waiting; 4.0 s, about 60 s left]\n"
    )
    assert run.end("done") == "1 of 2 done, 1 waiting; 4.0 s"
    assert stage_seconds.read(study)["fetch@digits"] == 3.5, "it is expected the next time"


def test_a_terminal_has_one_table_drawn_in_place(study: Path) -> None:
    stream = Terminal()
    run, now = followed(study, stream)
    run.plan(TASKS)
    first = stream.getvalue()
    assert first.count("\n") == 3 and "\x1b" not in first, "nothing to clear yet"
    run.started("fetch@digits", "node 1")
    assert stream.getvalue() == first, "half a second has not passed"
    now[0] += 1
    run.tick()
    assert stream.getvalue().removeprefix(first) == (
        "\x1b[3F\x1b[J"
        "cell    stage  node    state    elapsed  left\n"
        "\x1b[32mdigits  fetch  node 1  running     0:01     –\x1b[0m\n"
        "0 of 2 done, 1 running, 1 waiting; 1.0 s\n"
        "Ray's dashboard: http://127.0.0.1:8265\n"
    )
    run.failed("fetch@digits", "no such file [2]")
    told = "error: fetch@digits failed on node 1: no such file [2]\n"
    assert f"\x1b[4F\x1b[J{told}" in stream.getvalue()


def test_no_colour_where_none_is_wanted(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    run, _ = followed(study, stream)
    run.started("fetch@digits", "node 1")
    assert "running" in stream.getvalue() and "m" not in stream.getvalue().split("\x1b[")[-1][:4]


def test_another_terminal_reads_how_the_run_stands(study: Path) -> None:
    assert state.read(study) is None
    run, now = followed(study, io.StringIO())
    run.plan(TASKS)
    now[0] += 2
    run.started("fetch@digits", "node 1")
    read = state.read(study)
    assert read is not None and read.how == "running" and read.dashboard.endswith("8265")
    assert read.board.rows == run.board.rows and read.board.count("running") == 1
    run.end("interrupted")
    ended = state.read(study)
    assert ended is not None and ended.how == "interrupted"


def test_a_run_that_was_killed_does_not_count_as_running(study: Path) -> None:
    run, _ = followed(study, io.StringIO())
    run.plan(TASKS)
    path = study / state.STATE
    content = json.loads(path.read_text())
    assert content["process"] == os.getpid()
    path.write_text(json.dumps(content | {"process_began": content["process_began"] - 60}))
    read = state.read(study)
    assert read is not None and read.how == "killed", "another program has its number now"
    path.write_text(json.dumps(content | {"host": "elsewhere", "process": 2**30}))
    read = state.read(study)
    assert read is not None and read.how == "running", "nobody here can tell"


def test_a_damaged_file_is_named(study: Path) -> None:
    run, _ = followed(study, io.StringIO())
    run.plan(TASKS)
    path = study / state.STATE
    whole = path.read_bytes()
    for broken in (b"", b"[]", whole[:-9], whole.replace(b'"waiting"', b'"asleep"')):
        path.write_bytes(broken)
        with pytest.raises(UserError, match=r"cluster\.json: damaged"):
            state.read(study)


def test_whatever_ends_a_run_it_says_how_to_go_on(study: Path, capsys) -> None:
    with pytest.raises(KeyboardInterrupt), watch.watching(study, AGAIN) as run:
        run.plan(TASKS)
        run.started("fetch@digits", "node 1")
        raise KeyboardInterrupt
    assert f"`{AGAIN}` resumes from here" in capsys.readouterr().err
    with pytest.raises(UserError), watch.watching(study, AGAIN) as run:
        raise UserError("no such cluster")
    read = state.read(study)
    assert read is not None and read.how == "failed"
    with watch.watching(study, AGAIN) as run:
        run.plan(TASKS[:1])
        run.started("fetch@digits", "node 1")
        run.ended("fetch@digits", {})
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 of 1 done; ")
    assert "fetch@digits" not in stage_seconds.read(study), "restored, it took no time"
