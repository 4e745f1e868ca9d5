"""What the bench of several cells at once sees of processes."""

import os
import subprocess
import sys
import time

import pytest

from bench import jobs
from bench.jobs import Seen

# Two busy threads in a child of a process, of which the child's command line is a stage's.
BUSY = """
import hashlib, threading, time
def work():
    while True:
        hashlib.sha256(bytes(2**24))
for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
time.sleep(60)
"""
PARENT = """
import os, subprocess, sys
busy, idle = [sys.executable, "-c", os.environ["BUSY"]], [sys.executable, "-c", "input()"]
stage, copied = ["-m", "stages" + ".train"], ["-m", "tools" + ".loaded", "3"]
by_itself = os.environ["COPIED"] != "yes"
commands = [busy + stage] if by_itself else [busy + copied, idle + stage]
children = [subprocess.Popen(each, stdin=subprocess.PIPE) for each in commands]
sys.stdin.read()
for child in children:
    child.kill()
    child.wait()
"""


@pytest.mark.parametrize("copied", ["no", "yes"])
def test_stages_are_seen_below_whatever_started_them_and_whoever_does_their_work(copied) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE,
        env=os.environ | {"BUSY": BUSY, "COPIED": copied},
    )  # fmt: skip
    try:
        seen = Seen()
        for _ in range(100):
            jobs.look(os.getpid(), seen)
            if max(seen.running, default=0) >= 2:
                break
            time.sleep(0.1)
    finally:
        parent.communicate()
    assert max(seen.stages) == 1
    assert max(seen.running) >= 2


def test_other_processes_are_no_stages() -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        seen = Seen()
        jobs.look(os.getpid(), seen)
        assert (seen.stages, seen.running) == ([], [])
        assert str(seen) == "no stage seen"
    finally:
        other.communicate()
