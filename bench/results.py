"""What the benches found, in one file: bench/results.json, which `python -m bench` prints.

Each bench puts in what it measured, and replaces what it had put in before, so that a part can be
measured anew alone. Times and rates stay as they were taken, one a round: ratios are made of them
when they are shown.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from stages import atomic
from stages.formats import read_json

PROJECT = "project"


@dataclass(frozen=True)
class Measurement:
    """One comparison: the project beside its peers, taken in turns.

    part: the bench, such as `training`. case: what of it, such as `resnet18`. unit: of all values,
    and better says which of them are. sides: PROJECT and each peer -> one value a round.
    absent: peer -> why it has none. goal: the least ratio of the project to the best peer, as times
    better; None where nothing is to be reached. shares: of the machine's limits, by their names,
    what the project reaches, 0 to 1. note: what a reader has to know.
    """

    part: str
    case: str
    unit: str
    better: Literal["more", "less"]
    sides: Mapping[str, list[float]]
    absent: Mapping[str, str] = field(default_factory=dict)
    goal: float | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


def put(path: Path, found: Iterable[Measurement], machine: Mapping[str, Any]) -> None:
    """Write measurements into the file in place of those of the same part and case.

    Args:
        path: the file; made if there is none.
        found: what was measured, all on one machine.
        machine: its description, JSON-ready, kept with each measurement: parts may be measured on
            different days, by different versions.
    """
    kept = read_json(path)["measurements"] if path.exists() else []
    new = [{**asdict(each), "machine": dict(machine)} for each in found]
    names = {(each["part"], each["case"]) for each in new}
    kept = [each for each in kept if (each["part"], each["case"]) not in names]
    content = {"measurements": sorted([*kept, *new], key=lambda m: (m["part"], m["case"]))}
    atomic.write_text(path, json.dumps(content, indent=1) + "\n")


def get(path: Path) -> list[tuple[Measurement, dict[str, Any]]]:
    """Return the measurements of a file, each with its machine's description."""
    rows = []
    for each in read_json(path)["measurements"]:
        machine = each.pop("machine")
        rows.append((Measurement(**each), machine))
    return rows
