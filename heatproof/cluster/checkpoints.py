"""Checkpoints of a training that runs on a node, kept where another node finds them.

A training writes its checkpoint into its own clone (`storage.resuming`). Beside it, `Keeper` copies
it: into a folder of the machine's by a link, which costs nothing, or to the DVC remote. Who takes
up the training elsewhere fetches it first, and loses the epochs since the last copy at most.
"""

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from heatproof.storage import resuming

_LOOK_SECONDS = 1.0  # between two looks at a folder, where copies cost nothing


class Place(Protocol):
    """Where checkpoints are kept, by their names."""

    def names(self) -> list[str]:
        """Return which there are."""
        ...

    def put(self, path: Path) -> None:
        """Keep a file, all or nothing."""
        ...

    def get(self, name: str, path: Path) -> None:
        """Bring a file back, all or nothing."""
        ...

    def remove(self, name: str) -> None:
        """Forget a file; one that is not there is no error."""
        ...

    def within(self, name: str) -> "Place":
        """Return a folder of it, of this name."""
        ...


class Folder:
    """A folder of this machine, on the file system of the clones."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        return [each.name for each in self._path.iterdir()] if self._path.is_dir() else []

    def put(self, path: Path) -> None:
        self._path.mkdir(parents=True, exist_ok=True)
        _link(path, self._path / path.name)

    def get(self, name: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _link(self._path / name, path)

    def remove(self, name: str) -> None:
        (self._path / name).unlink(missing_ok=True)

    def within(self, name: str) -> "Folder":
        return Folder(self._path / name)


class Remote:
    """A folder of a DVC remote.

    Args of the class: fs: its file system, as DVC has it. path: the folder.
    """

    def __init__(self, fs: Any, path: str) -> None:
        self._fs, self._path = fs, path

    def names(self) -> list[str]:
        if not self._fs.exists(self._path):
            return []
        return [self._fs.name(each) for each in self._fs.find(self._path)]

    def put(self, path: Path) -> None:
        self._fs.makedirs(self._path, exist_ok=True)
        part = self._fs.join(self._path, f".{os.getpid()}.{path.name}")
        self._fs.put_file(str(path), part)
        self._fs.mv(part, self._fs.join(self._path, path.name))

    def get(self, name: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{os.getpid()}.{path.name}")
        self._fs.get_file(self._fs.join(self._path, name), str(part))
        part.replace(path)

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._fs.join(self._path, name))

    def within(self, name: str) -> "Remote":
        return Remote(self._fs, self._fs.join(self._path, name))


def fetch(place: Place, run: str, folder: Path) -> list[str]:
    """Bring back what is kept of a run's training, in the place of what the clone has of it.

    That may be of an earlier attempt, which went on elsewhere.

    Args:
        place: where it is kept.
        run: whose.
        folder: the clone.

    Returns:
        The names of the files.
    """
    own = folder / resuming.RESUME
    brought = []
    for name in place.names():
        if not resuming.is_of(run, name):
            continue
        with suppress(FileNotFoundError):  # the training ended elsewhere meanwhile
            place.get(name, own / name)
            brought.append(name)
    return brought


def forget(place: Place, run: str) -> None:
    """Remove what is kept of a run, whose training is done."""
    for name in place.names():
        if resuming.is_of(run, name):
            place.remove(name)


class Keeper:
    """Within, what a training writes as its checkpoint is kept, every so many seconds.

    A copy that fails is no reason to stop a training: `failure` says why the last one did.
    """

    def __init__(self, place: Place, runs: Sequence[str], folder: Path, seconds: float) -> None:
        self._place, self._runs, self._folder = place, runs, folder
        self._seconds = _LOOK_SECONDS if isinstance(place, Folder) else seconds
        self._kept: dict[str, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.failure = ""

    def __enter__(self) -> "Keeper":
        if self._runs:
            self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def keep(self) -> None:
        """Copy what was written since the last time."""
        for path in (self._folder / resuming.RESUME).glob("*.np[yz]"):
            if path.name.startswith(".") or not any(
                resuming.is_of(run, path.name) for run in self._runs
            ):
                continue
            with suppress(FileNotFoundError):  # finished meanwhile
                changed = path.stat().st_mtime_ns
                if self._kept.get(path.name) != changed:
                    self._place.put(path)
                    self._kept[path.name] = changed

    def _work(self) -> None:
        while not self._over.wait(self._seconds):
            try:
                self.keep()
                self.failure = ""
            except Exception as error:  # whatever a remote's client raises
                self.failure = str(error) or type(error).__name__


def _link(path: Path, other: Path) -> None:
    """Have `other` be the same file as `path`; a checkpoint is replaced, never written again."""
    part = other.with_name(f".{os.getpid()}.{other.name}")
    part.unlink(missing_ok=True)
    try:
        os.link(path, part)
    except OSError:
        part.write_bytes(path.read_bytes())
    part.replace(other)
    part.unlink(missing_ok=True)  # where both were the same file already, nothing was moved
