"""Sides that train in turns, as small scripts: one that is slow, one that ends, one needed."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bench.explaining.turns import SideLost
from bench.training.turns import ROOT, Start, take_turns

# It counts 10 images, and says that it has been let go on.
SIDE = """
import sys, time
from bench.training.turns import Rounds
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
import sys, time
from tests.bench.test_training_turns import Path, script
from bench.training.turns import Worker
worker = Worker(script(Path(sys.argv[1]), "a"), 30.0)
worker.answer()
print(worker.process.pid, flush=True)
time.sleep(60)
"""
SLOW = "import time; time.sleep(60)"
PATIENCE = 30.0


def script(tmp_path: Path, side: str, ends_after: int = -1, needed: bool = False) -> Start:
    words = [sys.executable, "-c", SIDE, side, str(tmp_path / "log"), str(ends_after)]
    return Start(side, words, os.environ | {"PYTHONPATH": str(ROOT)}, needed)


def test_each_side_has_as_many_rounds_and_they_alternate(tmp_path: Path) -> None:
    rates, lost = take_turns([script(tmp_path, "a"), script(tmp_path, "b")], 3, PATIENCE)
    assert {side: len(each) for side, each in rates.items()} == {"a": 3, "b": 3}
    assert all(rate > 0 for each in rates.values() for rate in each)
    assert lost == {}
    # The warm-up of each, then in turns.
    assert (tmp_path / "log").read_text() == "ab" * 4


def test_a_side_that_ends_is_left_out_with_its_last_words(tmp_path: Path) -> None:
    starts = [script(tmp_path, "a", needed=True), script(tmp_path, "b", ends_after=2)]
    rates, lost = take_turns(starts, 3, PATIENCE)
    assert list(rates) == ["a"]
    assert len(rates["a"]) == 3
    assert lost == {"b": "out of memory"}


def test_a_side_that_is_too_slow_costs_its_patience_and_nothing_else(tmp_path: Path) -> None:
    slow = Start("slow", [sys.executable, "-c", SLOW], os.environ, needed=False)
    rates, lost = take_turns([slow, script(tmp_path, "a")], 1, 10.0)
    assert list(rates) == ["a"]
    assert lost == {"slow": "not done after 10 s"}


def test_there_is_no_going_on_without_a_side_that_is_needed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    starts = [script(tmp_path, "a"), script(tmp_path, "b", ends_after=0, needed=True)]
    with pytest.raises(SideLost, match="out of memory"):
        take_turns(starts, 1, PATIENCE)
    assert "a library's progress" in capfd.readouterr().err


def test_a_stopped_side_ends_with_a_bench_that_is_killed(tmp_path: Path) -> None:
    bench = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
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
    for _ in range(200):
        if not process.is_running() or process.status() == status:
            return True
        time.sleep(0.05)
    return False
