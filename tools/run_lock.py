"""One run at a time in a folder: a second one waits, and says for whom."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heatproof.run import orphans
from heatproof.run.errors import UserError


@contextmanager
def run_lock(folder: Path, command: str, lock: str = "run") -> Iterator[None]:
    """Hold `folder` for one run; wait, with a word on who holds it, where another one is at work.

    The operating system gives the lock back when its holder ends, however it ends. DVC's own lock
    is free while a stage runs, and waits for three seconds only. What is started within ends with
    the holder (`orphans`).

    Args:
        folder: the repository.
        command: what the user called, for those who wait.
        lock: runs that do not disturb each other have locks of different names.

    Raises:
        UserError: the folder cannot be written to.
    """
    path = folder / ".dvc" / "tmp" / f"{lock}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 (closed below)
    except PermissionError as error:
        raise UserError(f"{path}: permission denied: run in a folder you may write to") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another run"
            print(f"{holder} is running in {folder}; waiting for it (Ctrl-C to cancel)", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(f"`{command}` (process {os.getpid()}, since {time.strftime('%H:%M')})\n")
        file.flush()
        os.environ[orphans.OWNER] = str(os.getpid())
        try:
            yield
        finally:
            os.environ.pop(orphans.OWNER, None)
            file.truncate(0)
