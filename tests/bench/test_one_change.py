"""One parameter changed: the copy of a finished study, and what a stage needs loaded."""

from pathlib import Path

import pytest

from bench import one_change
from stages.errors import UserError
from tests.scratch import ROOT


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "made"
    folders = "data/models/a.weights.h5", "metrics/train/a.json", ".dvc/cache/files/a"
    for name in (*folders, "dvc.lock", "params.yaml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}\n")
    return folder


def test_it_is_this_code_with_what_the_other_has_made(tmp_path: Path, study: Path) -> None:
    copied = one_change.finished(tmp_path / "copy", study).path
    for path in study.rglob("*"):
        if path.is_file():
            name = path.relative_to(study)
            assert (copied / name).read_text() == f"{name}\n"
    assert (copied / "stages/train.py").read_bytes() == (ROOT / "stages/train.py").read_bytes()
    assert (copied / ".git").is_dir() and not (study / ".git").exists()


def test_a_study_that_was_not_made_is_refused(tmp_path: Path, study: Path) -> None:
    (study / "dvc.lock").unlink()
    with pytest.raises(UserError, match=r"dvc\.lock: there is no such file"):
        one_change.finished(tmp_path / "copy", study)


def test_a_stage_loads_its_familys_module() -> None:
    rooms = one_change.rooms_of("stages.explain", ["--cell", "a-b", "--family", "lime"])
    assert rooms[-1] == "stages.explainers.lime"
    assert one_change.rooms_of("stages.report", []) is None
