"""Tracking writes what it should, wherever it is sent, and never harms the run it watches."""

import hashlib
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from stages import tracking, tracking_store

CODE = Path(__file__).resolve().parents[1]
WRITER = """
import sys
from stages import tracking
with tracking.run("train", sys.argv[1], {"training": {"optimizer": "adam"}}) as run:
    for epoch in range(1, 4):
        run.log_metrics({"loss": 1 / epoch, "accuracy": 0.5}, step=epoch)
    run.log_artifact(sys.argv[2])
"""


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what a session or another test decided about tracking."""
    for name in list(os.environ):
        if name.startswith(("MLFLOW_", "STUDY_TRACKING", "DVC_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr(tracking, "_failed", False)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: None) -> Path:
    """A folder with a space and a letter outside ASCII in its name, as the current one."""
    folder = tmp_path / "my stüdy"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A real MLflow server on a free port of 127.0.0.1."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path / 'server.db'}"]
    command += ["--artifacts-destination", str(tmp_path / "server artifacts")]
    environment = clean_environment(MLFLOW_DISABLE_TELEMETRY="true")
    log = tmp_path / "server.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_for(port, process, log)
        yield uri
    finally:
        # The server has workers of its own: its whole session ends.
        os.killpg(process.pid, 9)
        process.wait(timeout=10)


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def clean_environment(**more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MLFLOW_", "STUDY_TRACKING", "DVC_"))
    }
    return kept | {"PYTHONPATH": str(CODE)} | more


def runs(uri: str) -> list:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("study")
    return client.search_runs([experiment.experiment_id])


def local_uri(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlflow.db'}"


def test_a_run_keeps_parameters_metrics_figures_and_tags(study: Path) -> None:
    from matplotlib.figure import Figure
    from mlflow.tracking import MlflowClient

    figure = Figure()
    figure.subplots().plot([1, 2])
    with tracking.run("explain_gradients", "a-b", {"seed": 3, "network": {"f": [8, 8]}}) as run:
        run.log_metrics({"loss": 0.5, "note": "text", "flag": True, "odd (%)": 2}, step=1)
        run.log_metrics({"loss": 0.25}, step=2)
        run.log_figure(figure, "curve.png")
        run.log_artifact(write(study / "räw.txt", "text"))

    (logged,) = runs(local_uri(study))
    assert logged.info.status == "FINISHED"
    assert logged.info.run_name == "explain_gradients a-b"
    assert logged.data.params == {"seed": "3", "network.f": "[8,8]"}
    assert logged.data.metrics == {"loss": 0.25, "odd ___": 2.0}
    assert logged.data.tags["dvc_stage"] == "explain_gradients@a-b"
    assert logged.data.tags["cell"] == "a-b"
    assert logged.data.tags["git_commit"] == "unknown"
    canonical = b'{"network.f":[8,8],"seed":3}'
    assert logged.data.tags["config_hash"] == hashlib.sha256(canonical).hexdigest()
    history = MlflowClient(local_uri(study)).get_metric_history(logged.info.run_id, "loss")
    assert [(entry.step, entry.value) for entry in history] == [(1, 0.5), (2, 0.25)]
    artifacts = study / "mlartifacts" / logged.info.run_id / "artifacts"
    assert (artifacts / "figures" / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert (artifacts / "räw.txt").read_text() == "text"


def test_a_file_is_logged_as_a_figure_under_its_new_name(study: Path) -> None:
    picture = write(study / "some.png", "bytes")
    with tracking.run("train", "a-b", {}) as run:
        run.log_figure(picture, "curves.png")
    assert [path.read_text() for path in study.rglob("curves.png")] == ["bytes"]


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("bug"), "FAILED"), (SystemExit(2), "FAILED"), (KeyboardInterrupt(), "KILLED")],
)
def test_how_a_run_ended_is_marked(study: Path, error: BaseException, status: str) -> None:
    with pytest.raises(type(error)) as raised, tracking.run("train", "a-b", {}):
        raise error
    assert raised.value is error
    assert [logged.info.status for logged in runs(local_uri(study))] == [status]


def test_six_first_writers_at_once_share_a_fresh_database_and_say_nothing(
    study: Path,
) -> None:
    # Six real processes, let go together; they share one import of MLflow.
    code = f"""
import os, sys, time
import mlflow.store.tracking.sqlalchemy_store
start = time.monotonic() + 0.5
children = []
for number in range(6):
    if (child := os.fork()) == 0:
        sys.argv = ["-c", f"cell-{{number}}", "note.txt"]
        time.sleep(max(0.0, start - time.monotonic()))
        try:
            exec({WRITER!r})
            sys.stderr.flush()
        except BaseException:
            os._exit(1)
        os._exit(0)
    children.append(child)
sys.exit(sum(os.waitpid(child, 0)[1] for child in children))
"""
    write(study / "note.txt", "a note")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=study,
        env=clean_environment(MLFLOW_LOGGING_LEVEL="ERROR", MLFLOW_DISABLE_TELEMETRY="true"),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    logged = runs(local_uri(study))
    assert sorted(run.data.tags["cell"] for run in logged) == [f"cell-{n}" for n in range(6)]
    assert {run.info.status for run in logged} == {"FINISHED"}
    assert len(list(study.glob("mlartifacts/*/artifacts/note.txt"))) == 6
    with closing(sqlite3.connect(study / "mlflow.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_queued_experiment_writes_to_the_parent_repository(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    monkeypatch.setenv("DVC_ROOT", str(parent))
    monkeypatch.setenv("DVC_EXP_NAME", "stride-2")
    with tracking.run("train", "a-b", {}):
        pass
    assert runs(local_uri(parent))[0].data.tags["dvc_experiment"] == "stride-2"
    assert list(study.iterdir()) == []


def test_a_repository_that_was_moved_keeps_its_artifacts_beside_its_database(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cell in ("first", "second"):
        with tracking.run("train", cell, {}) as run:
            run.log_artifact(write(Path.cwd() / "note.txt", cell))
        if cell == "first":
            moved = study.with_name("elsewhere")
            study.rename(moved)
            monkeypatch.chdir(moved)
    assert not study.exists()
    from mlflow.tracking import MlflowClient

    client = MlflowClient(local_uri(moved))
    for logged in runs(local_uri(moved)):
        assert [file.path for file in client.list_artifacts(logged.info.run_id)] == ["note.txt"]


def test_a_real_server_gets_runs_metrics_and_artifacts(server: str, tmp_path: Path) -> None:
    folder = tmp_path / "client"
    folder.mkdir()
    write(folder / "note.txt", "a note")
    done = subprocess.run(
        [sys.executable, "-c", WRITER, "a-b", "note.txt"],
        cwd=folder,
        env=clean_environment(MLFLOW_TRACKING_URI=server),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (logged,) = runs(server)
    assert logged.info.status == "FINISHED"
    assert logged.data.metrics["accuracy"] == 0.5
    assert logged.data.params == {"training.optimizer": "adam"}
    assert [path.name for path in (tmp_path / "server artifacts").rglob("*.txt")] == ["note.txt"]
    # Nothing is left on the client's side.
    assert [path.name for path in folder.iterdir()] == ["note.txt"]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def only_a_warning(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], clean: None
) -> Callable[[str], str]:
    """A function that tracks a run at a URI and returns the one line this costs."""
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401  not part of the time below

    def track(uri: str) -> str:
        monkeypatch.setattr(tracking, "_failed", False)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        started = time.monotonic()
        with tracking.run("train", "a-b", {}) as run:
            run.log_metrics({"loss": 1.0})
        assert time.monotonic() - started < 15
        output, errors = capfd.readouterr()
        assert output == ""
        assert errors.count("\n") == 1, errors
        assert errors.startswith("warning: MLflow tracking is off")
        return errors

    return track


def test_a_dead_server_costs_one_line_without_its_password(
    only_a_warning: Callable[[str], str],
) -> None:
    port = free_port()
    line = only_a_warning(f"http://ada:hunter2@127.0.0.1:{port}/?token=s3cret")
    assert f"***@127.0.0.1:{port}" in line
    assert "hunter2" not in line
    assert "s3cret" not in line


def test_a_server_that_never_answers_costs_one_line(
    only_a_warning: Callable[[str], str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        only_a_warning(f"http://127.0.0.1:{silent.getsockname()[1]}")


def test_a_database_that_is_none_costs_one_line_and_stays_as_it_is(
    study: Path, only_a_warning: Callable[[str], str]
) -> None:
    other = write(study / "mlflow.db", "not a database, but somebody's file " * 200)
    before = other.read_bytes()
    assert "database" in only_a_warning("")
    assert other.read_bytes() == before


def test_a_database_that_cannot_be_made_costs_one_line(
    study: Path, only_a_warning: Callable[[str], str]
) -> None:
    (study / "mlflow.db").mkdir()
    only_a_warning("")
    only_a_warning("sqlite:////proc/none/mlflow.db")


def test_a_missing_mlflow_costs_one_line(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    for _ in range(2):
        with tracking.run("train", "a-b", {}) as run:
            run.log_metrics({"loss": 1.0})
    assert capsys.readouterr().err.count("\n") == 1


def test_a_failure_half_way_turns_tracking_off_and_leaves_the_run_alone(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = []
    with tracking.run("train", "a-b", {}) as run:
        run.log_artifact(study / "absent.txt")
        run.log_metrics({"loss": 1.0})
        done.append(True)
    assert done == [True]
    assert capsys.readouterr().err.count("\n") == 1


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


def test_tracking_draws_no_random_numbers_of_the_run(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw() -> tuple[float, float]:
        return random.random(), float(np.random.random())  # noqa: NPY002

    def open_client() -> None:
        draw()
        raise OSError("no")

    expected = []
    for opened in (None, open_client):
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        if opened:
            monkeypatch.setattr(tracking, "open_client", opened)
            with tracking.run("train", "a-b", {}):
                pass
        expected.append(draw())
    assert expected[0] == expected[1]


def test_the_hash_depends_on_values_only() -> None:
    nested = tracking.config_hash({"b": {"x": 1, "y": [1, 2]}, "a": "é"})
    assert nested == tracking.config_hash({"a": "é", "b.y": [1, 2], "b.x": 1})
    assert nested != tracking.config_hash({"a": "é", "b.y": [2, 1], "b.x": 1})
    assert nested != tracking.config_hash({"a": "é", "b.y": [1, 2], "b.x": 1.5})


def test_the_commit_is_marked_dirty_by_code_and_not_by_results(study: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)

    assert tracking.git_commit() == "unknown"
    git("init")
    assert tracking.git_commit() == "unknown"
    write(study / "params.yaml", "seed: 1")
    write(study / "dvc.lock", "")
    git("add", ".")
    git("commit", "-m", "first")
    clean_commit = tracking.git_commit()
    assert len(clean_commit) == 40
    write(study / "dvc.lock", "changed")
    write(study / "notes.txt", "new")
    assert tracking.git_commit() == clean_commit
    write(study / "params.yaml", "seed: 2")
    assert tracking.git_commit() == f"{clean_commit}-dirty"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://ada:p@ss/w@host:5000/x failed", "https://***@host:5000/x failed"),
        (
            "postgresql://u:p@db/x?password=p&a=b end",
            "postgresql://***@db/x?password=***&a=*** end",
        ),
        ("sqlite:////home/me/mlflow.db", "sqlite:////home/me/mlflow.db"),
    ],
)
def test_credentials_are_masked(text: str, expected: str) -> None:
    assert tracking_store.masked(text) == expected


def test_the_password_of_the_environment_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2")
    assert tracking_store.masked("401 for hunter2") == "401 for ***"


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
