"""What a bench ran on: processor, memory, versions, commit. No host, user or path."""

import os
import subprocess
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from heatproof.run import provenance

ROOT = Path(__file__).resolve().parents[1]
# What the numbers are of, and what the peers' environment may have instead.
LIBRARIES = ("tensorflow", "keras", "numpy", "jax", "torch", "captum", "dvc")
HARDWARE = ("cpu", "instructions", "cores", "memory_gib", "gpus", "system", "python")
RESULTS = "bench/results.json"  # changes while benches run, by design
BUSY = 1.0  # processes that want to run, before a bench starts any


def warn_if_busy() -> None:
    """Say so where others are at work; PyTorch, whose threads wait by spinning, loses most."""
    waiting = os.getloadavg()[0]
    if waiting > BUSY:
        print(f"the machine is busy (load {waiting:.1f}): these times say little", flush=True)


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
