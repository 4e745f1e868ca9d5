"""Files that are either whole or not there: a temporary name, flushed, then renamed."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in `path`'s folder; move it onto `path` if the block succeeds.

    The temporary name keeps the ending (Keras insists on `.weights.h5`) and starts with a dot. On
    any error, or Ctrl-C, it is removed and the earlier `path` stays as it was.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{os.getpid()}.{path.name}"
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write(path: Path, fill: Callable[[BinaryIO], None]) -> None:
    """Write `path` atomically with what `fill` writes into the open binary file."""
    with replacing(path) as temporary, open(temporary, "wb") as file:
        fill(file)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically."""
    write(path, lambda file: file.write(content))


def write_text(path: Path, content: str) -> None:
    """Write `content` to `path` atomically, as UTF-8 with newlines as they are."""
    write_bytes(path, content.encode())
