"""Where `tracking` finds its MLflow store: opened quietly, with short waits, safely in parallel."""

import os
import random
import re
import sqlite3
import sys
import threading
import time
import warnings
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import numpy as np
from filelock import FileLock

EXPERIMENT = "study"
_CONNECT_SECONDS = 4.0
_LOCK_SECONDS = 60.0
_SHORTEST_SECRET = 3  # characters: to hide each "a" would only spoil a message
_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
SETTINGS = {
    # A server that takes a connection and then says nothing costs two of these, not ten minutes.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "4",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT": "10",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


def open_client() -> tuple[Any, str]:
    """Open the MLflow store.

    Returns:
        An `MlflowClient` and the id of the experiment, which is made if it is not there.

    Raises:
        Exception: whatever MLflow, SQLAlchemy or the network raises, within about 15 s.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    uri = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    uri = uri or f"sqlite:///{repository_root() / 'mlflow.db'}"
    _require_answer(uri)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.tracking import MlflowClient

        _silence()
        if uri.startswith("sqlite:///"):
            return _open_sqlite(MlflowClient, uri)
        client = MlflowClient(tracking_uri=uri)
        return client, _experiment_id(client, None)


def repository_root() -> Path:
    """Return the folder that mlflow.db belongs to.

    DVC names it in DVC_ROOT, also where it runs an experiment in a temporary copy; without DVC it
    is the current folder.
    """
    return Path(os.environ.get("DVC_ROOT") or Path.cwd()).resolve()


def masked(text: str) -> str:
    """Return `text` without credentials: of URIs, of their queries, and of MLflow's variables.

    Also where a library took a URI apart, and says only what it stumbled over.
    """
    text = re.sub(r"://\S*@", "://***@", text)
    text = re.sub(r"([?&;][\w.\-]+=)[^&;\s'\")]+", r"\1***", text)
    for secret in sorted(_secrets(), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _secrets() -> set[str]:
    """Return what must not be shown, in each form in which it may turn up in a message."""
    environment = os.environ.get
    uri = environment("MLFLOW_TRACKING_URI", "").strip()
    login = re.match(r"[\w.+\-]+://(.*)@", uri)
    user, _, password = login[1].partition(":") if login else ("", "", "")
    whole = {password or user, *re.findall(r"[?&;][^=&;]*=([^&;#]+)", uri)}
    whole |= {environment(f"MLFLOW_TRACKING_{name}", "") for name in ("PASSWORD", "TOKEN")}
    whole |= {unquote(secret) for secret in whole} | {quote(secret, "") for secret in whole}
    # A password with a slash in it that is not escaped ends the host's name, for a parser.
    parts = {part for secret in whole for part in re.split(r"[/?#@:]", secret)}
    user = user or environment("MLFLOW_TRACKING_USERNAME", "")
    pairs = {f"{unquote(user)}:{secret}" for secret in whole}
    sent = {b64encode(os.fsencode(pair)).decode() for pair in pairs}
    return {secret for secret in whole | parts | sent if len(secret) >= _SHORTEST_SECRET}


@contextmanager
def preserve_rng_state() -> Iterator[None]:
    """Leave Python's and NumPy's global generators as they were.

    Whether a run is tracked must not change its weights.
    """
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002


def _open_sqlite(client_class: type, uri: str) -> tuple[Any, str]:
    # Imported before the lock is taken: it takes a second, during which others need not wait.
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401

    database = Path(uri.removeprefix("sqlite:///").split("?")[0]).absolute()
    database.parent.mkdir(parents=True, exist_ok=True)
    artifacts = str(database.parent / "mlartifacts")
    # First writers at once corrupt a fresh database, so one of them makes it while others wait.
    with FileLock(database.with_name(f"{database.name}.lock"), timeout=_LOCK_SECONDS):
        _make(client_class, database, artifacts)
        # MLflow tries ten times, for minutes, what fails here at once.
        with closing(sqlite3.connect(database, timeout=20)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        client = client_class(tracking_uri=uri)
        experiment_id = _experiment_id(client, artifacts)
        location = client.get_experiment(experiment_id).artifact_location
        if location.removeprefix("file://") != artifacts:
            # MLflow keeps absolute paths: moved since, it would write to where the folder was.
            name = client.get_experiment(experiment_id).name
            client.rename_experiment(experiment_id, f"{name}, moved {time.strftime('%F %T')}")
            experiment_id = _experiment_id(client, artifacts)
    return client, experiment_id


def _make(client_class: type, database: Path, artifacts: str) -> None:
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
    unfinished = database.with_name(f"{database.name}.new")
    for leftover in database.parent.glob(f"{unfinished.name}*"):  # its journal would be applied
        leftover.unlink()
    _experiment_id(client_class(tracking_uri=f"sqlite:///{unfinished}"), artifacts)
    unfinished.replace(database)


def _half_made(database: Path) -> bool:
    """Whether an SQLite file lacks what MLflow makes last: its first experiment."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True)) as store:
            return store.execute("SELECT count(*) FROM experiments").fetchone() == (0,)
    except sqlite3.OperationalError as error:
        return "no such table" in str(error)


def _experiment_id(client: Any, artifacts: str | None) -> str:
    from mlflow.exceptions import MlflowException

    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    experiment = client.get_experiment_by_name(name)
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


def _require_answer(uri: str) -> None:
    """Refuse a server that takes no connection: MLflow would ask it again for minutes.

    Raises:
        ConnectionError: nobody answers at the URI's host and port.
    """
    import socket

    try:
        parts = urlsplit(uri)
        scheme = parts.scheme.split("+")[0]
        port = parts.port or _PORTS.get(scheme)
    except ValueError:  # whose words hold a part of the password, if that is what is wrong
        raise ConnectionError(
            "MLFLOW_TRACKING_URI is no valid address; in a password, write / as %2F, @ as %40, "
            "# as %23, : as %3A and ? as %3F"
        ) from None
    if not parts.hostname or port is None or _goes_through_proxy(uri, scheme):
        return
    failures: list[OSError] = [TimeoutError("no answer in time")]

    def connect() -> None:
        try:
            socket.create_connection((parts.hostname, port), timeout=_CONNECT_SECONDS).close()
            failures.clear()
        except OSError as error:
            failures[:] = [error]

    # In a thread, since looking up a name has no time limit of its own.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(_CONNECT_SECONDS + 1)
    if failures:
        raise ConnectionError(f"{uri} does not answer: {failures[0]}")


def _goes_through_proxy(uri: str, scheme: str) -> bool:
    if scheme not in ("http", "https"):
        return False
    from requests.utils import get_environ_proxies

    return scheme in get_environ_proxies(uri)


def _silence() -> None:
    """Keep MLflow's and its libraries' progress lines out of a stage's output."""
    import logging

    for name in ("mlflow", "alembic", "sqlalchemy", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
