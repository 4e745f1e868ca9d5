"""Where runs are tracked: a folder of their own, nothing decided about tracking before."""

import os
import shutil
from pathlib import Path

import pytest

from heatproof.run import tracking, tracking_store


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what a session decided about tracking."""
    for name in list(os.environ):
        if name.startswith(("MLFLOW_", "STUDY_", "DVC_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without runs. MLflow takes a second to make one."""
    folder = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("MLFLOW_", "DVC_")):
                patch.delenv(name)
        patch.chdir(folder)
        tracking_store.client()
    return folder / "mlflow.db"


@pytest.fixture
def begun(study: Path, empty_database: Path) -> Path:
    """The folder of `study` with a database in it already."""
    shutil.copy(empty_database, study / "mlflow.db")
    return study


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: None) -> Path:
    """A folder as the current one, whose name means something to shells, addresses and formats."""
    folder = tmp_path / "my stüdy %20 {x} $HOME 'a' \"b\" ;#?"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: None) -> Path:
    """A folder for notes that no process looks at, but `recorded.send`."""
    folder = tmp_path / "notes"
    folder.mkdir()
    monkeypatch.setenv(tracking.NOTED, str(folder))
    return folder
