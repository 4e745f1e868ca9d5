"""What must be equal on all machines of a cluster, so that each gives the same bytes."""

import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heatproof.run import provenance

# What computes, or writes, a result.
LIBRARIES = (
    "heatproof", "tensorflow", "keras", "numpy", "scipy", "scikit-image", "scikit-learn", "h5py",
    "pillow", "dvc", "jax",
)  # fmt: skip
_BOOT = Path("/proc/sys/kernel/random/boot_id")
MIN_FREE_BYTES = 2**29


def facts() -> dict[str, Any]:
    """Return what this machine is: what decides the bytes of a result, and its name.

    Returns:
        `python` and `libraries` (name -> version), `architecture`, `cpu` and the `instructions`
        that kernels are chosen by; `boot`, which nodes on one machine have in common.
    """
    cpu, instructions = provenance.processor()
    return {
        "python": platform.python_version(),
        "libraries": {
            name: version for name in LIBRARIES if (version := provenance.version_of(name))
        },
        "cpu": cpu,
        "instructions": instructions,
        "boot": boot(),
        "architecture": platform.machine(),
    }


def free_bytes(folder: Path) -> int:
    """Return how many bytes are free on a folder's disk."""
    return shutil.disk_usage(folder).free


def boot() -> str:
    """Return what tells this machine, since it was started, from all others; "" if nothing does."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def software_differences(node: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Return, in words, where a node's software is not what is wanted; empty where it is."""
    different = []
    if node["python"] != wanted["python"]:
        different.append(f"Python {node['python']}, expected {wanted['python']}")
    for name, version in wanted["libraries"].items():
        has = node["libraries"].get(name)
        if has != version:
            different.append(f"{name} {has or 'is missing'}, expected {version}")
    return different


def kind_differences(node: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Return, in words, where a node's processor would give other bytes; empty where it would not.

    Kernels, and with them the order of sums, are chosen by the instructions that there are.
    """
    if node["architecture"] != wanted["architecture"]:
        return [f"a processor of {node['architecture']}, expected {wanted['architecture']}"]
    has, expected = set(node["instructions"]), set(wanted["instructions"])
    if has == expected:
        return []
    more, less = sorted(has - expected), sorted(expected - has)
    words = [f"with {', '.join(more)}"] * bool(more) + [f"without {', '.join(less)}"] * bool(less)
    return [f"its processor ({node['cpu']}) is {' and '.join(words)}, unlike the others'"]
