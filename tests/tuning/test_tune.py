"""`heatproof tune` as a user calls it: broken off, gone on with, taken over."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from heatproof.config import params
from heatproof.storage import artifacts
from tests.interruptible import interruptible
from tests.scratch import environment
from tests.tuning import small_task
from tests.tuning.small_task import CELL

WORDS = [sys.executable, "-m", "tools.tune", CELL]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("study")


@pytest.fixture(autouse=True)
def folder(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(study)


def tune(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*WORDS, *words], env=with_path(), capture_output=True, text=True, timeout=500, check=False
    )


def with_path() -> dict[str, str]:
    return environment(PYTHONPATH=str(Path(__file__).resolve().parents[2]))


def test_ctrl_c_saves_what_is_finished_and_the_same_command_resumes():
    small_task.write()
    comments = "# of mine\n" + Path("params.yaml").read_text("utf-8")
    Path("params.yaml").write_text(comments, "utf-8")
    # More than could be finished before the signal comes.
    words = ["--trials", "99", "--seeds", "1"]
    with interruptible():
        process = subprocess.Popen(
            [*WORDS, *words], env=with_path(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(2)]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert "99 trials to go" in told[0] and told[1].startswith("trial 1 of 99: ")
    assert process.returncode == 130, err
    done = 1 + len(re.findall(r"^trial", out, re.MULTILINE))
    assert f"interrupted: {done} finished trial" in err
    assert "resumes from there" in err and "Traceback" not in err

    total = done + 3
    again = tune("--trials", str(total), "--seeds", "1")
    assert again.returncode == 0, again.stdout + again.stderr
    assert f"{done} trial" in again.stdout.splitlines()[0]
    assert len(re.findall(rf"^trial \d+ of {total}", again.stdout, re.MULTILINE)) == 3
    assert "too few to tell" in again.stdout or f"No trial of {total}" in again.stdout
    page = (Path("tuning") / f"{CELL}.html").read_text("utf-8")
    assert page.count('<tr><th scope="row" data-value="') == total
    assert "Which parameters matter" in page


def test_the_best_values_are_taken_over_and_comments_stay():
    before = Path("params.yaml").read_text("utf-8")
    done = tune("--apply")
    assert done.returncode == 0, done.stderr
    after = Path("params.yaml").read_text("utf-8")
    assert after.startswith("# of mine\n")
    page = (Path("tuning") / f"{CELL}.html").read_text("utf-8")
    if "already" in done.stdout:  # none was better than what was there
        assert after == before
    else:
        changed = re.findall(r"^  (models\S+): .* -> ", done.stdout, re.MULTILINE)
        assert changed and all("simple_cnn" in key for key in changed)
        assert after != before and "--apply" in page
    assert params.load().run(CELL)
    assert "already" in tune("--apply").stdout
    again = tune("--trials", "4", "--seeds", "0").stdout
    assert "4 trials are there already" in again
    assert not re.search(r"^trial", again, re.MULTILINE)


def test_another_search_space_begins_a_new_search_and_bad_input_is_named():
    small_task.write({"schedules.learning_rate": {"choices": [0.001, 0.01]}})
    again = tune("--apply")
    assert again.returncode == 2
    assert "4 trials of another search space" in again.stdout
    assert "no trial came to a network" in again.stderr
    unknown = subprocess.run(
        [*WORDS[:-1], "simple_cnn-digit"], env=with_path(), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert unknown.returncode == 2 and "did you mean 'simple_cnn-digits'" in unknown.stderr
    assert "whole number from 1 on" in tune("--trials", "0").stderr
    artifacts.paths.processed("digits").unlink()
    missing = tune()
    assert missing.returncode == 2 and "preprocess@digits" in missing.stderr
    assert "Traceback" not in missing.stderr
