"""Files that are either whole or not there: a temporary name, flushed, then renamed."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from heatproof.run.orphans import runs

# `.<process id>.unfinished.<name>`, as `replacing` calls its temporary files.
_TEMPORARY = re.compile(r"\.(\d+)\.unfinished\..+")
# Folders that this process has looked through: a report's picture folder has hundreds of files.
_cleared: set[Path] = set()


def guard() -> None:
    """Called before a file is put in place; a stage of DVC's has its own here (`inputs`)."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in `path`'s folder; move it onto `path` if the block succeeds.

    The temporary name keeps the ending (Keras insists on `.weights.h5`) and starts with a dot. On
    any error, or Ctrl-C, it is removed and the earlier `path` stays as it was. A process that was
    killed leaves it behind; the next one to write into the folder removes it, since DVC would
    count it among the contents of a folder that a stage depends on.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.parent.resolve() not in _cleared:
        clear_leftovers(path.parent)
        _cleared.add(path.parent.resolve())
    temporary = path.parent / f".{os.getpid()}.unfinished.{path.name}"
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        guard()
        os.replace(temporary, path)
    except OSError as error:
        if error.filename in (None, str(temporary)):  # a full disk is not told with a name
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def clear_leftovers(folder: Path) -> list[Path]:
    """Remove the temporary files in `folder` whose processes have ended; return which they were.

    Files of processes that run are left alone: they may be about to be renamed.
    """
    removed = []
    for entry in folder.iterdir():
        match = _TEMPORARY.fullmatch(entry.name)
        if match and entry.is_file() and not runs(int(match[1])):
            entry.unlink(missing_ok=True)
            removed.append(entry)
    return removed


def write(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Write `path` atomically with what `fill` writes into the open binary file."""
    with replacing(path) as temporary, open(temporary, "w+b") as file:
        fill(file)


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write `content` to `path` atomically."""
    write(path, lambda file: file.write(content))


def write_text(path: Path, content: str) -> None:
    """Write `content` to `path` atomically, as UTF-8 with newlines as they are."""
    write_bytes(path, content.encode())
