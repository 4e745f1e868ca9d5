"""A study's clone on a node: one for each task at a time, with a DVC cache that they share.

Each clone has a `.dvc/tmp` of its own, which no two machines ever share. A clone is held by a lock
of the operating system's, so that one of a killed task is taken by the next.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from heatproof.cluster import machine, snapshot
from heatproof.cluster.snapshot import Snapshot
from heatproof.storage import atomic

FOLDER = "HEATPROOF_CLUSTER"  # where a node keeps clones and its cache, if not in ~/.cache
# Of DVC's results within a machine: not copied where the file system, or a link, can do without.
LINKS = "reflink,hardlink,symlink,copy"
MADE = ("data", "metrics", "dvc.lock", ".resume")  # by stages, in a clone
_MARK = Path(".dvc", "tmp", "cluster")  # of the head, which it keeps what is shared in


@dataclass(frozen=True)
class Study:
    """What a node has to know of a study, the same for all tasks of a run.

    name: that of its folders on nodes. snapshot: its code and parameters. threads: in one
    operation. environment: variables that its stages read. notes: the folder on the head's machine
    in which stages note what is tracked, "" if nothing is. remote: the name of the DVC remote that
    results go through, "" where there is none. settings: DVC's of this remote. folder: of the
    study, on the head's machine. cache: DVC's, there. boot: what tells that machine. shares:
    whether nodes on that machine use that cache. checkpoint_seconds: between two copies of a
    training's checkpoint. wanted: what a node has to be (`machine.facts`).
    """

    name: str
    snapshot: Snapshot
    threads: int
    environment: Mapping[str, str]
    notes: str
    remote: str
    settings: Mapping[str, Any]
    folder: str
    cache: str
    boot: str
    shares: bool = True
    checkpoint_seconds: float = 60.0
    wanted: Mapping[str, Any] = field(default_factory=dict)

    def wanting(self, facts: Mapping[str, Any]) -> "Study":
        """Return the same for nodes that are as `facts` say (`machine.facts`)."""
        return replace(self, wanted=facts)

    @property
    def is_here(self) -> bool:
        """Whether this process runs on the head's machine, and may use the study's own cache."""
        return self.shares and self.boot == machine.boot() != "" and Path(self.cache).is_dir()

    @property
    def root(self) -> Path:
        """The folder of its clones on this machine."""
        if self.is_here:
            return Path(self.folder) / _MARK
        chosen = os.environ.get(FOLDER)
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
        return (Path(chosen) if chosen else home / "heatproof" / "cluster") / self.name

    @property
    def kept(self) -> Path:
        """Where checkpoints are kept for tasks of this machine."""
        return self.root / "checkpoints"


class Slot:
    """A clone of a study, held as long as this object, or the process, is there."""

    def __init__(self, folder: Path, held: IO[str]) -> None:
        """`held` is the open file that carries the lock."""
        self.folder, self._held = folder, held
        self._number = folder.stat().st_ino

    @property
    def is_there(self) -> bool:
        """Whether the clone still is; between two runs it may be removed, and another be made."""
        try:
            return self.folder.stat().st_ino == self._number
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Let others take it."""
        self._held.close()


def take(study: Study) -> Slot:
    """Take the first clone that nobody holds, bring it to the study's snapshot, and return it.

    Raises:
        OSError: the disk is full, or the folder cannot be written to.
        UserError: git fails.
    """
    study.root.mkdir(parents=True, exist_ok=True)
    number = 0
    while True:
        folder = study.root / f"clone-{number}"
        file = open(folder.with_suffix(".lock"), "a+", encoding="utf-8")  # noqa: SIM115 (the slot's)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            file.close()
            number += 1
    try:
        _prepare(folder, study)
    except BaseException:
        file.close()
        raise
    return Slot(folder, file)


def _prepare(folder: Path, study: Study) -> None:
    bring(folder, study.snapshot)
    cache = Path(study.cache) if study.is_here else study.root / "cache"
    configure(folder, cache, study.remote, study.settings)


def bring(folder: Path, to: Snapshot) -> None:
    """Bring a clone to a snapshot, made where there is none.

    Raises:
        UserError: git fails.
    """
    if (folder / ".git").exists() and snapshot.checked_out(folder) != to.commit:
        # Of other code or parameters there may be files in folders that a stage depends on.
        for name in MADE:
            remove(folder / name)
    try:
        snapshot.unpack(to, folder)
    except Exception:
        # Of a killed task it may be anything: a new one costs little.
        remove(folder)
        snapshot.unpack(to, folder)


def configure(folder: Path, cache: Path, remote: str, settings: Mapping[str, Any]) -> None:
    """Write a clone's .dvc/config.local.

    Args:
        folder: the clone.
        cache: DVC's, made where there is none.
        remote: the name of the DVC remote; "" for none.
        settings: DVC's of the remote.
    """
    (folder / ".dvc" / "tmp").mkdir(parents=True, exist_ok=True)
    config = folder / ".dvc" / "config"
    if not config.exists():
        config.touch()
    cache.mkdir(parents=True, exist_ok=True)
    sections: dict[str, dict[str, Any]] = {
        "core": {"analytics": False, "check_update": False, "autostage": False},
        "cache": {"dir": str(cache), "type": LINKS},
    }
    if remote:
        sections["core"]["remote"] = remote
        sections[f"'remote \"{remote}\"'"] = dict(settings)
    lines = []
    for section, values in sections.items():
        lines += [f"[{section}]", *(f"    {key} = {_value(v)}" for key, v in values.items())]
    atomic.write_text(folder / ".dvc" / "config.local", "\n".join(lines) + "\n")


def _value(value: Any) -> str:
    """Return a value as DVC's configuration has it: quoted where it has characters of its own.

    Quotation marks are not escaped there: of two kinds the one is taken that the value has not.
    """
    text = str(value)
    quote = "'" if '"' in text else '"'
    return text if text.isalnum() else f"{quote}{text}{quote}"


def remove(path: Path) -> None:
    """Remove a file or a folder, which is gone at once under its name."""
    if path.is_dir() and not path.is_symlink():
        # Aside first: removing takes time, in which this may be killed.
        aside = Path(tempfile.mkdtemp(prefix=".old-", dir=path.parent))
        path.replace(aside / path.name)
        shutil.rmtree(aside, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
