"""What a study of two environments and three states of code leaves of provenance, for tests."""

import shutil
from typing import Any

from heatproof.storage import artifacts, paths
from heatproof.storage.formats import write_record

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CLEAN: dict[str, Any] = {"commit": COMMIT, "changed": [], "parameters": []}
MACHINE: dict[str, Any] = {
    "python": "3.11.2",
    "libraries": {"tensorflow": "2.21.0", "keras": "3.15.1", "numpy": "2.4.6"},
    "backend": "tensorflow",
    "onednn": "on",
    "threads": 2,
    "variables": {"TF_XLA_FLAGS": "--tf_xla_auto_jit=2"},
    "cpu": "A Processor of 2.6 GHz",
    "instructions": ["AVX2", "AVX-512"],
    "cores": 2,
    "memory_gib": 24,
    "gpus": [],
    "system": "Debian GNU/Linux 12 (bookworm), x86_64, glibc 2.36",
}
HOSTILE = '<script>alert("cpu")</script>\u202e\n</td>'


def content(
    runs: list[tuple[str, str, int | None, int | None]],
    sources: list[dict[str, Any]],
    environments: list[dict[str, Any]],
) -> dict[str, Any]:
    """What `report.provenance.gathered` returns: runs as (stage, cell, source, environment)."""
    keys = ("stage", "cell", "source", "environment")
    return {
        "budget": "cpu",
        "seed": 42,
        "data": [{"name": "digits", "raw": "ab" * 32, "processed": None}],
        "sources": sources,
        "environments": environments,
        "runs": [dict(zip(keys, run, strict=True)) for run in runs],
    }


def write(made: dict[str, Any]) -> None:
    """Write what these runs ran on beside their durations, and leave no other runs."""
    durations = {run["cell"]: artifacts.read_timing("train", run["cell"]) for run in made["runs"]}
    shutil.rmtree(paths.DATA / "timing")
    for run in made["runs"]:
        record: dict[str, Any] = {}
        if run["source"] is not None:
            record = made["sources"][run["source"]] | made["environments"][run["environment"]]
        timing = durations[run["cell"]] | ({artifacts.RUN: record} if record else {})
        made_by = f"{run['stage']}@{run['cell']}"
        write_record(paths.timing(run["stage"], run["cell"]), timing, made_by)


def hostile(*cells: str) -> dict[str, Any]:
    """Two machines, changed code and parameters, and a run of which nothing is known."""
    changed = {
        "commit": COMMIT[::-1],
        "changed": ["stages/<img src=x onerror=alert(1)>.py"],
        "parameters": [
            {"key": "datasets.birds.fetch", "committed": "a</code>", "used": HOSTILE},
            {"key": "models.<b>", "used": "1"},
            {"key": "seed", "committed": "{{ 7 * 7 }}"},
        ],
    }
    other = MACHINE | {"cpu": HOSTILE, "gpus": ["GPU & <b>Co</b>"], "libraries": {"<i>": "1<2"}}
    first, second = cells[:2]
    return content(
        [
            ("train", first, 0, 0),
            ("train", second, 1, 1),
            ("evaluate", first, 2, 0),
            ("explain_perturbation", second, None, None),
        ],
        [CLEAN, changed, {"commit": None, "changed": [], "parameters": []}],
        [MACHINE, other],
    )
