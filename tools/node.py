"""DVC on a cluster's node: stages of one task after the other, in a clone of the study.

`python -m tools.node DESCRIPTOR FOLDER` is started by `heatproof.cluster.task` and gets requests,
a line of JSON each, from a socket; an answer is a line too. FOLDER is where checkpoints are kept on
a machine whose tasks share the study's cache. It keeps DVC loaded, and offers stages a process that
has TensorFlow (`forkserver`).
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.node")

import errno
import json
import socket
import sys
import time
from pathlib import Path
from typing import Any

from heatproof.cluster import checkpoints, machine
from heatproof.cluster.task import END
from heatproof.run import forkserver, tracking
from heatproof.storage import atomic, lock_entries, resuming
from tools import exchange, node_blocks, pipeline, repair

LOCK = Path("dvc.lock")
BLOCKS = "blocks"  # where checkpoints are kept: a folder of each stage's


def main() -> None:
    """Serve until the socket is closed."""
    forkserver.end_with_parent()
    channel = socket.socket(fileno=int(sys.argv[1]))
    repair.repair(Path.cwd())
    with (
        channel.makefile("r", encoding="utf-8") as requests,
        forkserver.offered(),
        tracking.sender(),
    ):
        for line in requests:
            answer = _answered(json.loads(line), Path(sys.argv[2]))
            print(END, flush=True)
            channel.sendall(json.dumps(answer).encode() + b"\n")


def _answered(request: dict[str, Any], kept: Path) -> dict[str, Any]:
    """Do a task; what hinders it on this node, but not on another, is told as a fault."""
    try:
        return _done(request, kept)
    except exchange.RemoteLost as error:
        return {"fault": str(error)}
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        return {"fault": f"{error.filename or Path.cwd()}: {error.strerror}"}


def _done(request: dict[str, Any], kept: Path) -> dict[str, Any]:
    stages: list[str] = request["stages"]
    free = machine.free_bytes(Path.cwd())
    if free < machine.MIN_FREE_BYTES:
        return {"fault": f"the disk is full: {free // 2**20} MiB are free in {Path.cwd()}"}
    entries: dict[str, str] = request["entries"]
    if entries:
        atomic.write_text(LOCK, lock_entries.joined(entries))
    else:
        LOCK.unlink(missing_ok=True)
    store = exchange.Store(Path.cwd(), request["remote"])
    block: tuple[str, int] | None = request["block"]
    needing = [block[0]] if block else stages
    store.bring([entries[stage] for stage in request["takes"]], store.dependencies(needing))
    place = store.checkpoints(request["study"]) or checkpoints.Folder(kept)
    if block:
        started = time.monotonic()
        if code := node_blocks.compute(*block, place.within(BLOCKS)):
            return {"code": code}
        took = {request["task"]: time.monotonic() - started}
        return {"code": 0, "entries": {}, "files": {}, "run_cache": {}, "seconds": took, "ran": []}
    node_blocks.bring(stages, place.within(BLOCKS))
    named = (stage.partition("@") for stage in stages)
    runs = [key for kind, _, key in named if kind in resuming.STAGES]
    for run in runs:
        checkpoints.fetch(place, run, Path.cwd())
    seconds = request["checkpoint_seconds"]
    with checkpoints.Keeper(place, runs, Path.cwd(), seconds), store.looked_up():
        ended = pipeline.run("repro", "--single-item", *store.options, *stages)
    if ended.code:
        return {"code": ended.code}
    made = lock_entries.entries(LOCK.read_text(encoding="utf-8"))
    runs_recorded = store.send([made[stage] for stage in stages])
    for run in runs:
        checkpoints.forget(place, run)
    node_blocks.forget(stages, place.within(BLOCKS))
    return {
        "code": 0,
        "entries": {stage: made[stage] for stage in stages},
        "files": {name: Path(name).read_bytes().hex() for name in store.uncached(stages)},
        "run_cache": {name: content.hex() for name, content in runs_recorded.items()},
        "seconds": ended.seconds,
        "ran": sorted(ended.ran),
    }
