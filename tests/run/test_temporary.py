"""Temporary files are where no other user can put or swap them, and are removed."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from heatproof.run import runtime, temporary
from heatproof.run.errors import UserError
from tests.scratch import ROOT, environment

PROGRAM = """
import os, signal, sys, tempfile
from heatproof.run import temporary
temporary.use_private_folder()
temporary.use_private_folder()
print(tempfile.mkdtemp(), flush=True)
if len(sys.argv) > 1:
    os.kill(os.getpid(), signal.SIGKILL)
if not os.fork():  # a copy that comes to its end leaves the folder to the process it is of
    sys.exit()
os.wait()
assert os.path.isdir(tempfile.gettempdir())
"""


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder that every user can write to, which this process uses."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def run(*words: str) -> Path:
    """Run `PROGRAM`; return the folder that it made."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], cwd=ROOT, env=environment(**os.environ),
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) is (not words)
    return Path(done.stdout.strip())


def one(tensor: Any) -> Any:
    return tensor + 1


def two(tensor: Any) -> Any:
    return tensor + 2


def trace(function: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have autograph write a module of a name that others can foresee, here that they know."""
    import tensorflow as tf

    names = [f"{function.__name__}{number}" for number in range(9)]
    monkeypatch.setattr(tempfile, "_get_candidate_names", lambda: iter(names))
    tf.function(function)(tf.constant(1.0))


def test_planted_bytecode_runs_in_a_shared_folder_and_not_in_a_private_one(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.load_keras()
    ran = tmp_path / "ran"
    code = compile(f"import os; os.mkdir({str(ran)!r})", "planted", "exec")
    plant = importlib._bootstrap_external._code_to_hash_pyc(code, b"no check", False)
    for function in (one, two):
        module = shared / f"__autograph_generated_file{function.__name__}0.py"
        place = Path(importlib.util.cache_from_source(str(module)))
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(plant)
    with suppress(AttributeError):  # the plant has no function of that name
        trace(one, monkeypatch)
    ran.rmdir()
    temporary.use_private_folder()
    trace(two, monkeypatch)
    assert not ran.exists()


def test_it_is_this_users_alone_and_is_removed_at_the_end(shared: Path) -> None:
    made = run()
    assert made.parent.parent == shared and made.parent.name.startswith(temporary.PREFIX)
    assert list(shared.iterdir()) == []


def test_what_killed_processes_left_is_removed_by_the_next(shared: Path) -> None:
    abandoned = run("killed").parent
    assert abandoned.stat().st_mode & 0o777 == 0o700
    run()
    assert abandoned.exists()  # it may be one that is being made
    os.utime(abandoned, (0, time.time() - 2 * temporary.ABANDONED_SECONDS))
    temporary._hold(abandoned)
    run()
    assert abandoned.exists()  # in use
    os.close(temporary._hold(abandoned))
    run()
    assert not abandoned.exists()


def test_a_private_folder_is_used_as_it_is(shared: Path) -> None:
    shared.chmod(0o700)
    temporary.use_private_folder()
    assert tempfile.gettempdir() == str(shared)


def test_no_folder_at_all_is_a_line(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/nowhere"])
    with pytest.raises(UserError, match="TMPDIR"):
        temporary.use_private_folder()
