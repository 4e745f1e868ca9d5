"""What each run ran on, gathered from data/timing/.

It is gathered when the report is written, and is in no file that a stage depends on.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from heatproof.config.params import Params
from heatproof.storage import artifacts, paths
from heatproof.storage.formats import sha256_of

# What a commit and its changes are; all else that a run ran on is its environment.
SOURCE = ("commit", "changed", "parameters")


def gathered(study: Params) -> dict[str, Any]:
    """Return what is known of how the study in the current folder was made.

    Returns:
        budget and seed, as they are now. data: of each dataset its `name` and the SHA-256 of its
        two files, null where one is not there. sources and environments: each different one once,
        those of training first. runs: `stage` and `cell`, and which of `sources` and `environments`
        it is of, from 0; null where the run is older than this record. Empty where nothing was run.

    Raises:
        UserError: a timing file is damaged.
    """
    sources: list[dict[str, Any]] = []
    environments: list[dict[str, Any]] = []
    runs = []
    for stage, cell in _timed(study):
        record = artifacts.read_run(stage, cell) or {}
        source = {key: record[key] for key in SOURCE if key in record}
        environment = {key: record[key] for key in record if key not in SOURCE}
        runs.append(
            {
                "stage": stage,
                "cell": cell,
                "source": _number(sources, source),
                "environment": _number(environments, environment),
            }
        )
    if not runs:
        return {}
    used = dict.fromkeys(cell.dataset for cell in study.cells.values())
    data = [
        {"name": name, "raw": _sha256(paths.raw(name)), "processed": _sha256(paths.processed(name))}
        for name in used
    ]
    return {
        "budget": study.budget,
        "seed": study.seed,
        "data": data,
        "sources": sources,
        "environments": environments,
        "runs": runs,
    }


def _timed(study: Params) -> Iterable[tuple[str, str]]:
    """Stages and runs whose durations there are, training first, as in params.yaml."""
    folder = paths.timing("", "").parent
    stages = (path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else ()
    for stage in sorted(stages, key=lambda name: (not name.startswith("train"), name)):
        for cell in dict.fromkeys((*study.cells, *study.runs)):
            if paths.timing(stage, cell).exists():
                yield stage, cell


def _number(known: list[dict[str, Any]], one: dict[str, Any]) -> int | None:
    """The place of `one` among those known, added where it is new."""
    if not one:
        return None
    if one not in known:
        known.append(one)
    return known.index(one)


def _sha256(path: Path) -> str | None:
    return sha256_of(path) if path.exists() else None
