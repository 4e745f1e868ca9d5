"""The bench of memory: what the system says, which stages, and trainings of few steps."""

import json
from pathlib import Path

import pytest

from bench import memory
from heatproof.run.errors import UserError
from tests.scratch import Scratch

CELL = "simple_cnn-digits"


def test_the_greatest_memory_is_that_of_the_stage_alone(tmp_path: Path) -> None:
    here = bytearray(b"1") * (100 * 2**20)  # the bench's own is not the stage's
    (tmp_path / "hungry.py").write_text("x = bytearray(b'1') * (400 * 2**20)\ndel x\n")
    (tmp_path / "modest.py").write_text("")
    hungry, failure = memory.peak_gib(["python", "-m", "hungry"], tmp_path, 1)
    assert failure == "" and 400 / 1024 < hungry < 500 / 1024
    modest, _ = memory.peak_gib(["python", "-m", "modest"], tmp_path, 1)
    assert modest < 0.05 < len(here) / 2**30


def test_a_stage_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise SystemExit('error: no such file')")
    assert memory.peak_gib(["python", "-m", "broken"], tmp_path, 1)[1] == "error: no such file"


def test_the_stages_of_the_cells_and_of_the_whole_study_run_trainings_last() -> None:
    locked = {
        name: {"cmd": f"python -m stages.{module} --cell x"}
        for name, module in {
            "train@a-d": "train",
            "train_seeds@a-d": "train_seeds",
            "train@b-d": "train",
            "fetch@d": "fetch",
            "fetch@e": "fetch",
            "report": "report",
        }.items()
    }
    found = memory.commands(locked, ["a-d"], ["d"])
    assert list(found) == ["fetch@d", "report", "train@a-d", "train_seeds@a-d"]
    assert found["report"][:3] == ["python", "-m", "stages.report"]


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="make repro"):
        memory.copy(tmp_path, tmp_path / "copy", [CELL])


@pytest.mark.slow
def test_a_training_has_all_data_and_few_steps(tmp_path: Path) -> None:
    study = Scratch.make(tmp_path / "study", CELL)
    study.change("models.simple_cnn.schedules.cpu.digits.epochs", 7)
    for words in (("stages.fetch", "--dataset", "digits"),
                  ("stages.preprocess", "--dataset", "digits")):  # fmt: skip
        done = study.run(*words)
        assert done.returncode == 0, done.stdout
    before = study.contents("data", "metrics")
    scratch = tmp_path / "scratch"
    memory.copy(study.path, scratch, [CELL])
    gib, failure = memory.peak_gib(
        ["python", "-m", "stages.train", "--cell", CELL], scratch, steps=2
    )
    assert failure == "" and 0.1 < gib < memory.LIMIT_GIB
    told = json.loads((scratch / "metrics" / "train" / f"{CELL}.json").read_text())
    assert (told["epochs_run"], told["steps"]) == (1, 2)
    assert told["train_images"] == 256  # as the schedule says, not what two steps need
    assert study.contents("data", "metrics") == before
