"""MLflow's store: opened with short waits, its database made in one step."""

import os
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

EXPERIMENT = "study"
LOCAL = "sqlite:///"
SETTINGS = {
    # A server that takes a connection and then says nothing is asked twice, not for ten minutes.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "4",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def client() -> Any:
    """Load MLflow and return an `MlflowClient`; make the database if it is a file.

    A path in MLFLOW_TRACKING_URI is relative to the current folder, as mlflow.db is.

    Raises:
        Exception: whatever MLflow, SQLAlchemy or SQLite raises.
    """
    os.environ.update(SETTINGS | os.environ)
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from mlflow.tracking import MlflowClient

    if database := _database():
        database.parent.mkdir(parents=True, exist_ok=True)
        _make(SqlAlchemyStore, database)
    return MlflowClient(tracking_uri=_uri())


def experiment_id(client: Any) -> str:
    """Return the id of the experiment, which is made if it is not there.

    Raises:
        Exception: whatever MLflow, SQLAlchemy or the network raises.
    """
    from mlflow.exceptions import MlflowException

    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    database = _database()
    artifacts = _artifacts(database) if database else None
    experiment = client.get_experiment_by_name(name)
    location = experiment and experiment.artifact_location
    if experiment and artifacts not in (None, location, f"file://{location}"):
        # MLflow keeps absolute paths: moved since, it would write to where the folder was.
        client.rename_experiment(
            experiment.experiment_id, f"{name}, until {time.strftime('%F %T')}"
        )
        experiment = None
    if experiment is None:
        try:
            return client.create_experiment(name, artifact_location=artifacts)
        except MlflowException:
            # Another process was first, on a server that knows no lock of ours.
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                raise
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    return experiment.experiment_id


def _uri() -> str:
    return os.environ.get("MLFLOW_TRACKING_URI", "").strip() or f"{LOCAL}mlflow.db"


def _database() -> Path | None:
    """Return the file that SQLite keeps its database in, absolute; None for a server."""
    path = _uri().split("?")[0]
    return Path(path.removeprefix(LOCAL)).absolute() if path.startswith(LOCAL) else None


def _artifacts(database: Path) -> str:
    """Return where artifacts go, as an address.

    In a plain path MLflow takes a % for the beginning of an escaped letter, and ' for SQL's.
    """
    return (database.parent / "mlartifacts").as_uri()


def _make(store: Callable[[str, str], object], database: Path) -> None:
    """Make MLflow's database if it is not there: under another name, so that a kill leaves none.

    One that was left half made, which MLflow could never open again, is set aside.
    """
    if database.exists() and database.stat().st_size:
        if not _half_made(database):
            return
        aside = database.with_name(f"{database.name}.damaged")
        database.replace(aside)
        print(
            f"warning: {database.name} was left half made by an interrupted run: it is now "
            f"{aside.name}, and tracking starts again with an empty one",
            file=sys.stderr,
        )
    elif database.exists():  # an empty file, in which MLflow would make its tables in place
        database.unlink()
    unfinished = database.with_name(f"{database.name}.{os.getpid()}.new")
    unfinished.write_bytes(b"")  # where it cannot be made MLflow would try for a minute
    store(f"{LOCAL}{os.path.relpath(unfinished)}", _artifacts(database))
    try:
        os.link(unfinished, database)
        unfinished.unlink()
    except FileExistsError:  # another first writer was faster
        unfinished.unlink()
    except OSError:  # a file system without hard links
        unfinished.replace(database)


def _half_made(database: Path) -> bool:
    """Whether an SQLite file lacks what MLflow makes last: its first experiment."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", 0, uri=True)) as store:
            return store.execute("SELECT count(*) FROM experiments").fetchone() == (0,)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return False
        if "no such table" in str(error):
            return True
        raise
