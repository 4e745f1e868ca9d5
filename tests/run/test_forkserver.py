"""Stages as copies of a process with its libraries loaded: as `python -m`, but for the loading."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from heatproof.run import ending, forkserver
from tests.interruptible import interruptible
from tests.scratch import ROOT, environment

pytestmark = pytest.mark.skipif(not forkserver.possible(), reason="needs Linux, and no GPU")

ASKS = """
import sys
from heatproof.run import forkserver
code = forkserver.run_elsewhere(sys.argv[1], sys.argv[2:])
print("by itself" if code is None else f"code {code}")
"""
TELLS = """
import json, os, sys
print(json.dumps({
    "name": __name__, "arguments": sys.argv[1:], "folder": os.getcwd(), "path": sys.path[0],
    "colour": os.environ.get("COLOUR"), "offer": os.environ.get("STUDY_LOADED"),
    "loaded": "colorsys" in sys.modules, "process": os.getpid(), "parent": os.getppid(),
    "project": [name for name in sys.modules if name.startswith(("heatproof.config", "stages"))],
}))
print("to stderr", file=sys.stderr)
sys.exit(3)
"""
ENDS = """
import atexit, gc, threading, time
def late():
    time.sleep(0.3)
    print("a thread's end")
threading.Thread(target=late).start()
atexit.register(print, "tidied up")
def main():
    print(f"the program's end, garbage collected: {gc.isenabled()}")
"""
WAITS = """
import os, pathlib, time
try:
    print("waiting", flush=True)
    pathlib.Path("process").write_text(str(os.getpid()))
    time.sleep(200)
except KeyboardInterrupt:
    print("pressed", flush=True)
    raise
"""
OFFERS = """
import subprocess, sys
from heatproof.run import forkserver
forkserver.LIBRARIES = ("colorsys",)
with forkserver.offered():
    subprocess.run([sys.executable, "-c", sys.argv[1], "waits"])
"""

# Takes longer to load than the process is there that has it loaded.
SLOW = """
import os, time
while os.getppid() == int(os.environ["STUDY_RUN"]):
    time.sleep(0.02)
time.sleep(0.5)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with programs to run, as a study has its stages."""
    (tmp_path / "heatproof").symlink_to(ROOT / "heatproof")
    (tmp_path / "tells.py").write_text(TELLS)
    (tmp_path / "waits.py").write_text(WAITS)
    (tmp_path / "ends.py").write_text(ENDS)
    (tmp_path / "fails.py").write_text("import os\nraise ValueError(os.sep)")
    (tmp_path / "dies.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    return tmp_path


@pytest.fixture(autouse=True)
def few_libraries(monkeypatch) -> None:
    monkeypatch.setattr(forkserver, "LIBRARIES", ("colorsys",))


@pytest.fixture
def offer() -> Iterator[None]:
    with forkserver.offered():
        yield


def start(folder: Path, *words: str, code: str = ASKS) -> subprocess.Popen:
    """Start a program in `folder` that asks for a copy, or does what else `code` says."""
    given = environment(PYTHONPATH=str(ROOT), COLOUR="grün")
    with interruptible():
        return subprocess.Popen(
            [sys.executable, "-c", code, *words], cwd=folder, env=given, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0,
        )  # fmt: skip


def said(folder: Path, *words: str) -> tuple[str, str]:
    """Run a program that asks for a copy; return its stdout and stderr."""
    return start(folder, *words).communicate()


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 200
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def children(process: subprocess.Popen) -> list[psutil.Process]:
    return psutil.Process(process.pid).children()


def at_work(folder: Path) -> int:
    """Wait for a copy that runs `waits`; return its process."""
    until(lambda: (folder / "process").exists() and (folder / "process").read_text() != "")
    return int((folder / "process").read_text())


def runs(process: int) -> bool:
    """Whether a process is there, and not only remembered."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def test_a_copy_is_as_the_program_itself_with_its_libraries_loaded(folder, offer) -> None:
    out, err = said(folder, "tells", "--cell", "ä b")
    first, code = out.splitlines()
    told = json.loads(first)
    assert code == "code 3" and err == "to stderr\n"
    assert told["name"] == "tells" and told["arguments"] == ["--cell", "ä b"]
    assert told["folder"] == told["path"] == str(folder)
    assert told["colour"] == "grün" and told["offer"] is None
    assert told["loaded"] is True and told["project"] == []
    again = json.loads(said(folder, "tells")[0].splitlines()[0])
    assert again["parent"] == told["parent"] and again["process"] != told["process"]
    assert not runs(told["process"])


def test_a_copy_that_has_come_to_its_end_waits_for_threads_and_tidies_up(folder, offer) -> None:
    """Python's own clearing away is left out, and nothing else."""
    out, err = said(folder, "ends")
    assert out.splitlines() == [
        "the program's end, garbage collected: True", "a thread's end", "tidied up", "code 0",
    ]  # fmt: skip
    assert err == ""


def test_what_cannot_be_written_at_the_end_is_reported(folder, offer) -> None:
    tells = ASKS.replace('code {code}")', 'code {code}", file=sys.stderr)')
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", tells, "ends"], cwd=folder, stdout=full,
            env=environment(PYTHONPATH=str(ROOT)), stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert "error: the disk is full" in done.stderr
    assert "code 0" not in done.stderr


def test_a_bug_keeps_its_traceback(folder, offer) -> None:
    out, err = said(folder, "fails")
    assert out == "code 1\n"
    assert err.startswith("Traceback") and err.endswith("ValueError: /\n")


def test_an_end_by_a_signal_is_a_line(folder, offer) -> None:
    out, err = said(folder, "dies")
    assert out == f"code {128 + signal.SIGKILL}\n"
    assert re.fullmatch(r"error: dies: process \d+, in which it ran, was ended by SIGKILL.*\n", err)


def test_ctrl_c_comes_once_and_the_copy_decides_what_it_means(folder, offer) -> None:
    asks = start(folder, "waits")
    copy = at_work(folder)
    os.killpg(asks.pid, signal.SIGINT)
    out, err = asks.communicate()
    assert out == "waiting\npressed\ncode 130\n"
    assert err.count("interrupted: ") == 1
    assert not runs(copy)


def test_ctrl_c_is_heard_also_where_it_was_ignored_when_the_libraries_were_loaded(folder) -> None:
    """As DVC ignores it while the first stage runs."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with forkserver.offered():
            said(folder, "tells")
            asks = start(folder, "waits")
            at_work(folder)
            os.killpg(asks.pid, signal.SIGINT)
            assert asks.communicate()[0].startswith("waiting\npressed\n")
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_background_job_ignores_ctrl_c_as_before(folder, offer) -> None:
    asks = start(folder, "waits", code=f"import signal; signal.signal(2, signal.SIG_IGN)\n{ASKS}")
    copy = at_work(folder)
    os.killpg(asks.pid, signal.SIGINT)
    time.sleep(0.3)
    assert runs(copy) and asks.poll() is None
    asks.kill()
    until(lambda: not runs(copy))


def test_a_copy_ends_with_the_one_that_asked(folder, offer) -> None:
    asks = start(folder, "waits")
    copy = at_work(folder)
    asks.kill()
    until(lambda: not runs(copy))
    assert said(folder, "tells")[0].endswith("code 3\n")


def test_all_end_with_the_process_that_offered(folder) -> None:
    offers = start(folder, ASKS, code=OFFERS)
    copy = at_work(folder)
    copied = int(Path(f"/proc/{copy}/stat").read_text().rpartition(") ")[2].split()[1])
    assert runs(copied) and runs(copy)
    offers.kill()
    until(lambda: not runs(copied) and not runs(copy))
    assert "the process that it ran in was ended" in offers.communicate()[1]


def test_none_runs_by_itself_once_the_run_was_killed_while_libraries_were_loaded(folder) -> None:
    """Nobody holds the folder's lock any more."""
    (folder / "slow.py").write_text(SLOW)
    asks = f"from heatproof.run import orphans; orphans.end_with_run(){ASKS}"
    owns = (
        "import os; os.environ |= {'STUDY_RUN': str(os.getpid()), "
        "'PYTHONPATH': os.environ['PYTHONPATH'] + ':' + os.getcwd()}"
    )
    offers = start(folder, asks, code=owns + OFFERS.replace("colorsys", "slow"))
    until(lambda: "heatproof.run.forkserver" in [w for c in children(offers) for w in c.cmdline()])
    offers.kill()
    assert "by itself" not in offers.communicate()[0]


def test_code_that_changed_since_it_was_loaded_is_not_copied(folder, tmp_path_factory, monkeypatch):
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "heatproof" / "run", root / "heatproof" / "run")
    (root / "heatproof" / "__init__.py").touch()
    monkeypatch.setattr(forkserver, "ROOT", root)
    with forkserver.offered():
        assert said(folder, "tells")[0].endswith("code 3\n")
        os.utime(root / "heatproof" / "run" / "runtime.py")
        assert said(folder, "tells")[0] == "by itself\n"


def test_nothing_is_left_when_the_offer_ends(folder) -> None:
    with forkserver.offered():
        asks = start(folder, "waits")
        copy = at_work(folder)
    until(lambda: not runs(copy))
    assert asks.communicate()[0] == "waiting\ncode 1\n"
    assert forkserver.OFFER not in os.environ
    assert said(folder, "tells") == ("by itself\n", "")


def test_nothing_is_loaded_where_nobody_asks(monkeypatch, capfd) -> None:
    started = []
    monkeypatch.setattr(forkserver.subprocess, "run", lambda words, **_: started.append(words))
    monkeypatch.setattr(forkserver, "LIBRARIES", ("no_such_library",))
    with forkserver.offered():
        assert os.environ[forkserver.OFFER]
    assert started == []
    assert capfd.readouterr().err == ""


def test_what_cannot_be_loaded_is_left_to_the_stage(folder, monkeypatch, capfd) -> None:
    monkeypatch.setattr(forkserver, "LIBRARIES", ("no_such_library",))
    with forkserver.offered():
        assert said(folder, "tells") == ("by itself\n", "")
        assert said(folder, "tells") == ("by itself\n", "")
    warning = capfd.readouterr().err
    assert warning.count("warning: ") == 1 and "No module named 'no_such_library'" in warning


def test_another_backend_is_not_what_is_loaded(folder, offer, monkeypatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert said(folder, "tells") == ("by itself\n", "")


def test_another_session_runs_its_stage_itself(folder, offer) -> None:
    """A copy could not be in its process group, and would not be told of Ctrl-C."""
    done = subprocess.run(
        [sys.executable, "-c", ASKS, "tells"], cwd=folder, capture_output=True, text=True,
        env=environment(PYTHONPATH=str(ROOT)), start_new_session=True, check=False,
    )  # fmt: skip
    assert done.stdout == "by itself\n"


def test_a_program_that_is_no_stage_runs_itself(offer, monkeypatch) -> None:
    ran = []
    ending.run(lambda: ran.append(True))
    assert ran == [True]
