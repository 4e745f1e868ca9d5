"""Tracking writes what it should, and draws nothing of the run it watches."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from heatproof.config import yaml_file
from heatproof.run import provenance, tracking
from heatproof.run.tracking_sender import Sender
from tests.run.tracking.recorded import (
    WRITER,
    clean_environment,
    client_of,
    forget,
    runs,
    send,
    write,
)
from tests.scratch import ROOT


def test_a_run_keeps_parameters_metrics_figures_and_tags(study: Path, notes: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([1, 2])
    with tracking.run("explain_gradients", "a-b", {"seed": 3, "network": {"f": [8, 8]}}) as run:
        run.log_metrics({"loss": 0.5, "note": "text", "flag": True, "odd (%)": 2}, step=1)
        run.log_metrics({"loss": 0.25}, step=2)
        run.log_figure(figure, "curve.png")
        run.log_artifact(write(study / "räw.txt", "text"))
    send(notes)

    (logged,) = runs(study)
    assert logged.info.status == "FINISHED"
    assert logged.info.run_name == "explain_gradients a-b"
    assert logged.data.params == {"seed": "3", "network.f": "[8,8]"}
    assert logged.data.metrics == {"loss": 0.25, "odd ___": 2.0}
    assert logged.data.tags["dvc_stage"] == "explain_gradients@a-b"
    assert logged.data.tags["mlflow.source.name"] == "stages/explain.py"
    assert logged.data.tags["cell"] == "a-b"
    assert logged.data.tags["git_commit"] == "unknown"
    canonical = b'{"network.f":[8,8],"seed":3}'
    assert logged.data.tags["config_hash"] == hashlib.sha256(canonical).hexdigest()
    history = client_of(study).get_metric_history(logged.info.run_id, "loss")
    assert [(entry.step, entry.value) for entry in history] == [(1, 0.5), (2, 0.25)]
    artifacts = study / "mlartifacts" / logged.info.run_id / "artifacts"
    assert (artifacts / "figures" / "curve-a-b.png").read_bytes().startswith(b"\x89PNG")
    assert (artifacts / "räw.txt").read_text() == "text"


def test_the_source_of_every_stage_is_a_file() -> None:
    stages = yaml_file.read_yaml(ROOT / "dvc.yaml")["stages"]
    assert {"compare_runs", "explain_gradients", "published_sanity"} <= stages.keys()
    assert [name for name in stages if not (ROOT / tracking.source_file(name)).is_file()] == []


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("bug"), "FAILED"), (SystemExit(2), "FAILED"), (KeyboardInterrupt(), "KILLED")],
)
def test_how_a_run_ended_is_marked(
    begun: Path, notes: Path, error: BaseException, status: str
) -> None:
    with pytest.raises(type(error)) as raised, tracking.run("train", "a-b", {}) as run:
        if status == "KILLED":
            run.log_metrics({"loss": 1.0}, step=1)
        raise error
    assert raised.value is error
    send(notes)
    assert [logged.info.status for logged in runs(begun)] == [status]


def test_ctrl_c_before_there_was_anything_to_log_leaves_no_trace(study: Path, notes: Path) -> None:
    with pytest.raises(KeyboardInterrupt), tracking.run("train", "a-b", {}):
        raise KeyboardInterrupt
    assert not list(notes.iterdir())


def test_a_run_appears_with_its_first_numbers_and_begins_with_its_work(
    begun: Path, notes: Path
) -> None:
    forget()
    sender = Sender(notes, lambda error: pytest.fail(str(error)))
    before = time.time() * 1000
    with tracking.run("train", "a-b", {"seed": 1}) as run:
        assert not sender.send()
        work_began = time.time() * 1000
        run.log_metrics({"loss": 1.0}, step=1)
        assert sender.send()
        (logged,) = runs(begun)
        assert logged.info.status == "RUNNING"
    assert logged.data.params == {"seed": "1"}
    assert before - 1 <= logged.info.start_time <= work_began
    assert not sender.send() and not list(notes.iterdir())


def test_a_killed_stage_of_a_queued_experiment_is_marked_in_the_parent_repository(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    write(study / "note.txt", "a note")
    monkeypatch.setenv("DVC_ROOT", str(parent))
    # As if the environment were in this folder, with a % in its name.
    (tmp_path / "%venv").symlink_to(sys.prefix)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "%venv" / "bin" / "python"))
    with tracking.sender():
        noted = os.environ[tracking.NOTED]
        for more in ((), ("killed",)):
            subprocess.run(
                [sys.executable, "-c", WRITER, "a-b", "note.txt", *more], check=False,
                env=clean_environment(DVC_EXP_NAME="stride-2", STUDY_NOTED=noted),
            )  # fmt: skip
    killed, whole = runs(parent)
    assert (whole.info.status, killed.info.status) == ("FINISHED", "KILLED")
    assert killed.data.metrics["accuracy"] == 0.5
    assert killed.data.tags["dvc_experiment"] == "stride-2"
    assert [path.name for path in study.iterdir()] == ["note.txt"]


def test_a_repository_that_was_moved_writes_beside_its_database_and_not_where_it_was(
    study: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cell in ("first", "second"):
        with tracking.run("train", cell, {}) as run:
            run.log_artifact(write(Path.cwd() / "note.txt", cell))
        send(notes)
        if cell == "first":
            moved = study.with_name("elsewhere")
            study.rename(moved)
            monkeypatch.chdir(moved)
    assert not study.exists()
    client = client_of(moved)
    (second,) = runs(moved)
    assert [file.path for file in client.list_artifacts(second.info.run_id)] == ["note.txt"]
    names = [each.name for each in client.search_experiments()]
    assert sum(name.startswith("study, until ") for name in names) == 1, "with the first run"


@pytest.mark.parametrize("name", ["STUDY_TRACKING", "MLFLOW_TRACKING_URI"])
def test_off_means_off_without_importing_mlflow(study: Path, name: str) -> None:
    code = f"{WRITER}\nprint('mlflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, "a-b", "absent.txt"],
        cwd=study,
        env=clean_environment(**{name: "off"}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("False\n", "")
    assert list(study.iterdir()) == []


def test_the_hash_depends_on_values_only() -> None:
    nested = tracking.config_hash({"b": {"x": 1, "y": [1, 2]}, "a": "é"})
    assert nested == tracking.config_hash({"a": "é", "b.y": [1, 2], "b.x": 1})
    assert nested != tracking.config_hash({"a": "é", "b.y": [2, 1], "b.x": 1})
    assert nested != tracking.config_hash({"a": "é", "b.y": [1, 2], "b.x": 1.5})


def test_the_commit_is_marked_dirty_by_code_and_not_by_results(study: Path) -> None:
    def commit() -> str:
        provenance._sources.cache_clear()
        return tracking.git_commit()

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)

    assert commit() == "unknown"
    git("init")
    assert commit() == "unknown"
    write(study / "params.yaml", "seed: 1")
    write(study / "dvc.lock", "")
    git("add", ".")
    git("commit", "-m", "first")
    clean_commit = commit()
    assert len(clean_commit) == 40
    write(study / "dvc.lock", "changed")
    write(study / "notes.txt", "new")
    assert commit() == clean_commit
    write(study / "params.yaml", "seed: 2")
    assert commit() == f"{clean_commit}-dirty"
