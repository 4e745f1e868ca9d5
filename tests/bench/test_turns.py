"""Sides that take turns, as small scripts: one that is slow, one that ends, one needed."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bench.turns import ROOT, SideLost, Start, rates_in_turns

# It counts 10 images, and notes that it has been let go on.
SIDE = """
import sys
from bench.turns import Rounds
name, log, ends_after = sys.argv[1], sys.argv[2], int(sys.argv[3])
report = Rounds(0.0).trained
for turn in range(1000):
    with open(log, "a") as file:
        file.write(name)
    if turn == ends_after:
        sys.exit("a library's progress\\nout of memory")
    report(10)
"""
# A bench that is killed while its side, which has had its turn, is stopped.
KILLED = """
import json, sys, time
from bench.turns import Side, Start
side = Side(Start("a", json.loads(sys.argv[1]), json.loads(sys.argv[2])), 200.0)
side.answer()
print(side.process.pid, flush=True)
time.sleep(200)
"""
PATIENCE = 200.0


def script(tmp_path: Path, side: str, ends_after: int = -1, needed: bool = False) -> Start:
    words = [sys.executable, "-c", SIDE, side, str(tmp_path / "log"), str(ends_after)]
    return Start(side, words, os.environ | {"PYTHONPATH": str(ROOT)}, needed)


def test_each_side_has_as_many_rounds_and_they_alternate(tmp_path: Path) -> None:
    rates = rates_in_turns([script(tmp_path, "a"), script(tmp_path, "b")], 3, PATIENCE)
    for of in (rates.wall, rates.cpu):
        assert {side: len(each) for side, each in of.items()} == {"a": 3, "b": 3}
        assert all(rate > 0 for each in of.values() for rate in each)
    assert rates.lost == {}
    # The warm-up of each, then in turns.
    assert (tmp_path / "log").read_text() == "ab" * 4


def test_a_side_that_ends_or_is_too_slow_is_left_out(tmp_path: Path) -> None:
    starts = [script(tmp_path, "a", needed=True), script(tmp_path, "b", ends_after=2)]
    rates = rates_in_turns(starts, 3, PATIENCE)
    assert list(rates.wall) == list(rates.cpu) == ["a"] and len(rates.wall["a"]) == 3
    assert rates.lost == {"b": "out of memory"}
    slow = Start("slow", [sys.executable, "-c", "import time; time.sleep(200)"], os.environ)
    rates = rates_in_turns([slow], 1, 0.5)
    assert (rates.wall, rates.lost) == ({}, {"slow": "not done after 0 s"})


def test_cpu_time_does_not_count_what_a_side_waits(tmp_path: Path) -> None:
    waits = SIDE.replace("report(10)", "time.sleep(0.3); report(10)")
    words = [sys.executable, "-c", f"import time{waits}", "a", str(tmp_path / "log"), "-1"]
    start = Start("a", words, os.environ | {"PYTHONPATH": str(ROOT)})
    rates = rates_in_turns([start], 2, PATIENCE)
    assert all(cpu > 2 * wall for cpu, wall in zip(rates.cpu["a"], rates.wall["a"], strict=True))


def test_the_bench_ends_without_a_side_that_is_needed(tmp_path: Path, capfd) -> None:
    starts = [script(tmp_path, "a"), script(tmp_path, "b", ends_after=0, needed=True)]
    with pytest.raises(SideLost, match="out of memory"):
        rates_in_turns(starts, 1, PATIENCE)
    assert "a library's progress" in capfd.readouterr().err


def test_a_stopped_side_ends_with_a_bench_that_is_killed(tmp_path: Path) -> None:
    start = script(tmp_path, "a")
    words = json.dumps(start.words), json.dumps(dict(start.environment))
    bench = subprocess.Popen(
        [sys.executable, "-c", KILLED, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    side = psutil.Process(int(bench.stdout.readline()))
    try:
        assert becomes(side, psutil.STATUS_STOPPED)
        bench.kill()
        # Whoever takes it over may never ask how it ended.
        assert becomes(side, psutil.STATUS_ZOMBIE)
    finally:
        bench.kill()
        bench.communicate()
        with suppress(psutil.NoSuchProcess):
            side.kill()


def becomes(process: psutil.Process, status: str) -> bool:
    for _ in range(4000):
        if not process.is_running() or process.status() == status:
            return True
        time.sleep(0.05)
    return False
