"""One parameter changed: the copy of a finished study, and what a stage needs loaded."""

import sys
from pathlib import Path

import pytest

from bench import one_change
from heatproof.run.errors import UserError
from tests.scratch import ROOT, shrunken_params
from tools import overlay


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


@pytest.mark.parametrize(
    "model,said",
    [("resnet19", "did you mean 'resnet18'"), (None, r"params\.yaml: there is no such file")],
)
def test_what_cannot_be_changed_is_refused_before_anything_is_copied(
    study: Path, monkeypatch: pytest.MonkeyPatch, model: str | None, said: str
) -> None:
    if model:
        overlay.write(study / "params.yaml", shrunken_params("resnet18-mnist"))
    else:
        (study / "params.yaml").unlink()
    monkeypatch.setattr(sys, "argv", ["one_change", "--study", str(study), "--model", str(model)])
    monkeypatch.setattr(one_change.finished_study, "copy", pytest.fail)
    with pytest.raises(UserError, match=said):
        one_change.main()


def test_a_stage_loads_its_familys_module() -> None:
    rooms = one_change.rooms_of("stages.explain", ["--cell", "a-b", "--family", "lime"])
    assert rooms[-1] == "heatproof.attribution.perturbation.lime"
    assert one_change.rooms_of("stages.report", []) is None
