"""A temporary folder that no other user can enter.

TensorFlow's autograph, which Keras uses for every training, writes modules into the temporary
folder and imports them from there; Python then takes bytecode from the `__pycache__` beside them.
In a folder that all users share that may be anyone's.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from heatproof.run.errors import UserError

PREFIX = "heatproof-"
ABANDONED_SECONDS = 3600.0  # a folder that is being made is not locked yet


def use_private_folder() -> None:
    """Have this process and those that it starts use a temporary folder of this user's alone.

    The one in use if it is such a folder already; otherwise a new one within it, which is removed
    when this process ends. What killed processes left behind is removed then too.

    Raises:
        UserError: there is no folder for temporary files.
    """
    try:
        folder = Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise UserError(
            "no folder for temporary files can be written to: name one in the environment variable "
            "TMPDIR"
        ) from error
    if not _private(folder):
        _remove_abandoned(folder)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
        atexit.register(_remove, folder, os.getpid())
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    _hold(folder)


def _private(folder: Path) -> bool:
    status = folder.stat()
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077


@cache
def _hold(folder: Path) -> int:
    """Mark a folder as in use for as long as this process runs, however it ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _remove_abandoned(shared: Path) -> None:
    """Remove this user's folders whose processes were killed."""
    for folder in shared.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another user's, in use, or removed meanwhile
            descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
            try:
                status = os.fstat(descriptor)
                old = time.time() - status.st_mtime > ABANDONED_SECONDS
                if old and status.st_uid == os.geteuid():
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def _remove(folder: Path, maker: int) -> None:
    if os.getpid() == maker:  # not a copy of that process
        shutil.rmtree(folder, ignore_errors=True)
