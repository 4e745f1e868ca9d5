"""Files that are whole or not there, and what a killed process leaves of them."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from heatproof.storage import atomic


@pytest.fixture
def dead() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_killed_processes_left_is_cleared_and_nothing_else(tmp_path: Path, dead: int) -> None:
    left = tmp_path / f".{dead}.unfinished.a.json"
    working = tmp_path / f".{os.getppid()}.unfinished.a.json"
    others = [tmp_path / name for name in (f".{dead}.photo.png", f"{dead}.unfinished.a", ".x")]
    for path in (left, working, *others):
        path.write_text("half")
    atomic.write_text(tmp_path / "a.json", "whole")
    assert not left.exists()
    assert working.exists(), "its process may be about to rename it"
    assert all(path.exists() for path in others)


def test_a_kill_while_writing_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "a.weights.h5"
    atomic.write_text(path, "earlier")
    killed = (
        "import os, signal, sys; from pathlib import Path; from heatproof.storage import atomic\n"
        "with atomic.replacing(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", killed, str(path)], check=False)
    assert done.returncode < 0 and path.read_text() == "earlier"
    (left,) = set(tmp_path.iterdir()) - {path}
    assert left.name.endswith(".weights.h5"), "Keras asks for the ending"
    assert atomic.clear_leftovers(tmp_path) == [left]
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_full_is_told_with_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"

    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match=f"{path}"):
        atomic.write(path, full)
    assert list(tmp_path.iterdir()) == []
