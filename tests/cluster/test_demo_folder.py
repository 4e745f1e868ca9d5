"""`heatproof cluster demo` makes demo/ in a folder, and nothing else there."""

import fcntl
import os
from pathlib import Path

import pytest

from heatproof.run.errors import UserError
from tools import demo


def test_a_folder_that_is_no_repository_gets_no_dvc_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)

    def prepare(folder: Path) -> None:
        with pytest.raises(BlockingIOError):  # a second demo waits
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder.mkdir()

    monkeypatch.setattr(demo, "prepare", prepare)
    demo.prepare_alone(tmp_path, "heatproof cluster demo")
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)
    assert [each.name for each in tmp_path.iterdir()] == ["demo"]


def test_in_a_repository_its_lock_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".dvc").mkdir()
    monkeypatch.setattr(demo, "prepare", Path.mkdir)
    demo.prepare_alone(tmp_path, "make demo")
    assert (tmp_path / ".dvc" / "tmp" / "demo.lock").exists()


def test_where_nobody_may_write_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UserError, match="run in a folder you may write to"):
        demo.prepare_alone(tmp_path, "heatproof cluster demo")
