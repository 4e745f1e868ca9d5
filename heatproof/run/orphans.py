"""A program that a run started ends when the run does.

DVC, killed by itself, leaves its stage at work, which would overwrite what the next run has made.
So a stage watches DVC and the process that holds the folder's lock, and without them puts no result
in place.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from heatproof.run.errors import UserError
from heatproof.run.stage import STAGE

OWNER = "STUDY_RUN"  # the number of the process that holds the folder's lock
_SECONDS = 0.2  # between two looks
_LAST_SECONDS = 5.0  # to end as after Ctrl-C

_signs: list[Callable[[], bool]] = []  # that the run is still there


def end_with_run() -> None:
    """Have this process end when what started it does: DVC, or who holds the folder's lock."""
    owner = int(os.environ.get(OWNER, os.getpid()))
    if owner == os.getpid() and not os.environ.get(STAGE):
        return
    parent = os.getppid()
    _signs.append(lambda: os.getppid() == parent)
    if _is_shell(parent):
        dvc = _parent(parent)
        _signs.append(lambda: _parent(parent) == dvc)
    _signs.append(lambda: runs(owner))
    threading.Thread(target=_watch, daemon=True).start()


def require_run() -> None:
    """Refuse to put a result in place after the run has ended.

    Raises:
        UserError: it has.
    """
    if not all(there() for there in _signs):
        raise UserError("the run that this stage belongs to was ended: its results are not kept")


def _watch() -> None:
    while all(there() for there in _signs):
        time.sleep(_SECONDS)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        os.kill(os.getpid(), signal.SIGHUP)
        time.sleep(_LAST_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def _is_shell(process: int) -> bool:
    """Whether it is DVC's shell, which waits for the command, where it does not become it."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"-c" in words and b"-m stages." in words[words.index(b"-c") + 1]


def _parent(process: int) -> int:
    return int((_status(process) or ["", "0"])[1])


def runs(process: int) -> bool:
    """Whether a process is there, and not only remembered by what started it."""
    if status := _status(process):
        return status[0] != "Z"
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True  # somebody else's
    return True


def _status(process: int) -> list[str]:
    """Return the state of a process, its parent, and more; nothing if there is no telling."""
    try:
        return Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(") ")[2].split()
    except OSError:
        return []
