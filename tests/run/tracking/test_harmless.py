"""Tracking never harms the run it watches, whoever else writes and whatever is broken."""

import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from heatproof.run import tracking, tracking_sender, tracking_store
from tests.run.tracking.recorded import (
    WRITER,
    clean_environment,
    forget,
    runs,
    send,
    write,
)


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
        process.wait()


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


def test_two_first_writers_at_once_share_a_fresh_database_silently(
    study: Path, tmp_path: Path
) -> None:
    # Two real processes, let go together; they share one import of MLflow.
    code = f"""
import logging, os, pathlib, sys, tempfile, time, traceback, warnings
from heatproof.run import tracking_sender
logging.disable()
warnings.filterwarnings("ignore", "This process .* is multi-threaded")  # as of Python 3.12
import mlflow.store.tracking.sqlalchemy_store
start = time.monotonic() + 0.5
children = []
for number in range(2):
    if (child := os.fork()) == 0:
        sys.argv = ["-c", f"cell-{{number}}", "note.txt"]
        os.environ["STUDY_NOTED"] = tempfile.mkdtemp()
        exec({WRITER!r})
        sender = tracking_sender.Sender(pathlib.Path(os.environ["STUDY_NOTED"]), print)
        time.sleep(max(0.0, start - time.monotonic()))
        try:
            sender.send()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    children.append(child)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""
    write(study / "note.txt", "a note")
    write(study / "mlflow.db", "")  # as who only looked into it leaves it
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=study,
        env=clean_environment(MLFLOW_DISABLE_TELEMETRY="true", TMPDIR=str(tmp_path)),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    logged = runs(study)
    assert sorted(run.data.tags["cell"] for run in logged) == [f"cell-{n}" for n in range(2)]
    assert {run.info.status for run in logged} == {"FINISHED"}
    assert len(list(study.glob("mlartifacts/*/artifacts/note.txt"))) == 2
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
def refused(notes: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """A function that tracks a run at a URI and returns the error that ends its sender."""

    def track(uri: str) -> str:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        with tracking.run("train", "a-b", {}) as run:
            run.log_metrics({"loss": 1.0})
        with pytest.raises(Exception) as raised:
            send(notes)
        return str(raised.value)

    return track


def test_a_server_that_fails_costs_one_line_for_a_whole_run_and_no_password(
    study: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(
        "MLFLOW_TRACKING_URI", f"http://ada:hunter2@127.0.0.1:{free_port()}/?t=s3cret"
    )
    monkeypatch.setenv("DVC_ROOT", str(study))
    (study / ".dvc" / "tmp").mkdir(parents=True)
    with tracking.sender():
        notes = Path(os.environ[tracking.NOTED])
        with tracking.run("train", "a-b", {}) as run:
            run.log_metrics({"loss": 1.0})
        while notes.exists():
            time.sleep(0.1)
        with tracking.run("train", "a-b", {}) as run:  # as the next stage of it
            run.log_metrics({"loss": 1.0})
    with tracking.run("train", "a-b", {}) as run:  # as one of plain DVC's, under the same parent
        run.log_metrics({"loss": 1.0})
    printed, line = capfd.readouterr()
    assert printed == "" and line.count("\n") == 1, line
    assert line.startswith("warning: MLflow tracking is off from here on (MlflowException")
    assert "hunter2" not in line and "s3cret" not in line
    monkeypatch.setattr(tracking_sender, "_identity", lambda process: "another run of DVC")
    assert not tracking_sender.given_up(study, os.getppid())


def test_a_server_that_never_ends_its_answer_is_given_up_in_time(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking_sender, "SECONDS", 0.3)
    given_up: list[Exception] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.getsockname()[1]}")

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while not given_up:  # there the process ends
                    connection.sendall(b" ")
                    time.sleep(0.05)
            server.close()

        thread = threading.Thread(target=drip)
        thread.start()
        with tracking.run("train", "a-b", {}) as run:
            run.log_metrics({"loss": 1.0})
        with pytest.raises(Exception):  # noqa: B017  whatever MLflow makes of a broken answer
            tracking_sender.Sender(notes, given_up.append).send()
        thread.join()
    assert [str(error) for error in given_up] == ["opening MLflow's store took more than 0 s"]


def test_a_server_that_never_answers_is_given_up_by_mlflow_in_time() -> None:
    wait = int(tracking_store.SETTINGS["MLFLOW_HTTP_REQUEST_TIMEOUT"])
    asked = 1 + int(tracking_store.SETTINGS["MLFLOW_HTTP_REQUEST_MAX_RETRIES"])
    assert wait * asked < tracking_sender.SECONDS == 15


def test_a_database_that_is_none_stays_as_it_is(study: Path, refused: Callable[[str], str]) -> None:
    other = write(study / "mlflow.db", "not a database, but somebody's file " * 200)
    before = other.read_bytes()
    assert "database" in refused("")
    assert other.read_bytes() == before


def test_a_database_that_cannot_be_made_is_refused(
    study: Path, refused: Callable[[str], str]
) -> None:
    (study / "mlflow.db").mkdir()
    refused("")
    refused("sqlite:////proc/none/mlflow.db")


def test_a_failure_half_way_turns_tracking_off_and_leaves_the_run_alone(
    begun: Path, notes: Path, capsys: pytest.CaptureFixture[str]
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
    forget()
    client = tracking_store.client()
    experiment = tracking_store.experiment_id(client)
    assert client.get_experiment(experiment).name == tracking_store.EXPERIMENT
    assert {path.name for path in study.iterdir()} == {"mlflow.db", "mlflow.db.damaged"}
    assert "mlflow.db was left half made by an interrupted run" in capsys.readouterr().err
    assert tracking_store.experiment_id(tracking_store.client()) == experiment, (
        "opened as it is the next time"
    )
