"""What a killed run may leave in DVC's files, put right before the next one reads them.

DVC writes its cache to temporary names, but dvc.lock and its list of files in use (`rwlock`) in
place: killed meanwhile, it leaves half a file, which it then refuses to read. `dvc repro` by itself
takes seconds to write dvc.lock of the whole study, after every stage (the tools do not: lock_file).
"""

import json
import re
import shutil
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import psutil

from heatproof.storage import atomic

LOCK = Path("dvc.lock")
# How it was before the last run, from which stages are taken that half a dvc.lock has lost.
KEPT = Path(".dvc/tmp/dvc.lock.kept")
IN_USE = Path(".dvc/tmp/rwlock")
# Where stages write. Beside them a user may keep images of their own.
OURS = (
    *(f"data/{name}" for name in ("code", "raw", "processed", "models", "predictions")),
    *("data/explanations", "data/trust", "data/history", "data/metrics", "data/timing"),
    *("metrics", ".resume"),
)
_STAGE = re.compile(r"^  \S", re.MULTILINE)


def mend(folder: Path) -> None:
    """Put right what a killed run left in a repository, with a word on each thing.

    Waits for DVC's own lock, so that no file is looked at while another process writes it.
    """
    from dvc.lock import make_lock

    with make_lock(str(folder / ".dvc" / "tmp" / "lock"), friendly=True, wait=True):
        for said in (*_lock_file(folder), *_in_use(folder)):
            print(said, flush=True)
        _clear(folder)


def _lock_file(folder: Path) -> Iterator[str]:
    path, kept = folder / LOCK, folder / KEPT
    if not path.exists():
        return
    if recorded(path) is not None:
        # Copied under another name first: this may be killed too.
        fresh = kept.with_suffix(".new")
        shutil.copyfile(path, fresh)
        fresh.replace(kept)
        return
    earlier = recorded(kept) if kept.exists() else None
    text = path.read_text(encoding="utf-8", errors="ignore")
    starts = [match.start() for match in _STAGE.finditer(text)]
    found = _parsed(text[: starts[-1]]) if starts else None
    stages = {**((earlier or {}).get("stages", {})), **((found or {}).get("stages") or {})}
    if stages:
        from dvc.utils.serialize import dumps_yaml

        atomic.write_text(path, dumps_yaml({"schema": "2.0", "stages": stages}))
    else:
        path.unlink()
    yield (
        f"{LOCK}: cut short when a run was killed; {len(stages)} stages of it were saved, and the "
        "results of others are looked for in DVC's cache"
    )


def recorded(path: Path) -> dict[str, Any] | None:
    """Return what a dvc.lock says; None if it was cut short."""
    return _parsed(path.read_text(encoding="utf-8", errors="replace"))


def _parsed(text: str) -> dict[str, Any] | None:
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from dvc.utils.serialize import ParseError, parse_yaml
    from voluptuous import Invalid

    try:
        return COMPILED_LOCKFILE_SCHEMA(parse_yaml(text, str(LOCK)))
    except (ParseError, Invalid):
        return None


def _in_use(folder: Path) -> Iterator[str]:
    """Remove the list of files in use if it is cut short, or names nobody who is there."""
    path = folder / IN_USE
    if not path.exists():
        return
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        holders = [*said.get("write", {}).values(), *chain(*said.get("read", {}).values())]
        processes = {int(holder["pid"]) for holder in holders}
    except (ValueError, AttributeError, KeyError, TypeError):
        path.unlink()
        yield f"{path.name}: cut short when a run was killed; removed"
        return
    if processes and not any(_is_dvc(process, path.stat().st_mtime) for process in processes):
        path.unlink()


def _is_dvc(process: int, noted: float) -> bool:
    """Return whether a process can be the one that DVC noted, rather than a later one's number.

    Args:
        process: its number.
        noted: when the note was last written, in seconds since 1970.
    """
    try:
        found = psutil.Process(process)
        words = found.cmdline()
        return found.create_time() <= noted + 1 and any(
            word in text for text in words for word in ("dvc", "tools")
        )
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _clear(folder: Path) -> None:
    """Remove the temporary files of killed stages, and those in DVC's cache, whose lock is held."""
    for top in OURS:
        for path in [folder / top, *(folder / top).rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                atomic.clear_leftovers(path)
    # Of the notes on what a stage gave DVC takes the newest file, whatever it is called; among the
    # results in its cache half a file only takes room.
    for pattern in ("runs/*/*/.*.tmp", "files/md5/*/.*.tmp"):
        for path in (folder / ".dvc" / "cache").glob(pattern):
            path.unlink(missing_ok=True)
