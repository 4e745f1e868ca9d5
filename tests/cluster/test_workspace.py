"""A clone for each task at a time, and what makes a machine one that cannot work for a study."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from heatproof.cluster import machine, snapshot, task, workspace
from heatproof.cluster.accounts import NodeFault
from heatproof.cluster.workspace import Study


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "params.yaml").write_text("seed: 1\n")
    for words in (
        ("init", "-q"), ("add", "-A"),
        ("-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "-m", "A study"),
    ):  # fmt: skip
        subprocess.run(["git", *words], cwd=folder, check=True)
    (folder / "cache").mkdir()
    monkeypatch.setenv(workspace.FOLDER, str(tmp_path / "elsewhere"))
    return Study(
        name="s", snapshot=snapshot.take(folder), threads=3, environment={"STUDY_TRACKING": "off"},
        notes="", remote="far", settings={"url": 's3://bucket/a "b", c', "jobs": 4},
        folder=str(folder), cache=str(folder / "cache"), boot=machine.boot(),
        wanted=machine.facts(),
    )  # fmt: skip


def configuration(folder: Path) -> dict[str, Any]:
    from dvc.config import Config

    return Config(dvc_dir=str(folder / ".dvc"), validate=False)


def test_each_task_has_a_clone_of_its_own_and_a_killed_ones_is_taken_again(study: Study) -> None:
    first, second = workspace.take(study), workspace.take(study)
    assert first.folder.name == "clone-0" and second.folder.name == "clone-1"
    assert first.folder.is_relative_to(study.folder), "the study's own cache is at hand there"
    settings = configuration(first.folder)
    assert settings["cache"]["dir"] == study.cache
    assert settings["remote"]["far"]["url"] == study.settings["url"]
    assert settings["core"]["remote"] == "far"
    (first.folder / "data").mkdir()
    (first.folder / ".git" / "index.lock").touch()  # as a kill leaves it
    first.release()
    assert workspace.take(study).folder == first.folder
    assert (first.folder / "data").exists(), "of the same code and parameters"
    second.release()


def test_results_of_other_parameters_are_no_other_studys(study: Study) -> None:
    slot = workspace.take(study)
    (slot.folder / "data").mkdir()
    (slot.folder / ".resume").mkdir()
    slot.release()
    (Path(study.folder) / "params.yaml").write_text("seed: 2\n")
    slot = workspace.take(replace(study, snapshot=snapshot.take(Path(study.folder))))
    assert (slot.folder / "params.yaml").read_text() == "seed: 2\n"
    assert not (slot.folder / "data").exists() and not (slot.folder / ".resume").exists()
    slot.release()


def test_on_another_machine_it_lies_elsewhere_with_a_cache_of_its_own(study: Study) -> None:
    far = replace(study, boot="another")
    slot = workspace.take(far)
    assert slot.folder == far.root / "clone-0" and "elsewhere" in slot.folder.parts
    assert configuration(slot.folder)["cache"]["dir"] == str(far.root / "cache")
    slot.release()


def test_a_machine_that_cannot_work_for_a_study_says_why(study: Study) -> None:
    own = machine.facts()
    assert task.refusal(own, study) == ""
    assert "Python 3.9" in task.refusal(own | {"python": "3.9"}, study)
    assert "unlike the others" in task.refusal(own | {"instructions": ["NEON"]}, study)
    assert task.refusal(own, replace(study, remote="", boot="another")) == task.NO_REMOTE


def test_a_mistake_is_told_in_its_line_and_a_full_disk_is_the_nodes() -> None:
    lines = ["Running stage 'train@a'", "error: params.yaml: seed: wrong", "ERROR: failed"]
    assert task._message(lines, "node 1") == "params.yaml: seed: wrong"
    bug = [f"line {number}" for number in range(40)]
    assert task._message(bug, "node 1").splitlines()[-1] == "line 39"
    with pytest.raises(NodeFault, match="node 1: the disk is full"):
        task._message(["error: data/x: the disk is full: free some space"], "node 1")


def test_stages_get_the_studys_threads_and_no_gpu_that_they_did_not_ask_for(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # as Ray has it
    monkeypatch.setenv("RAY_JOB_ID", "1")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    plain = task.environment(study, 0)
    assert plain["OMP_NUM_THREADS"] == "3" and plain["CUDA_VISIBLE_DEVICES"] == "-1"
    assert "RAY_JOB_ID" not in plain and plain["STUDY_TRACKING"] == "off"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert task.environment(study, 1)["CUDA_VISIBLE_DEVICES"] == "1"


def test_a_clone_that_was_removed_meanwhile_is_gone_though_another_is_made(study: Study) -> None:
    held = workspace.take(study)
    assert held.is_there
    held.folder.rename(held.folder.with_name("removed"))
    assert not held.is_there
    held.folder.mkdir()
    assert not held.is_there, "another one under its name"
