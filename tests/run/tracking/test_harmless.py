"""Tracking never harms the run it watches, whoever else writes and whatever is broken."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from heatproof.run import tracking, tracking_store
from tests.run.tracking.recorded import WRITER, clean_environment, local_uri, runs, write


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
    environment = clean_environment(
        MLFLOW_DISABLE_TELEMETRY="true",
        # Else it starts processes for jobs, which nobody sends.
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
    )
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


def test_three_first_writers_at_once_share_a_fresh_database_silently(
    study: Path,
) -> None:
    # Three real processes, let go together; they share one import of MLflow.
    code = f"""
import os, sys, time
import mlflow.store.tracking.sqlalchemy_store
start = time.monotonic() + 0.5
children = []
for number in range(3):
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
    assert sorted(run.data.tags["cell"] for run in logged) == [f"cell-{n}" for n in range(3)]
    assert {run.info.status for run in logged} == {"FINISHED"}
    assert len(list(study.glob("mlartifacts/*/artifacts/note.txt"))) == 3
    with closing(sqlite3.connect(study / "mlflow.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.thorough
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
    only_a_warning: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Waiting 1 s in place of 4 s: a wait more would still be noticed, of the 15 s a stage may lose.
    assert tracking_store.SETTINGS["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "4"
    monkeypatch.setitem(tracking_store.SETTINGS, "MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    started = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        only_a_warning(f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert time.monotonic() - started < 15 - 2 * (4 - 1)


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
    begun: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = []
    with tracking.run("train", "a-b", {}) as run:
        run.log_artifact(begun / "absent.txt")
        run.log_metrics({"loss": 1.0})
        done.append(True)
    assert done == [True]
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("tables", [[], ["experiments"]], ids=["no table", "no experiment"])
def test_a_database_left_half_made_is_set_aside(
    study: Path, capsys: pytest.CaptureFixture[str], tables: list[str]
) -> None:
    """As a kill while MLflow made it left it: MLflow itself could never open it again."""
    with closing(sqlite3.connect(study / "mlflow.db")) as connection:
        for table in [*tables, "alembic_version"]:
            connection.execute(f"CREATE TABLE {table} (name TEXT)")
        connection.commit()
    write(study / "mlflow.db.new", "what another kill left")
    client, experiment = tracking_store.open_client()
    assert client.get_experiment(experiment).name == tracking_store.EXPERIMENT
    assert (study / "mlflow.db.damaged").exists() and not (study / "mlflow.db.new").exists()
    assert "mlflow.db was left half made by an interrupted run" in capsys.readouterr().err
    assert tracking_store.open_client()[1] == experiment, "opened as it is the next time"
