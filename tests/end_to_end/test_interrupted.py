"""Ctrl-C, a second run, a full disk: each is told in a line, and nothing is lost."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil
import pytest

from heatproof.storage import paths
from tests.interruptible import interruptible
from tests.scratch import Scratch, copy_repository, environment
from tools.run_lock import run_lock

CELL, OTHER = "simple_cnn-digits", "baseline_cnn-digits"


def started(folder: Path, *words: str, stderr: int | IO = subprocess.STDOUT) -> subprocess.Popen:
    """Start `python <words>` as a terminal does: a process group of its own for Ctrl-C."""
    with interruptible():
        return subprocess.Popen(
            [sys.executable, *words], cwd=folder, env=environment(), text=True,
            stdout=subprocess.PIPE, stderr=stderr, start_new_session=True,
            errors="replace",
        )  # fmt: skip


def read_until(process: subprocess.Popen, pattern: str) -> str:
    """Read what a process says up to a line in which the pattern is found."""
    said = ""
    for line in process.stdout:
        said += line
        if re.search(pattern, line):
            return said
    raise AssertionError(f"{pattern} was not said:\n{said}")


def interrupted(process: subprocess.Popen) -> str:
    """Press Ctrl-C and return what is said from then on."""
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate()[0]
    assert "Traceback" not in said, said
    return said


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """Two cells that train for long enough to be interrupted."""
    made = Scratch.make(tmp_path_factory.mktemp("interrupted"), CELL, OTHER)
    for cell in (CELL, OTHER):
        model = cell.partition("-")[0]
        made.change(f"models.{model}.schedules.cpu.digits.epochs", 2000)
    return made


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_training_is_not_disturbed_and_ctrl_c_reports_what_is_saved(study: Scratch) -> None:
    process = started(study.path, "-m", "tools.repro", f"train@{CELL}")
    read_until(process, r"epoch +3/")
    second = study.run("dvc", "repro", f"train@{CELL}")
    assert second.returncode != 0
    assert f"(PID {process.pid})" in second.stdout, second.stdout
    assert process.poll() is None, "the first continues"
    said = interrupted(process)
    assert process.returncode == 130
    after = said.strip().splitlines()
    assert not [line for line in after[:-1] if "interrupted" in line or "ERROR" in line], said
    saved, again = after[-1].split("; ")
    assert re.fullmatch(rf"interrupted in train@{CELL}, of which \d+ epochs are saved", saved), said
    assert again.endswith(f' done. `make repro TARGET="train@{CELL}"` resumes from here'), said
    deadline = time.monotonic() + 200
    while at_work := [each for each in psutil.process_iter(["cwd"]) if of(study.path, each)]:
        assert time.monotonic() < deadline, at_work
        time.sleep(0.1)


def of(folder: Path, process: psutil.Process) -> bool:
    """Whether a process trains in a folder."""
    return process.info["cwd"] == str(folder) and process.status() != psutil.STATUS_ZOMBIE


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_ctrl_c_in_two_cells_at_once(study: Scratch) -> None:
    process = started(study.path, "-m", "tools.repro", "--jobs", "2")
    said = read_until(process, r"epoch +2/")
    said = interrupted(process)
    assert process.returncode == 130
    last = said.strip().splitlines()[-1]
    assert last.startswith("interrupted with 0 of 2 cells done"), said
    assert "`make repro JOBS=2` resumes from here" in last


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "delay", [0.0, 2.5, *(pytest.param(each, marks=pytest.mark.thorough) for each in (1.0, 6.0))]
)
def test_ctrl_c_while_things_are_loaded(study: Scratch, tmp_path: Path, delay: float) -> None:
    """From the project's own first lines on; what is before them is Python's start."""
    log = tmp_path / "log"
    with open(log, "w") as errors:
        words = ("-X", "importtime", "-m", "tools.repro", f"train@{CELL}")
        process = started(study.path, *words, stderr=errors)
    while "heatproof.run.ending" not in log.read_text():
        time.sleep(0.01)
        assert process.poll() is None
    time.sleep(delay)
    interrupted(process)
    said = re.sub("import time:.*\n", "", log.read_text())
    assert process.returncode == 130 and "Traceback" not in said, said
    assert "interrupted" in said


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with nothing run in it."""
    path = tmp_path_factory.mktemp("held")
    copy_repository(path)
    return path


@pytest.mark.parametrize(
    ("words", "place", "lock"),
    [
        (("tools.repro",), ".", "run"),
        (("tools.repro", "--budget", "paper"), ".", "run"),
        (("tools.demo",), ".", "demo"),
        (("tools.verify", "simple_cnn-mnist"), ".", "verify"),
    ],
)
def test_a_second_run_waits_and_names_the_first(copied: Path, words, place, lock) -> None:
    before = (copied / "params.yaml").read_bytes()
    with run_lock(copied / place, "make something", lock):
        process = started(copied, "-m", *words)
        said = read_until(process, "waiting for it")
        assert f"`make something` (process {os.getpid()}, since " in said
        time.sleep(0.5)
        assert process.poll() is None
        told = interrupted(process)
        assert told.splitlines() == ["interrupted while waiting; nothing was begun"], told
    assert not (copied / "data").exists() and not (copied / "demo" / "dvc.yaml").exists()
    assert (copied / "params.yaml").read_bytes() == before


def test_the_folder_is_free_after_a_run_that_was_killed(tmp_path: Path, capsys) -> None:
    (tmp_path / ".dvc").mkdir()
    hold = (
        "import sys, time; from pathlib import Path; from tools.run_lock import run_lock\n"
        "with run_lock(Path(sys.argv[1]), 'x'): print('held', flush=True); time.sleep(200)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    with run_lock(tmp_path, "make repro"):
        assert capsys.readouterr().out == ""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 MB: the code and its commit take about 7 of it."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


@pytest.mark.slow
def test_no_place_to_write_is_one_line_and_loses_nothing(small_disk: Path) -> None:
    study = Scratch.make(small_disk, CELL)
    assert study.run("stages.fetch", "--dataset", "digits").returncode == 0
    raw, before = study.path / paths.raw("digits"), study.contents("data")
    assert {path.name for path in raw.iterdir()} == {paths.RECORD, paths.IMAGES, paths.MASKS}
    with open(small_disk / "filler", "wb", buffering=0) as filler, pytest.raises(OSError):
        while True:
            filler.write(bytes(512))
    for expected in ("the disk is full", "read-only"):
        if expected == "read-only":
            subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        for words in (("stages.fetch", "--dataset", "digits"), ("tools.repro",)):
            done = study.run(*words)
            assert done.returncode == 1, done.stdout
            errors = [line for line in done.stdout.splitlines() if "error" in line.lower()]
            assert "Traceback" not in done.stdout, done.stdout
            assert expected in errors[-1] or "No space left" in errors[-1], done.stdout
        assert study.contents("data") == before
        assert list(raw.parent.iterdir()) == [raw]
