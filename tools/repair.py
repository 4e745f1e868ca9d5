"""What a killed run may leave in DVC's files, repaired before the next one reads them.

DVC writes dvc.lock and its list of files in use (`rwlock`) in place: killed meanwhile, it leaves
half a file, which it then refuses to read. The tools write dvc.lock in one step (`lock_file`); `dvc
repro` by itself takes seconds for it, after every stage.
"""

import json
import re
import shutil
from itertools import chain
from pathlib import Path

import psutil

from heatproof.run.errors import UserError
from heatproof.storage import atomic

LOCK = Path("dvc.lock")
KEPT = Path(".dvc/tmp/dvc.lock.kept")  # how it was before the last run
DAMAGED = Path("dvc.lock.damaged")
IN_USE = Path(".dvc/tmp/rwlock")
# Where stages write. Beside them a user may keep images of their own.
OURS = (
    *(f"data/{name}" for name in ("code", "runs", "raw", "processed", "models")),
    *(f"data/{name}" for name in ("predictions", "explanations", "trust", "history", "metrics")),
    *("data/timing", "metrics", ".resume"),
)
_CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)


def repair(folder: Path) -> None:
    """Repair what a killed run left in a repository, with a line on each thing.

    Waits for DVC's own lock, so that no file is looked at while another process writes it.

    Raises:
        UserError: dvc.lock has the conflict markers of a git merge.
    """
    from dvc.lock import make_lock

    with make_lock(str(folder / ".dvc" / "tmp" / "lock"), friendly=True, wait=True):
        _restore_lock_file(folder)
        _free_files(folder)
        _clear(folder)


def _restore_lock_file(folder: Path) -> None:
    """Put the dvc.lock before the last run in a damaged one's place; DVC's run-cache has the rest.

    A whole one is kept for the next time.
    """
    path, kept = folder / LOCK, folder / KEPT
    if not path.exists():
        return
    if _is_whole(path):
        # Copied under another name first: this may be killed too.
        fresh = kept.with_suffix(".new")
        shutil.copyfile(path, fresh)
        fresh.replace(kept)
        return
    if _CONFLICT.search(path.read_text(encoding="utf-8", errors="replace")):
        raise UserError(
            f"{LOCK}: has conflict markers of a git merge; take either side with `git checkout "
            f"--ours {LOCK}` or `--theirs`, then run again: DVC restores results from its run-cache"
        )
    path.replace(folder / DAMAGED)
    if kept.exists():
        atomic.write_bytes(path, kept.read_bytes())
    print(
        f"{LOCK}: cut short when a run was killed, now {DAMAGED}; the one before that run is back, "
        "and DVC restores later results from its run-cache",
        flush=True,
    )


def _is_whole(path: Path) -> bool:
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from dvc.utils.serialize import ParseError, parse_yaml
    from voluptuous import Invalid

    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        COMPILED_LOCKFILE_SCHEMA(parse_yaml(text, str(LOCK)))
    except (ParseError, Invalid):
        return False
    return True


def _free_files(folder: Path) -> None:
    """Remove the list of files in use if it is cut short, or if no DVC that it names is running.

    DVC itself removes the entries of processes that are gone, but not where another program has
    their number since, as after a power cut.
    """
    path = folder / IN_USE
    if not path.exists():
        return
    try:
        in_use = json.loads(path.read_text(encoding="utf-8"))
        holders = [*in_use.get("write", {}).values(), *chain(*in_use.get("read", {}).values())]
        processes = {int(holder["pid"]) for holder in holders}
    except (ValueError, AttributeError, KeyError, TypeError):
        print(f"{path.name}: cut short when a run was killed; removed", flush=True)
        processes = set()
    if not any(map(_is_dvc, processes)):
        path.unlink()


def _is_dvc(process: int) -> bool:
    try:
        words = psutil.Process(process).cmdline()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
    return any(re.search(r"(^|/)dvc$|^tools\.", word) for word in words)


def _clear(folder: Path) -> None:
    """Remove the temporary files of killed stages, and those in DVC's cache, whose lock is held."""
    for top in OURS:
        for path in [folder / top, *(folder / top).rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                atomic.clear_leftovers(path)
    atomic.clear_leftovers(folder / ".dvc" / "tmp")  # a run's copy of params.yaml
    # Of the notes on what a stage gave DVC takes the newest file, whatever it is called; among the
    # results in its cache half a file only takes room.
    for pattern in ("runs/*/*/.*.tmp", "files/md5/*/.*.tmp"):
        for path in (folder / ".dvc" / "cache").glob(pattern):
            path.unlink(missing_ok=True)
