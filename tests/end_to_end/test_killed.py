"""`kill -9` at any moment: the run that follows finishes, and ends in the same bytes.

The whole pipeline of a small cell is killed 30 times and more, each time started again, and
compared with one that nobody disturbed. Every stage is killed, and DVC before, between and after
its stages: where a kill fell, what the run had said tells, and one that came too late is repeated.
"""

import itertools
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.scratch import Scratch, environment
from tools import repair

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(1200)]

CELL = "simple_cnn-digits"
TRAIN = f"train@{CELL}"
# How often stages are killed at a random moment, others once; and how many kills there are in all.
KILLS = {TRAIN: 2, f"assess@{CELL}": 2, "report": 2}
MOMENTS = 30
# So many that there is an epoch to be killed in, and next to go on from.
EPOCHS = 12
# Where else than in a stage: loading and comparing with dvc.lock, writing dvc.lock after a stage.
STARTING, NOTING = "before any stage", "writing dvc.lock"
RUNS = re.compile(r"Running stage '(.+)':")
# What DVC says before it writes dvc.lock, which is when a kill leaves half of it.
WRITES = re.compile("Updating lock file|Generating lock file")
# `tools.repro`, but with all that DVC says.
AT_LENGTH = (
    "import re; from heatproof.run import command; from tools import pipeline\n"
    "pipeline.NOISE = re.compile('(?!)'); command.start('tools.repro')"
)


@dataclass
class Run:
    """`make repro`, or DVC alone with these words, at work in a process group of its own."""

    process: subprocess.Popen
    said: list[tuple[float, str]] = field(default_factory=list)

    @classmethod
    def of(cls, study: Scratch, *words: str, tracking: str = "on") -> "Run":
        """Start one. It is tracked, so that it may be killed while it writes to the database."""
        run = cls(
            subprocess.Popen(
                [sys.executable, *(("-m", *words) if words else ("-c", AT_LENGTH))],
                cwd=study.path, text=True,
                env=environment(STUDY_TRACKING=tracking), start_new_session=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
            )
        )  # fmt: skip
        run._reader = threading.Thread(target=run._read, daemon=True)
        run._reader.start()
        return run

    def _read(self) -> None:
        for line in self.process.stdout:
            self.said.append((time.monotonic(), line))

    @property
    def text(self) -> str:
        """All that it has said."""
        return "".join(line for _, line in list(self.said))

    @property
    def begun(self) -> list[tuple[float, str]]:
        """When each stage began, and its name."""
        return [(at, m[1]) for at, line in list(self.said) if (m := RUNS.match(line))]

    @property
    def place(self) -> str:
        """Where it is: in a stage, or in which of DVC's own steps."""
        place = STARTING
        for _, line in list(self.said):
            if m := RUNS.match(line):
                place = m[1]
            elif WRITES.match(line):
                place = NOTING
        return place

    def until(self, happened: Callable[[], bool]) -> bool:
        """Wait for something to happen; return False if the run ended without it."""
        while not happened():
            if not self._reader.is_alive():
                return happened()
            time.sleep(0.003)
        return True

    def kill(self) -> str:
        """Kill the whole group; return where it was, nothing if it had ended by itself."""
        at_work = self.process.poll() is None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()
        return self.place if at_work else ""

    def finish(self) -> str:
        """Wait for its end, which has to be a good one; return what it said."""
        self._reader.join()
        assert self.process.wait() == 0, self.text
        return self.text


@dataclass
class Killer:
    """Kills runs of a study, and notes where each kill fell and what the runs had said."""

    study: Scratch
    places: Counter = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)

    def kill(self, run: Run) -> str:
        place = run.kill()
        self.said.append(run.text)
        if place:
            self.places[place] += 1
        else:
            assert run.process.returncode == 0, run.text
        return place

    def in_stage(self, stage: str, earlier: set[str], delay: float) -> None:
        """Kill a run `delay` seconds after a stage began.

        The stage may end sooner than that, and the kill fall elsewhere: then it is run once more by
        itself and killed earlier.
        """
        run = Run.of(self.study)
        run.until(lambda: any(name not in earlier for _, name in run.begun))
        time.sleep(delay)
        while self.kill(run) != stage:
            delay /= 2
            repair.repair(self.study.path)
            words = ("tools.pipeline", "repro", "--single-item", "--force", stage)
            run = Run.of(self.study, *words)
            run.until(lambda run=run: bool(run.begun))
            time.sleep(delay)

    def at(self, happened: Callable[[Run], bool], delay: float) -> str:
        """Kill a run so many seconds after something happened."""
        run = Run.of(self.study)
        run.until(lambda: happened(run))
        time.sleep(delay)
        return self.kill(run)


def clone(origin: Scratch, path: Path) -> Scratch:
    """Return a clone, of the same commit, since provenance records it."""
    origin.git("clone", "-q", str(origin.path), str(path))
    study = Scratch(path)
    study.change("models.simple_cnn.schedules.cpu.digits.epochs", EPOCHS)
    return study


@pytest.fixture
def origin(tmp_path: Path) -> Scratch:
    """What is cloned: nothing was run in it."""
    return Scratch.make(tmp_path / "origin", CELL)


@pytest.fixture
def undisturbed(origin: Scratch, tmp_path: Path) -> Iterator[tuple[Scratch, Run]]:
    """A study that runs in one go, beside the one that is killed, and a little ahead of it."""
    study = clone(origin, tmp_path / "undisturbed")
    run = Run.of(study, tracking="off")
    yield study, run
    run.kill()


def in_turn(run: Run) -> Iterator[tuple[str, float]]:
    """Yield the stages of a run and how long each took, as soon as it is over."""
    for number in itertools.count():
        run.until(lambda following=number + 1: len(run.begun) > following)
        if number == len(run.begun):
            return
        (began, stage), *after = run.begun[number:]
        yield stage, (after[0][0] if after else run.said[-1][0]) - began


def kill_everywhere(killer: Killer, whole: Run, chosen: random.Random) -> list[str]:
    """Kill a study wherever it can be, while another one goes ahead; return the stages."""
    stages: list[str] = []
    trained = killer.study.path / ".resume" / "finished" / f"{CELL}.npz"
    for stage, seconds in in_turn(whole):
        for _ in range(KILLS.get(stage, 1)):
            killer.in_stage(stage, set(stages), chosen.uniform(0, 0.9) * seconds)
        stages.append(stage)
        if stage == TRAIN:
            epoch = chosen.randint(1, EPOCHS - 3)
            killer.at(lambda run, epoch=epoch: f"epoch {epoch}/" in run.text, 0)
            # Its results are written, and DVC has not noted them.
            killer.at(lambda run: trained.exists(), 0)
        elif len(stages) % 3 == 2:
            killer.at(lambda run: run.place == NOTING, chosen.uniform(0, 0.03))
    while sum(killer.places.values()) < MOMENTS or killer.places[STARTING] < 3:
        killer.at(lambda run: True, chosen.uniform(0.2, 2.0))
    return stages


def test_it_finishes_in_the_same_bytes(tmp_path, origin, undisturbed, capsys) -> None:
    whole, run = undisturbed
    killer = Killer(clone(origin, tmp_path / "killed"))
    stages = kill_everywhere(killer, run, random.Random(30))
    run.finish()
    study, places = killer.study, killer.places
    last = Run.of(study).finish()
    said = "".join([*killer.said, last])
    with capsys.disabled():
        print(f"\n{places.total()} kills: {said.count('resuming after epoch')} times a training "
              f"resumed, {said.count('cut short')} times a file of DVC's was mended")  # fmt: skip
        print(", ".join(f"{place} {count}" for place, count in places.items()))

    assert "Traceback" not in said, said
    listed = set(re.findall(r"Stage '(.+)' didn't change", study.run("dvc", "repro").stdout))
    assert set(stages) == listed, "the undisturbed run had every stage to do"
    assert {*stages, STARTING, NOTING} <= places.keys() and places.total() >= MOMENTS
    assert all(places[stage] >= count for stage, count in KILLS.items())
    resumed = [int(epoch) for epoch in re.findall(r"resuming after epoch (\d+)", said)]
    assert any(epoch < EPOCHS for epoch in resumed), "none was killed between its epochs"
    assert EPOCHS in resumed, "none was killed between its end and DVC's note of it"
    assert study.contents("data", "metrics") == whole.contents("data", "metrics")
    whole.tell_durations_of(study)
    assert study.contents("reports") == whole.contents("reports")

    assert "up to date" in study.run("dvc", "status").stdout
    assert list(study.path.glob(".resume/**/*.npz")) == []
    assert list(study.path.rglob("*.unfinished.*")) == []
    with closing(sqlite3.connect(study.path / "mlflow.db")) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        ended = {name for (name,) in database.execute(
            "select name from runs where status = 'FINISHED'")}  # fmt: skip
    assert any(name.startswith("train") for name in ended), ended
