"""What a bench ran on, and when: processor, memory, versions, commit, what others did there.

No host, user or path.
"""

import os
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from heatproof.run import provenance

ROOT = Path(__file__).resolve().parents[1]
# What the numbers are of, and what the peers' environment may have instead.
LIBRARIES = ("tensorflow", "keras", "numpy", "jax", "torch", "captum", "dvc")
HARDWARE = ("cpu", "instructions", "cores", "memory_gib", "gpus", "system", "python")
RESULTS = "bench/*.json"  # changes while benches run, by design
BUSY = 1.0  # processes that want to run, before a bench starts any


def warn_if_busy() -> None:
    """Say so where others are at work; PyTorch, whose threads wait by spinning, loses most."""
    waiting = os.getloadavg()[0]
    if waiting > BUSY:
        print(f"the machine is busy (load {waiting:.1f}): these times say little", flush=True)


class Others:
    """How much of the machine other processes took, from when this was made or last asked on."""

    def __init__(self) -> None:
        self._begin()

    def cores(self) -> float:
        """Return how many cores others kept busy, on average."""
        busy, own, clock = self._since
        self._begin()
        others = (self._since[0] - busy) - (self._since[1] - own)
        return max(0.0, others / max(self._since[2] - clock, 1e-9))

    def _begin(self) -> None:
        # The bench's own first: what it does between the two looks is then too much of others.
        own = sum(map(_cpu_seconds, [_ITSELF, *_ITSELF.children(recursive=True)]))
        times = psutil.cpu_times()._asdict()
        # A guest's time is in its host's too.
        idle = sum(times.get(name, 0.0) for name in ("idle", "iowait", "guest", "guest_nice"))
        self._since = sum(times.values()) - idle, own, time.monotonic()


_ITSELF = psutil.Process()


def _cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time of a process and of those of its children that have ended."""
    try:
        return sum(process.cpu_times()[:4])
    except psutil.Error:  # ended meanwhile: its parent has its time
        return 0.0


def today() -> str:
    """Return the date, as 2026-12-31."""
    return datetime.now(UTC).date().isoformat()


def description(**elsewhere: str) -> dict[str, Any]:
    """Return the machine, the versions and the commit, JSON-ready.

    Args:
        elsewhere: versions of libraries in another environment that took part, such as torch.

    Returns:
        cpu, instructions, cores, memory_gib, gpus, system, python as `provenance.run` has them;
        libraries: name -> version; commit, and changed: whether files differ from it (both null
        where there is no commit).
    """
    ran_on = provenance.run()
    return {
        **{name: ran_on[name] for name in HARDWARE},
        "libraries": {**_versions(), **elsewhere},
        **_commit(),
    }


def _versions() -> dict[str, str]:
    versions = {}
    for name in LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


@cache  # as it was when first asked: a bench may take long, in which files change
def _commit() -> dict[str, Any]:
    try:
        commit = _git("rev-parse", "HEAD").strip()
        # Not only the stages' code, as in provenance: the bench's own counts here.
        changed = _git("--no-optional-locks", "status", "--porcelain", "--", f":(exclude){RESULTS}")
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "changed": None}
    return {"commit": commit, "changed": bool(changed.strip())}


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=ROOT, capture_output=True, text=True, timeout=10, check=True
    ).stdout
