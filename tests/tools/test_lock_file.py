"""dvc.lock written by entry is what DVC's own writing of all of it would have made."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import dumps_yaml, parse_yaml

from tests.scratch import ROOT, environment
from tools import lock_file

ODD: dict[str, Any] = {
    "cmd": "python -m stages.explain --cell simple_cnn-digits --family gradients " * 3,
    "deps": [{"path": "data/ä b.txt", "md5": "123e4567", "size": 0}, {"path": "1", "md5": "0x1"}],
    "params": {
        "params.yaml": {
            "a.b": None, "rate": 1e-05, "on": True, "text": "two\nlines\n", "empty": [],
            "nested": {"list": [[1, 2], {"x": "no"}], "none": {}}, "quoted": "'a': \"b\" # c",
        }
    },
}  # fmt: skip
STAGES = {
    "fetch@digits": {
        "cmd": "python -m stages.fetch --dataset digits",
        "outs": [{"path": "data/raw/digits.npz", "hash": "md5", "md5": "58e37481", "size": 12}],
    },
    "report": {"cmd": "python -m stages.report"},
}
FEW = dumps_yaml({"schema": "2.0", "stages": STAGES})


def test_the_studys_own_stages_come_out_as_dvc_writes_them() -> None:
    text = (ROOT / "dvc.lock").read_text(encoding="utf-8")
    stages = parse_yaml(text, "dvc.lock")["stages"]
    some = {name: stages[name] for name in [*stages][::20]}
    whole = dumps_yaml({"schema": "2.0", "stages": some})
    for name in some:
        assert lock_file.with_entry(text, name, some[name]) is not None
        assert lock_file.with_entry(whole, name, some[name]) == whole


@pytest.mark.parametrize("name", ["fetch@digits", "report", "train@simple_cnn-digits"])
@pytest.mark.parametrize("entry", [ODD, {"cmd": "make"}], ids=["odd", "plain"])
def test_a_stage_is_written_as_dvc_writes_it(name: str, entry: Any) -> None:
    expected = dumps_yaml({"schema": "2.0", "stages": {**STAGES, name: entry}})
    assert lock_file.with_entry(FEW, name, entry) == expected != FEW


@pytest.mark.parametrize(
    "text",
    [
        "schema: '2.0'\n",
        f"# mine\n{FEW}",
        f"{FEW}  # mine\n",
        f"{FEW}datasets: []\n",
        FEW.replace("  report:", "  'report':"),
        "schema: '2.0'\nstages:\n   report:\n      cmd: make\n",
    ],
    ids=["no-stages", "comment", "comment-within", "datasets", "quoted", "wider"],
)
def test_what_dvc_would_not_write_is_left_to_dvc(text: str) -> None:
    assert lock_file.with_entry(text, "report", {"cmd": "make"}) is None


# DVC with pipeline.run, which says how often DVC wrote all of dvc.lock.
RUN = """
import sys
from dvc import dvcfile
from tools import pipeline
wholes, whole = [], dvcfile.modify_yaml
def counted(path, fs=None):
    wholes.append(path)
    return whole(path, fs=fs)
dvcfile.modify_yaml = counted
code = pipeline.run("repro").code
print("written whole:", len(wholes))
sys.exit(code)
"""


def test_dvc_itself_writes_by_entry_and_finds_all_up_to_date(tmp_path: Path) -> None:
    """DVC, not a stand-in: a new version that asks for other things would show here."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    no_scm = True\n    analytics = false\n")
    (tmp_path / "params.yaml").write_text("seed: 1\n")
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n"
        "  first:\n    cmd: echo a > a\n    params: [seed]\n    outs: [a]\n"
        "  second:\n    foreach: [x, y]\n    do:\n      cmd: cp a ${item}\n      deps: [a]\n"
        "      outs: ['${item}']\n"
    )

    def python(*words: str, **more: str) -> str:
        return subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=environment(**more), check=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ).stdout  # fmt: skip

    output = python("-c", RUN, PYTHONPATH=str(ROOT))
    assert "written whole: 1\n" in output, "the first entry, there being no file yet"
    assert "lock file" not in output and "> " not in output and "git" not in output, output
    by_entry = (tmp_path / "dvc.lock").read_text()
    assert "up to date" in python("-m", "dvc", "status")
    for path in ("dvc.lock", "a", "x", "y"):
        (tmp_path / path).unlink()
    shutil.rmtree(tmp_path / ".dvc/cache")
    python("-m", "dvc", "repro")
    assert (tmp_path / "dvc.lock").read_text() == by_entry


def test_what_stands_twice_in_an_entry_is_written_out() -> None:
    """As cells that are runs too: an alias of one entry would have another's name."""
    cell = {"model": "simple_cnn"}
    entry = {"cmd": "make", "params": {"params.yaml": {"cells": cell, "runs": cell}}}
    text = FEW
    for name in ("claims", "report"):
        text = lock_file.with_entry(text, name, entry) or ""
    assert "&" not in text
    assert parse_yaml(text, "dvc.lock")["stages"]["claims"] == entry
