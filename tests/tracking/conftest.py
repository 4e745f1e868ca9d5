"""Where runs are tracked: a folder of their own, nothing decided about tracking before."""

import os
from pathlib import Path

import pytest

from stages import tracking


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
