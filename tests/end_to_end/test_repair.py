"""What a kill leaves of DVC's own files is put right by the next `make repro`."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from heatproof.run.errors import UserError
from tests.scratch import Scratch
from tools import repair

WHOLE = """\
schema: '2.0'
stages:
  train@a:
    cmd: python -m stages.train --cell a
    outs:
    - path: data/models/a.weights.h5
      hash: md5
      md5: 0123456789abcdef0123456789abcdef
      size: 4
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".dvc" / "tmp").mkdir(parents=True)
    return tmp_path


@contextmanager
def sleeping(*words: str) -> Iterator[subprocess.Popen]:
    """A process that has these last words in its command line, and ends with the block."""
    asleep = [sys.executable, "-c", "import time; time.sleep(200)"]
    with subprocess.Popen([*asleep, *words]) as process:
        try:
            while psutil.Process(process.pid).cmdline()[-len(words) :] != list(words):
                time.sleep(0.01)  # for a moment it is still a copy of this one
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("cut", range(0, len(WHOLE), 37))
def test_wherever_dvc_lock_was_cut_the_one_before_the_run_is_back(folder, cut, capsys) -> None:
    lock = folder / "dvc.lock"
    lock.write_text(WHOLE, encoding="utf-8")
    repair.repair(folder)
    assert capsys.readouterr().out == "" and lock.read_text() == WHOLE
    damaged = WHOLE.replace("size: 4", "size: 5") + WHOLE[20:cut]
    lock.write_text(damaged, encoding="utf-8")
    repair.repair(folder)
    if cut > 20:
        assert "dvc.lock: cut short when a run was killed" in capsys.readouterr().out
        assert lock.read_text() == WHOLE
        assert (folder / repair.DAMAGED).read_text() == damaged
    else:
        assert lock.read_text() == damaged


def test_without_an_earlier_dvc_lock_there_is_none(folder) -> None:
    (folder / "dvc.lock").write_text(WHOLE[:30])
    repair.repair(folder)
    assert not (folder / "dvc.lock").exists()


def test_conflict_markers_are_named_and_nothing_is_changed(folder) -> None:
    text = WHOLE + "<<<<<<< HEAD\n  b:\n=======\n  c:\n>>>>>>> other\n"
    (folder / "dvc.lock").write_text(text)
    with pytest.raises(UserError, match=r"conflict markers of a git merge.*git checkout --ours"):
        repair.repair(folder)
    assert [path.name for path in folder.iterdir() if path.is_file()] == ["dvc.lock"]
    assert (folder / "dvc.lock").read_text() == text


@pytest.mark.parametrize("content", ["", '{"write": {"/a"', "[]", '{"write": {"/a": {}}}'])
def test_a_list_of_files_in_use_cut_short_is_removed(folder, content, capsys) -> None:
    (folder / repair.IN_USE).write_text(content)
    repair.repair(folder)
    assert not (folder / repair.IN_USE).exists()
    assert "cut short" in capsys.readouterr().out


def test_files_stay_in_use_while_their_process_is_there(folder) -> None:
    path = folder / repair.IN_USE
    for words, stays in ((["dvc", "repro"], True), (["something", "else"], False)):
        with sleeping(*words) as process:
            held = {"read": {"/a": [{"pid": process.pid, "cmd": "dvc repro"}]}, "write": {}}
            path.write_text(json.dumps(held))
            repair.repair(folder)
        assert path.exists() == stays


def test_unfinished_files_are_cleared_where_stages_write(folder) -> None:
    gone = folder / "data" / "explanations" / "a" / ".4194305.unfinished.lime.npz"
    cache = folder / ".dvc" / "cache"
    notes = cache / "runs" / "0a" / "0abc" / ".Xy1.tmp", cache / "files" / "md5" / "0a" / ".z.tmp"
    own = folder / "data" / "photos" / ".4194305.unfinished.cat.png"
    for path in (gone, *notes, own):
        path.parent.mkdir(parents=True)
        path.write_text("half")
    repair.repair(folder)
    assert not any(path.exists() for path in (gone, *notes))
    assert own.exists(), "a user's folder is the user's"


@pytest.mark.slow
def test_dvc_alone_names_the_file_it_cannot_read_and_reads_the_repaired_one(tmp_path: Path) -> None:
    study = Scratch.make(tmp_path, "simple_cnn-digits")
    (study.path / "dvc.lock").write_text(WHOLE + "  b:\n    cmd: [half", encoding="utf-8")
    refused = study.run("dvc", "status")
    assert refused.returncode == 1 and "dvc.lock' is invalid" in refused.stdout
    assert "Traceback" not in refused.stdout
    repair.repair(study.path)
    assert study.run("dvc", "status").returncode == 0
