"""What was recorded of runs, and programs that record some."""

import contextlib
import os
from pathlib import Path
from typing import Any

from heatproof.run.tracking_sender import Sender

CODE = Path(__file__).resolve().parents[3]
WRITER = """
import os, sys
from heatproof.run import tracking
with tracking.run("train", sys.argv[1], {"training": {"optimizer": "adam"}}) as run:
    for epoch in range(1, 4):
        run.log_metrics({"loss": 1 / epoch, "accuracy": 0.5}, step=epoch)
    run.log_artifact(sys.argv[2])
    if sys.argv[3:]:
        os.kill(os.getpid(), 9)
"""


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what is about tracking, and the code importable."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MLFLOW_", "STUDY_TRACKING", "DVC_"))
    }
    return kept | {"PYTHONPATH": str(CODE)} | more


def send(notes: Path) -> None:
    """Do in this process what a sender does once; raise what ends it."""
    forget()
    limits: list[Exception] = []
    Sender(notes, limits.append).send()
    assert not limits


def forget() -> None:
    """Have MLflow forget which file a relative address was: a sender has one current folder."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from mlflow.tracking._tracking_service.utils import _tracking_store_registry

    SqlAlchemyStore._engine_map.clear()
    _tracking_store_registry._get_store_with_resolved_uri.cache_clear()


def runs(folder: Path | str) -> list:
    """Every run of a stage that was recorded in a folder's database, or at an address."""
    return [run for run in every_run(folder) if run.data.tags.get("kind") != "cell"]


def cells(folder: Path | str) -> list:
    """Every run of a cell, within which are those of its stages."""
    return [run for run in every_run(folder) if run.data.tags.get("kind") == "cell"]


def every_run(folder: Path | str) -> list:
    """Every run, the newest first."""
    with contextlib.chdir(folder) if isinstance(folder, Path) else contextlib.nullcontext():
        client = client_of(folder)
        experiment = client.get_experiment_by_name("study")
        return client.search_runs([experiment.experiment_id])


def client_of(folder: Path | str) -> Any:
    """MLflow's client of the database in the current folder, or of an address."""
    from mlflow.tracking import MlflowClient

    forget()
    return MlflowClient("sqlite:///mlflow.db" if isinstance(folder, Path) else folder)


def write(path: Path, text: str) -> Path:
    """Write a text file; return its path."""
    path.write_text(text)
    return path
