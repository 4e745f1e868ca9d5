"""`python -m bench`: runs what was asked for, goes on after a failure, keeps what it has."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import results
from heatproof.run.errors import UserError
from tests.bench.made import MACHINE, measurement
from tests.interruptible import interruptible

# Stand in for benches: each notes what it is told to, then ends as it is told to.
STAND_IN = """
import sys
from pathlib import Path
from bench import results
from tests.bench.made import MACHINE, measurement
part = __name__ if __name__ != "__main__" else Path(__file__).stem
file = Path(sys.argv[sys.argv.index("--results") + 1])
results.put(file, [measurement([1.0], part=part, note=" ".join(sys.argv[3:]))], MACHINE)
"""


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


def test_an_unknown_part_is_refused_with_the_nearest() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--only", "traning"], cwd=bench.ROOT, text=True,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--only traning: unknown; did you mean 'training'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_parts_run_in_their_own_order() -> None:
    assert bench.chosen(["training", "limits", "training"]) == ["limits", "training"]
    with pytest.raises(UserError, match="known: limits"):
        bench.chosen(["x"])


def test_each_part_is_a_bench() -> None:
    for module in bench.PARTS.values():
        assert (bench.ROOT / f"{module.replace('.', '/')}.py").exists()


def test_one_that_fails_does_not_stop_the_others(tmp_path: Path, stand_in) -> None:
    file = tmp_path / "results.json"
    modules = {"a": stand_in("a", "sys.exit(1)"), "b": stand_in("b")}
    failed = bench.run_all(modules, file, ["--rounds", "1"])
    assert list(failed) == ["a"]
    kept = {found.part: found.note for found, _ in results.get(file)}
    assert kept == {"a": "--rounds 1", "b": "--rounds 1"}
    assert bench.kept_in(file) == "a (1), b (1)"


def test_after_an_interruption_nothing_more_is_run(tmp_path: Path, stand_in, capfd) -> None:
    file = tmp_path / "results.json"
    modules = {"a": stand_in("a"), "b": stand_in("b", "sys.exit(130)"), "c": stand_in("c")}
    with pytest.raises(SystemExit) as ended:
        bench.run_all(modules, file, [])
    assert ended.value.code == 130
    assert "interrupted in b. Kept in results.json" in capfd.readouterr().err
    assert [found.part for found, _ in results.get(file)] == ["a", "b"]


def test_ctrl_c_says_what_is_kept(tmp_path: Path, stand_in) -> None:
    file = tmp_path / "results.json"
    stand_in("waits", "import time; print('ready', flush=True); time.sleep(60)")
    code = (
        "import sys; from pathlib import Path; from bench import __main__ as b\n"
        "b.run_all({'waits': 'waits'}, Path(sys.argv[1]), [])"
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
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted in waits" in said and "waits (1)" in said


def test_showing_measures_nothing(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    results.put(file, [measurement([1.0])], MACHINE)
    before = file.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--show", "--results", str(file)], cwd=bench.ROOT,
        text=True, capture_output=True, check=True,
    )  # fmt: skip
    assert "training  resnet18  1.00 images/s" in done.stdout
    assert file.read_bytes() == before
