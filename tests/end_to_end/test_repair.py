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

from tests.scratch import Scratch
from tools import repair

STAGE = """\
  train@{0}:
    cmd: python -m stages.train --cell {0}
    deps:
    - path: data/processed/digits.npz
      hash: md5
      md5: 0123456789abcdef0123456789abcdef
      size: 4
    outs:
    - path: data/models/{0}.weights.h5
      hash: md5
      md5: 0123456789abcdef0123456789abcdef
      size: 4
"""
HEAD = "schema: '2.0'\nstages:\n"


def whole(*cells: str) -> str:
    return HEAD + "".join(STAGE.format(cell) for cell in cells)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".dvc" / "tmp").mkdir(parents=True)
    return tmp_path


@contextmanager
def sleeping(*words: str) -> Iterator[subprocess.Popen]:
    """A process that has these last words in its command line, and ends with the block."""
    asleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen([*asleep, *words]) as process:
        try:
            while psutil.Process(process.pid).cmdline()[-len(words) :] != list(words):
                time.sleep(0.01)  # for a moment it is still a copy of this one
            yield process
        finally:
            process.kill()


def stages(folder: Path) -> list[str]:
    return list(repair.recorded(folder / "dvc.lock")["stages"])


@pytest.mark.parametrize("cut", range(0, len(whole("a", "b")), 37))
def test_wherever_dvc_lock_was_cut_its_whole_stages_are_kept(folder, cut, capsys) -> None:
    text = whole("a", "b")[:cut]
    (folder / "dvc.lock").write_text(text, encoding="utf-8")
    repair.mend(folder)
    kept = [f"train@{cell}" for cell in ("a", "b") if STAGE.format(cell) in text]
    if (folder / "dvc.lock").exists():
        assert stages(folder)[: len(kept)] == kept
    else:
        assert not kept and "cut short" in capsys.readouterr().out


def test_stages_lost_from_dvc_lock_come_from_the_one_before_the_run(folder, capsys) -> None:
    lock = folder / "dvc.lock"
    lock.write_text(whole("a", "b", "c"), encoding="utf-8")
    repair.mend(folder)
    assert capsys.readouterr().out == ""
    changed = whole("a").replace("size: 4", "size: 5") + STAGE.format("b")[:60]
    lock.write_text(changed, encoding="utf-8")
    repair.mend(folder)
    assert "dvc.lock: cut short when a run was killed; 3 stages" in capsys.readouterr().out
    assert stages(folder) == ["train@a", "train@b", "train@c"]
    content = repair.recorded(lock)["stages"]
    assert content["train@a"]["outs"][0]["size"] == 5, "what the killed run wrote counts"
    assert content["train@b"]["outs"][0]["size"] == 4


@pytest.mark.parametrize("content", ["", '{"write": {"/a"', "[]", '{"write": {"/a": {}}}'])
def test_a_list_of_files_in_use_cut_short_is_removed(folder, content, capsys) -> None:
    (folder / repair.IN_USE).write_text(content)
    repair.mend(folder)
    assert not (folder / repair.IN_USE).exists()
    assert "cut short" in capsys.readouterr().out


def test_files_stay_in_use_while_their_process_is_there(folder) -> None:
    path = folder / repair.IN_USE
    for words, stays in ((["dvc", "repro"], True), (["something", "else"], False)):
        with sleeping(*words) as process:
            held = {"read": {"/a": [{"pid": process.pid, "cmd": "dvc repro"}]}, "write": {}}
            path.write_text(json.dumps(held))
            repair.mend(folder)
        assert path.exists() == stays


def test_a_number_given_to_another_process_since_does_not_count(folder) -> None:
    with sleeping("dvc") as process:
        began = psutil.Process(process.pid).create_time()
        assert repair._is_dvc(process.pid, began + 5)
        assert not repair._is_dvc(process.pid, began - 5)


def test_unfinished_files_are_cleared_where_stages_write(folder) -> None:
    gone = folder / "data" / "explanations" / "a" / ".4194305.unfinished.lime.npz"
    cache = folder / ".dvc" / "cache"
    notes = cache / "runs" / "0a" / "0abc" / ".Xy1.tmp", cache / "files" / "md5" / "0a" / ".z.tmp"
    own = folder / "data" / "photos" / ".4194305.unfinished.cat.png"
    for path in (gone, *notes, own):
        path.parent.mkdir(parents=True)
        path.write_text("half")
    repair.mend(folder)
    assert not any(path.exists() for path in (gone, *notes))
    assert own.exists(), "a user's folder is the user's"


@pytest.mark.slow
def test_dvc_alone_names_the_file_it_cannot_read_and_reads_the_mended_one(tmp_path: Path) -> None:
    study = Scratch.make(tmp_path, "simple_cnn-digits")
    (study.path / "dvc.lock").write_text(whole("a") + "  b:\n    cmd: [half", encoding="utf-8")
    refused = study.run("dvc", "status")
    assert refused.returncode == 1 and "dvc.lock' is invalid" in refused.stdout
    assert "Traceback" not in refused.stdout
    repair.mend(study.path)
    assert study.run("dvc", "status").returncode == 0
