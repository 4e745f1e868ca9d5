"""One run at a time in a folder: a second one waits, and says for whom.

`python -m tools.run_lock` fails where a run is at work here or in the demo, for `make clean`.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.run_lock", purpose="Fail where a run is at work.")

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

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
            print(f"{_at_work(file, folder)}; waiting for it (Ctrl-C to cancel)", flush=True)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
            except KeyboardInterrupt:
                raise KeyboardInterrupt("interrupted while waiting; nothing was begun") from None
        file.truncate(0)
        file.write(f"`{command}` (process {os.getpid()}, since {time.strftime('%H:%M')})\n")
        file.flush()
        os.environ[orphans.OWNER] = str(os.getpid())
        try:
            yield
        finally:
            os.environ.pop(orphans.OWNER, None)
            file.truncate(0)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder that is no repository, for moments, without a file in it.

    Raises:
        UserError: the folder cannot be written to.
    """
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder}: permission denied: run in a folder you may write to")
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def main() -> None:
    """Look at the locks. Raises UserError for one that is held."""
    for folder in (Path(), Path("demo")):
        for path in (folder / ".dvc" / "tmp").glob("*.lock"):
            with open(path, encoding="utf-8") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise UserError(
                        f"{_at_work(file, folder.resolve())}: nothing was deleted; wait for it, or "
                        "end it with Ctrl-C"
                    ) from None


def _at_work(lock: TextIO, folder: Path) -> str:
    lock.seek(0)
    return f"{lock.read().strip() or 'another run'} is running in {folder}"
