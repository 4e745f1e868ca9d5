"""dvc.lock written by entry is what DVC's own writing of all of it would have made."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dvc import dvcfile

from heatproof.storage import resuming
from tests.scratch import environment
from tools import lock_file, pipeline

ROOT = Path(__file__).resolve().parents[2]
DVCS_OWN = dvcfile.modify_yaml
FEW = """\
schema: '2.0'
stages:
  fetch@digits:
    cmd: python -m stages.fetch --dataset digits
    outs:
    - path: data/raw/digits.npz
      hash: md5
      md5: 58e37481b26a51e37402b9e3dc4a0a6b
      size: 12
  report:
    cmd: python -m stages.report
"""
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


def stages_set(path: Path, entries: dict[str, Any]) -> None:
    """Change dvc.lock as DVC does after a stage."""
    with dvcfile.modify_yaml(path) as data:
        if not data:
            data.update({"schema": "2.0"})
        data["stages"] = data.get("stages", {})
        for name, entry in entries.items():
            data["stages"].get(name, {})
            data["stages"].update({name: entry})


def both(folder: Path, text: str | None, entries: dict[str, Any]) -> tuple[str, str]:
    """Return dvc.lock as DVC writes it, and as it is written by entry."""
    written = []
    for name in ("whole", "by_entry"):
        path = folder / name / "dvc.lock"
        path.parent.mkdir()
        if text is not None:
            path.write_text(text, encoding="utf-8")
        if name == "whole":
            stages_set(path, entries)
        else:
            with lock_file.written_by_entry():
                stages_set(path, entries)
        written.append(path.read_text(encoding="utf-8"))
    return written[0], written[1]


def test_the_studys_own_file_comes_out_as_it_was() -> None:
    text = (ROOT / "dvc.lock").read_text(encoding="utf-8")
    entries = lock_file.Entries(text)
    assert len(entries) > 100
    for name in entries:
        entries[name] = entries[name]
    assert str(entries) == text


@pytest.mark.parametrize("name", ["fetch@digits", "report", "train@simple_cnn-digits"])
@pytest.mark.parametrize("entry", [ODD, {"cmd": "make"}], ids=["odd", "plain"])
def test_a_stage_is_written_as_dvc_writes_it(tmp_path: Path, name: str, entry: Any) -> None:
    whole, by_entry = both(tmp_path, FEW, {name: entry})
    assert by_entry == whole != FEW
    assert lock_file.Entries(by_entry)[name] == entry


def test_other_entries_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    path.write_text(FEW.replace("size: 12", "size: 0xc"), encoding="utf-8")
    with lock_file.written_by_entry():
        stages_set(path, {"report": {"cmd": "make"}})
    assert "size: 0xc" in path.read_text(encoding="utf-8")


def test_an_entry_can_be_taken_out() -> None:
    entries = lock_file.Entries(FEW)
    del entries["fetch@digits"]
    assert list(entries) == ["report"] and "data/raw" not in str(entries)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "schema: '2.0'\n",
        f"# mine\n{FEW}",
        f"{FEW}  # mine\n",
        f"{FEW}datasets: []\n",
        FEW.replace("  report:", "  'report':"),
        "schema: '2.0'\nstages:\n   report:\n      cmd: make\n",
    ],
    ids=["none", "no-stages", "comment", "comment-within", "datasets", "quoted", "wider"],
)
def test_what_dvc_would_not_write_is_left_to_dvc(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        with pytest.raises(ValueError, match=r"head|no stage"):
            lock_file.Entries(text)
    whole, by_entry = both(tmp_path, text, {"report": {"cmd": "make"}, "new": ODD})
    assert by_entry == whole
    # As DVC leaves it, the next stage can be written by entry, but for what is not about stages.
    if text is None or ("mine" not in text and "datasets" not in text):
        assert len(lock_file.Entries(by_entry)) >= 2


def test_what_else_dvc_writes_into_it_is_left_to_dvc(tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    path.write_text(FEW, encoding="utf-8")
    with lock_file.written_by_entry(), dvcfile.modify_yaml(path) as data:
        data["datasets"] = [{"name": "a"}]
        data["stages"]["report"] = {"cmd": "make"}
    assert path.read_text(encoding="utf-8") == (
        FEW.replace("python -m stages.report", "make") + "datasets:\n- name: a\n"
    )


def test_an_error_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    path.write_text(FEW, encoding="utf-8")
    with (
        pytest.raises(KeyboardInterrupt),
        lock_file.written_by_entry(),
        dvcfile.modify_yaml(path) as data,
    ):
        data["stages"]["report"] = {"cmd": "make"}
        raise KeyboardInterrupt
    assert path.read_text(encoding="utf-8") == FEW
    assert [entry.name for entry in tmp_path.iterdir()] == ["dvc.lock"]


def test_other_files_of_dvcs_are_none_of_its_business(tmp_path: Path) -> None:
    path = tmp_path / "dvc.yaml"
    path.write_text("stages: {}  # mine\n", encoding="utf-8")
    with lock_file.written_by_entry(), dvcfile.modify_yaml(path) as data:
        data["stages"]["a"] = {"cmd": "make"}
    assert "# mine" in path.read_text(encoding="utf-8")


def test_it_is_in_place_while_the_tools_run_dvc(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def main(words: list[str]) -> int:
        seen.append(dvcfile.modify_yaml)
        return 0

    monkeypatch.setattr("dvc.cli.main", main)
    monkeypatch.setenv(resuming.KEEPS, "")
    pipeline.run("repro")
    assert seen[0] is not DVCS_OWN and dvcfile.modify_yaml is DVCS_OWN


RUN = """
import sys
from dvc import dvcfile
wholes, whole = [], dvcfile.modify_yaml
def counted(path, fs=None):
    wholes.append(path)
    return whole(path, fs=fs)
dvcfile.modify_yaml = counted
from tools import pipeline
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

    said = python("-c", RUN, PYTHONPATH=str(ROOT))
    assert "written whole: 1\n" in said, "the first entry, there being no file yet"
    by_entry = (tmp_path / "dvc.lock").read_text()
    assert len(lock_file.Entries(by_entry)) == 3
    assert "up to date" in python("-m", "dvc", "status")
    for path in ("dvc.lock", "a", "x", "y"):
        (tmp_path / path).unlink()
    shutil.rmtree(tmp_path / ".dvc/cache")
    python("-m", "dvc", "repro")
    assert (tmp_path / "dvc.lock").read_text() == by_entry
