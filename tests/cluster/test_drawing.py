"""From events to text: exactly what a user sees, at every width."""

import pytest

from heatproof.cluster.drawing import ending, log_line, overview, summary, table
from heatproof.cluster.standing import (
    Board,
    Ended,
    Event,
    Failed,
    Planned,
    Retried,
    Started,
    seconds_left,
)

PLAN = (
    Planned("fetch@digits", (), 2.0),
    Planned("train@simple_cnn-digits", ("fetch@digits",), 30.0),
    Planned("train@baseline_cnn-digits", ("fetch@digits",), 40.0),
    Planned("evaluate@simple_cnn-digits", ("train@simple_cnn-digits",), 5.0),
    Planned("report", ("evaluate@simple_cnn-digits", "train@baseline_cnn-digits"), 5.0),
)
FETCHED = (Started("fetch@digits", "node 1", 1000.0), Ended("fetch@digits", 1002.0))
TRAINING = (
    *FETCHED,
    Started("train@simple_cnn-digits", "node 1", 1002.0),
    Started("train@baseline_cnn-digits", "node 2", 1003.0),
)


def board(*events: Event) -> Board:
    made = Board(1000.0)
    for event in (*PLAN, *events):
        made.take(event)
    return made


def shown(made: Board, now: float, width: int = 80, height: int = 24, **more) -> str:
    return table(made, now, width, height, left=seconds_left(made, now), **more)


def test_before_anything_runs() -> None:
    assert shown(board(), 1000.0) == (
        "cell  stage  node  state  elapsed  left\n"
        "0 of 5 done, 5 waiting; under 0.1 s, about 80 s left"
    )


def test_what_runs_where_and_how_long_it_takes() -> None:
    assert shown(board(*TRAINING), 1012.0, dashboard="http://127.0.0.1:8265") == (
        "cell                 stage  node    state    elapsed  left\n"
        "simple_cnn-digits    train  node 1  running     0:10  0:20\n"
        "baseline_cnn-digits  train  node 2  running     0:09  0:31\n"
        "1 of 5 done, 2 running, 2 waiting; 12.0 s, about 40 s left\n"
        "Ray's dashboard: http://127.0.0.1:8265"
    )


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (58, "cell                 stage  node    state    elapsed  left"),
        (57, "cell                 stage  node    state    left"),
        (48, "cell                 stage  state    left"),
        (40, "cell                 stage  state"),
        (30, "cell                 stage  s…"),
    ],
)
def test_a_narrow_terminal_has_fewer_columns_and_no_longer_line(width: int, expected: str) -> None:
    text = shown(board(*TRAINING), 1012.0, width, dashboard="http://127.0.0.1:8265")
    assert text.splitlines()[0] == expected
    assert max(map(len, text.splitlines())) <= width


def test_a_low_terminal_has_fewer_lines() -> None:
    text = shown(board(*TRAINING), 1012.0, height=5)
    assert text.splitlines()[1:] == [
        "simple_cnn-digits  train  node 1  running     0:10  0:20",
        "and 1 more",
        "1 of 5 done, 2 running, 2 waiting; 12.0 s, about 40 s left",
    ]


def test_a_second_try_and_a_failure_stand_out() -> None:
    made = board(
        *TRAINING,
        Retried("train@simple_cnn-digits", "node 1 was lost", 1020.0),
        Started("train@simple_cnn-digits", "node 2", 1030.0),
        Failed("train@baseline_cnn-digits", "params.yaml: models: no such key", 1031.0),
    )
    assert shown(made, 1040.0) == (
        "cell                 stage  node    state             elapsed  left\n"
        "simple_cnn-digits    train  node 2  running, 2nd try     0:10  0:20\n"
        "baseline_cnn-digits  train  node 2  failed               0:28     –\n"
        "1 of 5 done, 1 running, 1 waiting, 1 failed, 1 blocked; 40.0 s, about 20 s left"
    )
    lines = shown(made, 1040.0, colour=True).splitlines()
    assert lines[1].startswith("\x1b[33msimple_cnn") and lines[1].endswith("\x1b[0m")
    assert lines[2].startswith("\x1b[31mbaseline_cnn") and "\x1b" not in lines[0] + lines[3]


def test_a_log_has_a_line_for_each_event() -> None:
    made = Board(1000.0)
    lines = []
    for event in (
        *PLAN,
        *TRAINING,
        Retried("train@simple_cnn-digits", "node 1 was lost\nwith its memory", 1020.0),
        Started("train@simple_cnn-digits", "node 2", 1021.0),
        Ended("train@simple_cnn-digits", 1040.0, ran=False),
        Failed("train@baseline_cnn-digits", "params.yaml: models: no such key", 1041.0),
    ):
        made.take(event)
        lines.append(log_line(made, event, 30.0))
    left = "about 30 s left]"
    assert lines[len(PLAN) :] == [
        f"fetch@digits started on node 1 [0 of 5 done, 1 running, 4 waiting; under 0.1 s, {left}",
        f"fetch@digits done in 2.0 s [1 of 5 done, 4 waiting; 2.0 s, {left}",
        "train@simple_cnn-digits started on node 1 "
        f"[1 of 5 done, 1 running, 3 waiting; 2.0 s, {left}",
        "train@baseline_cnn-digits started on node 2 "
        f"[1 of 5 done, 2 running, 2 waiting; 3.0 s, {left}",
        "train@simple_cnn-digits is tried again: node 1 was lost with its memory "
        f"[1 of 5 done, 1 running, 3 waiting; 20.0 s, {left}",
        "train@simple_cnn-digits started on node 2 (2nd try) "
        f"[1 of 5 done, 2 running, 2 waiting; 21.0 s, {left}",
        "train@simple_cnn-digits done in 19.0 s (its results were there already) "
        f"[2 of 5 done, 1 running, 2 waiting; 40.0 s, {left}",
        "error: train@baseline_cnn-digits failed on node 2: params.yaml: models: no such key "
        f"[2 of 5 done, 1 waiting, 1 failed, 1 blocked; 41.0 s, {left}",
    ]
    assert set(lines[: len(PLAN)]) == {""}


def test_how_it_ended_says_what_to_do() -> None:
    again = "heatproof cluster run"
    assert ending(board(*TRAINING), again, interrupted=True) == (
        "interrupted with 1 of 5 tasks done, at work on train@simple_cnn-digits, "
        "train@baseline_cnn-digits. Completed tasks and the trainings' checkpoints are saved: "
        "`heatproof cluster run` resumes from here"
    )
    failed = board(*TRAINING, Failed("train@simple_cnn-digits", "no such key", 1041.0))
    assert ending(failed, again, interrupted=False) == (
        "error: train@simple_cnn-digits: no such key\n"
        "2 tasks that needed them did not run\n"
        "Completed tasks are saved: `heatproof cluster run` resumes from here"
    )
    assert ending(board(*FETCHED), again, interrupted=False) == ""


def test_no_time_is_told_where_a_duration_is_unknown() -> None:
    made = board(Planned("claims", ("report",)))
    assert seconds_left(made, 1000.0) is None
    assert summary(made, 1000.0) == "0 of 6 done, 6 waiting; under 0.1 s"


def test_what_took_twice_as_long_will_again_and_who_is_late_has_no_time() -> None:
    made = board(*TRAINING, Ended("train@simple_cnn-digits", 1062.0))
    # Of 32 s expected 62 were spent; left are 40 − 59 and 5 and 5 s of what was expected.
    assert seconds_left(made, 1062.0) == pytest.approx(62 / 32 * (40 + 5) - 59)
    text = shown(made, 1062.0)
    assert "baseline_cnn-digits  train  node 2  running     0:59  0:18" in text
    assert text.endswith(", about 30 s left")
    # Later than that, too: its own time is unknown, the 2 × 10 s that follow are the least.
    text = shown(made, 1085.0)
    assert "baseline_cnn-digits  train  node 2  running     1:22     –" in text
    assert text.endswith(", at least about 20 s left")


def test_a_task_that_nobody_planned_is_shown_too() -> None:
    made = board(Started("claims", "node 1", 1000.0))
    assert "–     claims  node 1  running     0:00     –" in shown(made, 1000.0)


def test_another_terminal_sees_what_runs_is_done_and_waits() -> None:
    made = board(*TRAINING)
    assert overview(made, "running", 1012.0, 80, "heatproof cluster run") == (
        "A run is in progress.\n"
        "\n"
        "cell                 stage  node    state    elapsed  left\n"
        "simple_cnn-digits    train  node 1  running     0:10  0:20\n"
        "baseline_cnn-digits  train  node 2  running     0:09  0:31\n"
        "\n"
        "done: fetch@digits\n"
        "waiting: evaluate@simple_cnn-digits, report\n"
        "1 of 5 done, 2 running, 2 waiting; 12.0 s, about 40 s left"
    )
    made.take(Failed("train@simple_cnn-digits", "the disk is full", 1013.0))
    assert overview(made, "killed", 1013.0, 80, "heatproof cluster run") == (
        "The last run was killed.\n"
        "at work then: train@baseline_cnn-digits\n"
        "failed: train@simple_cnn-digits: the disk is full\n"
        "done: fetch@digits\n"
        "cannot run: evaluate@simple_cnn-digits, report\n"
        "1 of 5 done, 1 running, 1 failed, 2 blocked; 13.0 s\n"
        "`heatproof cluster run` resumes from here"
    )


def test_many_names_are_counted() -> None:
    many = board(*(Planned(f"train@{number}-digits") for number in range(1600)))
    text = overview(many, "interrupted", 1000.0, 80, "heatproof cluster run")
    assert text.splitlines()[1].endswith("train@2-digits and 1,597 more")
