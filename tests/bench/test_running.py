"""`python -m bench`: runs what was asked for, continues after a failure, keeps what it has."""

import argparse
import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from bench import __main__ as bench
from bench import results
from bench.results import PROJECT
from heatproof.run.errors import UserError
from tests.bench.made import HERE, measurement
from tests.interruptible import interruptible

# Stand in for benches: each notes what it is told to, then ends as it is told to.
STAND_IN = """
import sys
from pathlib import Path
from bench import results
from tests.bench.made import HERE, measurement
file = Path(sys.argv[sys.argv.index("--results") + 1])
words = " ".join(sys.argv[3:])
results.put(file, [measurement([1.0], part=Path(__file__).stem, note=words)], HERE)
"""


class Begun(Exception):
    """A bench has read its options."""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch):
    """Return a function that makes a bench of a name, which ends with the given code."""
    folder = tmp_path / "benches"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(bench.ROOT)]))

    def make(name: str, ends: str = "") -> str:
        (folder / f"{name}.py").write_text(STAND_IN + ends)
        return name

    return make


def test_parts_run_in_their_own_order() -> None:
    assert list(bench.chosen(["training", "limits", "training"])) == ["limits", "training"]
    assert list(bench.chosen(None)) == list(bench.PARTS)
    with pytest.raises(UserError, match="--only traning: unknown; did you mean 'training'"):
        bench.chosen(["traning"])
    for part in bench.PARTS.values():
        assert (bench.ROOT / f"{part.module.replace('.', '/')}.py").exists()


def test_the_quick_benches_are_some_of_all_with_options() -> None:
    quick, whole = bench.chosen(None, quick=True), bench.chosen(None)
    assert 1 < len(quick) < len(whole)
    assert all(words[0] == whole[part][0] and len(words) > 1 for part, words in quick.items())
    assert all(len(words) == 1 for words in whole.values())
    with pytest.raises(UserError, match="--only many-images: unknown with --quick"):
        bench.chosen(["many-images"], quick=True)


@pytest.mark.parametrize("part", list(bench.chosen(None, quick=True)))
def test_a_quick_bench_knows_its_options(part: str, monkeypatch) -> None:
    """Up to where it would begin to measure."""
    name, *words = bench.chosen([part], quick=True)[part]
    module = importlib.import_module(name)
    parse = argparse.ArgumentParser.parse_args

    def begun(parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        parse(parser, words)
        raise Begun

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", begun)
    with pytest.raises(Begun):
        module.main()


def test_a_quick_run_has_a_file_of_its_own(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bench").mkdir()
    results.put(tmp_path / "bench" / "results.json", [measurement([1.0])], HERE)

    def run(benches: Mapping[str, Sequence[str]], file: Path) -> dict[str, str]:
        assert benches == {"limits": [*bench.chosen(["limits"], quick=True)["limits"], "--more"]}
        results.put(file, [measurement([2.0])], HERE)
        return {}

    monkeypatch.setattr(bench, "run_all", run)
    monkeypatch.setattr(sys, "argv", ["bench", "--quick", "--only", "limits", "--", "--more"])
    bench.main()
    assert "1 parts in 0.0 minutes" in capsys.readouterr().out
    assert len(results.get(tmp_path / "bench" / "quick.json")) == 1
    assert results.get(tmp_path / "bench" / "results.json")[0][0].sides[PROJECT] == [1.0]


def test_one_that_fails_does_not_stop_the_others_and_an_interruption_does(
    tmp_path: Path, stand_in, capfd
) -> None:
    file = tmp_path / "results.json"
    benches = {
        "a": [stand_in("a", "sys.exit(1)"), "--rounds", "1"],
        "b": [stand_in("b"), "--rounds", "1"],
    }
    assert list(bench.run_all(benches, file)) == ["a"]
    notes = {each.part: each.note for each, _ in results.get(file)}
    assert notes == {"a": "--rounds 1", "b": "--rounds 1"}
    with pytest.raises(SystemExit) as ended:
        bench.run_all({"c": [stand_in("c", "sys.exit(130)")], "d": [stand_in("d")]}, file)
    assert ended.value.code == 130
    assert "interrupted in c. Kept in results.json" in capfd.readouterr().err
    assert bench.kept_in(file) == "a (1), b (1), c (1)"


@pytest.mark.slow
def test_ctrl_c_names_what_is_kept(tmp_path: Path, stand_in) -> None:
    file = tmp_path / "results.json"
    stand_in("waits", "import time; print('ready', flush=True); time.sleep(200)")
    code = (
        "import sys; from pathlib import Path; from bench import __main__ as b\n"
        "b.run_all({'waits': ['waits']}, Path(sys.argv[1]))"
    )
    with interruptible():
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(file)], cwd=bench.ROOT, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    while process.stdout.readline().strip() != "ready":
        assert process.poll() is None
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert "interrupted in waits" in errors and "waits (1)" in errors


def test_showing_measures_nothing(tmp_path: Path, monkeypatch, capsys) -> None:
    file = tmp_path / "results.json"
    results.put(file, [measurement([1.0])], HERE)
    before = file.read_bytes()
    monkeypatch.setattr(sys, "argv", ["bench", "--show", "--results", str(file)])
    monkeypatch.setattr(bench, "run_all", pytest.fail)
    bench.main()
    assert "training  resnet18  1.00 images/s" in capsys.readouterr().out
    assert file.read_bytes() == before
