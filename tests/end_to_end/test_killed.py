"""`kill -9` at any moment: the run that follows finishes, and ends in the same bytes.

The whole pipeline of a small cell is killed 30 times, wherever it is, each time started again, and
compared with one that nobody disturbed.
"""

import hashlib
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.scratch import Scratch, environment

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(1800)]

CELL = "simple_cnn-digits"
# How often stages are killed, others once. The rest of the 30 fall on DVC's own steps.
KILLS = {f"train@{CELL}": 5, f"assess@{CELL}": 3, "report": 2}
MOMENTS = 30
# So many that there is an epoch to be killed in, and next to go on from.
EPOCHS = 12
RUNS = re.compile(r"Running stage '(.+)':")
# What DVC says before it writes dvc.lock, which is when a kill leaves half of it.
WRITES = "Updating lock file"


@dataclass
class Run:
    """`make repro`, at work in a process group of its own."""

    process: subprocess.Popen
    said: list[str] = field(default_factory=list)
    times: list[tuple[float, str]] = field(default_factory=list)

    @classmethod
    def of(cls, study: Scratch) -> "Run":
        """Start one. It is tracked, so that it may be killed while it writes to the database."""
        return cls(
            subprocess.Popen(
                [sys.executable, "-m", "tools.repro"], cwd=study.path, text=True,
                env=environment(STUDY_TRACKING="on"), start_new_session=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
            )
        )  # fmt: skip

    def lines(self) -> Iterator[str]:
        """Yield what it says, noting when it said it."""
        for line in self.process.stdout:
            self.said.append(line)
            self.times.append((time.monotonic(), line))
            yield line

    def kill(self) -> bool:
        """Kill the whole group; return False if it had ended by itself."""
        at_work = self.process.poll() is None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.said += self.process.communicate()[0].splitlines(keepends=True)
        return at_work

    def finish(self) -> str:
        """Wait for its end, which has to be a good one; return what it said."""
        for _ in self.lines():
            pass
        text = "".join(self.said)
        assert self.process.wait() == 0, text
        return text

    def durations(self) -> dict[str, float]:
        """Return how long each stage ran, in seconds, until the next one began."""
        begun = [(at, m[1]) for at, line in self.times if (m := RUNS.match(line))]
        ends = [*(at for at, _ in begun[1:]), self.times[-1][0]]
        return {name: end - at for (at, name), end in zip(begun, ends, strict=True)}


def killed_in(study: Scratch, stages: Collection[str], delay: float) -> str:
    """Kill a run `delay` seconds after the first of these stages began; return what it had said.

    Empty if none of them had to run any more, and the run ended by itself.
    """
    run = Run.of(study)
    for line in run.lines():
        if (m := RUNS.match(line)) and m[1] in stages:
            time.sleep(delay)
            return "".join(run.said) if run.kill() else ""
    assert run.process.wait() == 0, "".join(run.said)
    return ""


def killed_after(study: Scratch, delay: float) -> str:
    """Kill a run so many seconds after its start: DVC is loading, or comparing."""
    run = Run.of(study)
    time.sleep(delay)
    return "".join(run.said) or "killed" if run.kill() else ""


def killed_at_lock_file(study: Scratch, delay: float) -> str:
    """Kill a run while it writes what a stage gave into dvc.lock, or just after."""
    run = Run.of(study)
    for line in run.lines():
        if WRITES in line:
            time.sleep(delay)
            break
    return "".join(run.said) if run.kill() else ""


def contents(study: Scratch, *tops: str) -> dict[str, str]:
    """Return the hash of each file under these folders, by its path; durations left out."""
    return {
        str(path.relative_to(study.path)): hashlib.sha256(path.read_bytes()).hexdigest()
        for top in tops
        for path in sorted((study.path / top).rglob("*"))
        if path.is_file() and "timing" not in path.parts
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scratch, dict[str, float]]:
    """A study that ran in one go, and how long each of its stages took."""
    study = made(tmp_path_factory.mktemp("undisturbed"))
    run = Run.of(study)
    run.finish()
    assert {f"train@{CELL}", f"assess@{CELL}", "report"} <= run.durations().keys()
    return study, run.durations()


def made(path: Path) -> Scratch:
    study = Scratch.make(path, CELL)
    for budget in ("cpu", "paper"):
        study.change(f"models.simple_cnn.schedules.{budget}.digits.epochs", EPOCHS)
    return study


def test_it_finishes_in_the_same_bytes(tmp_path_factory, undisturbed, capsys) -> None:
    whole, durations = undisturbed
    study = made(tmp_path_factory.mktemp("killed"))
    chosen = random.Random(30)
    killed: list[str] = []
    stages = list(durations)
    for place, stage in enumerate(stages):
        for _ in range(KILLS.get(stage, 1)):
            delay = chosen.uniform(0, 0.95) * durations[stage]
            # A stage may end sooner than it did undisturbed; then the next one is killed.
            killed.append(killed_in(study, stages[place:], delay))
        if place % 3 == 1:
            killed.append(killed_at_lock_file(study, chosen.uniform(0, 0.03)))
            killed.append(killed_after(study, chosen.uniform(0.2, 3.0)))
    killed = [said for said in killed if said]
    while len(killed) < MOMENTS:
        killed.append(killed_after(study, chosen.uniform(0.2, 1.5)))
    last = Run.of(study).finish()
    said = "".join([*killed, last])
    assert "Traceback" not in said, said
    resumed = said.count("going on after epoch")
    with capsys.disabled():
        print(f"\n{len(killed)} kills: {resumed} times a training went on from an epoch, "
              f"{said.count('cut short')} times a file of DVC's was mended")  # fmt: skip

    assert resumed, "no training was killed after its first epoch"
    assert contents(study, "data", "metrics") == contents(whole, "data", "metrics")
    # The report tells durations, which are never the same: the undisturbed one is to tell these.
    for path in (study.path / "metrics" / "timing").rglob("*.json"):
        shutil.copy2(path, whole.path / path.relative_to(study.path))
    again = whole.run("stages.report")
    assert again.returncode == 0, again.stdout
    assert contents(study, "reports") == contents(whole, "reports")

    assert "up to date" in study.run("dvc", "status").stdout
    assert study.repro() == (set(), set())
    assert list(study.path.glob(".resume/*.npz")) == []
    unfinished = list(study.path.rglob("*.unfinished.*"))
    assert unfinished == []
    with closing(sqlite3.connect(study.path / "mlflow.db")) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        ended = {name for (name,) in database.execute(
            "select name from runs where status = 'FINISHED'")}  # fmt: skip
    assert any(name.startswith("train") for name in ended), ended
