"""What the benches found, in one file: bench/results.json, which `python -m bench` prints.

Each bench puts in what it measured, and replaces what it had put in before, so that a part can be
measured anew alone. Times and rates stay as they were taken, one a round: ratios are made of them
when they are shown.
"""

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from bench.machine import description
from heatproof.run.errors import UserError, shown_value
from heatproof.storage import atomic

PROJECT = "project"
LIMIT = "limit"  # the peer of what has to stay under a figure


@dataclass(frozen=True)
class Measurement:
    """One comparison: the project beside its peers, taken in turns.

    part: the bench, such as `training`. case: what of it, such as `resnet18`. unit: of all values,
    and better says which of them are. sides: PROJECT and each peer -> one value a round.
    absent: peer -> why it has none. goal: the least ratio of the project to the best peer, as times
    better; None where nothing is to be reached. shares: of the machine's limits, by their names,
    what the project reaches, 0 to 1. note: what a reader has to know. judged_by: which of the
    rounds the ratio is of: what others' load harms least, or what a limit was said of.
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
    judged_by: Literal["best", "median"] = "best"


def put(path: Path, found: Iterable[Measurement], machine: Mapping[str, Any]) -> None:
    """Write measurements into the file in place of those of the same part and case.

    Args:
        path: the file; made if there is none.
        found: what was measured, all on one machine.
        machine: its description, JSON-ready, kept with each measurement: parts may be measured on
            different days, by different versions.

    Raises:
        UserError: the file is there, but is none of the benches'.
    """
    kept = _read(path) if path.exists() else []
    new = [{**asdict(each), "machine": dict(machine)} for each in found]
    names = {(each["part"], each["case"]) for each in new}
    kept = [each for each in kept if (each["part"], each["case"]) not in names]
    content = {"measurements": sorted([*kept, *new], key=lambda m: (m["part"], m["case"]))}
    atomic.write_text(path, json.dumps(content, indent=1) + "\n")


def get(path: Path) -> list[tuple[Measurement, dict[str, Any]]]:
    """Return the measurements of a file, each with its machine's description.

    Raises:
        UserError: there is no such file, or it is none of the benches'.
    """
    rows = []
    for each in _read(path):
        machine = each.pop("machine")
        try:
            rows.append((Measurement(**each), machine))
        except TypeError as error:
            raise _foreign(path, error) from error
    return rows


def option(parser: argparse.ArgumentParser) -> None:
    """Add `--results` to a bench's command line."""
    parser.add_argument(
        "--results", type=Path, metavar="FILE", help="note what is measured in this file too"
    )


def keep(path: Path | None, *found: Measurement) -> None:
    """Note what was measured on this machine, if a file was asked for (see `option`)."""
    if path is not None:
        put(path, found, description())


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        measurements = json.loads(path.read_text(encoding="utf-8"))["measurements"]
        for each in measurements:
            (each["part"], each["case"], each["machine"])
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file; `python -m bench` measures") from None
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise _foreign(path, error) from error
    return measurements


def _foreign(path: Path, error: Exception) -> UserError:
    return UserError(
        f"{path}: not what `python -m bench` writes ({shown_value(str(error))}); move it away"
    )
