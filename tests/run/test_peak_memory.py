"""The most memory that a stage took: of its own process, and of one that it starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from heatproof.run import peak_memory
from heatproof.storage import artifacts, stage_memory
from tests.scratch import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

MIB = 2**20
# 300 MiB for a moment; what a program that it starts and a copy of it then count; 100 MiB more.
# Linux counts by the page of each processor, and is some of these behind.
PROGRAM = """
import os, subprocess, sys
from heatproof.run import peak_memory
def take(mib):
    return b"x" * (mib * 2**20)
began = peak_memory.peak()
take(300)
print("own", peak_memory.peak() - began, flush=True)
small = "from heatproof.run import peak_memory; print('started', peak_memory.peak(), flush=True)"
subprocess.run([sys.executable, "-c", small], check=True)
if not os.fork():
    print("copy", peak_memory.peak() - began, flush=True)
    take(100)
    print("copy's own", peak_memory.peak() - began, flush=True)
    os._exit(0)
os.wait()
"""


def test_it_is_of_the_process_itself_whoever_started_it() -> None:
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = (line.rsplit(maxsplit=1) for line in done.stdout.splitlines())
    found = {name: int(number) / MIB for name, number in lines}
    assert 290 < found["own"] < 350, "it was given back, and counts"
    assert 1 < found["started"] < 100, "the large one that started it does not count"
    assert found["copy"] < 50, "nor what was given back before the copy was made"
    assert 90 < found["copy's own"] < 150


def test_a_process_that_works_beside_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak_memory, "_started", 0)
    alone = peak_memory.peak()
    other = "print(len(b'x' * 2**26), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", other], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdout.readline()
        peak_memory.watch(process.pid)
        process.communicate(b"\n")
    peak_memory.watch(process.pid)  # it has ended: what was seen of it stays
    assert 60 * MIB < peak_memory.peak() - alone < 128 * MIB


def test_each_stage_has_its_own_and_what_ran_here_counts_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert stage_memory.read() == {}
    stage_memory.record("report", 1)
    assert not stage_memory.MEMORY.exists(), "no study's folder: no file, and no error"
    stage_memory.MEMORY.parent.mkdir(parents=True)
    artifacts.write_timing("train", "a-b", {"train_seconds": 1.5})
    artifacts.write_timing("evaluate", "a-b", {})
    assert artifacts.read_timing("train", "a-b") == {"train_seconds": 1.5}
    known = stage_memory.read()
    assert set(known) == {"train@a-b", "evaluate@a-b"} and min(known.values()) > MIB
    stage_memory.record("train@a-b", 5 * MIB)
    stage_memory.record("report", 7 * MIB)
    stage_memory.record("inspect@b", 0)  # not known
    assert stage_memory.read() == known | {"train@a-b": 5 * MIB, "report": 7 * MIB}
    stage_memory.MEMORY.write_text("{")
    assert stage_memory.read() == known
