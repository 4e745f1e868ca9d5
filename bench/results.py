"""What the benches measure, compared and kept: bench/results.json, which `python -m bench` prints.

Each bench replaces what it had put in before, so that a part can be measured again alone. Times and
rates stay as they were taken, one per round: ratios are made of them when they are shown.
"""

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from heatproof.run.errors import UserError, shown_value
from heatproof.storage import atomic

PROJECT = "project"
LIMIT = "limit"  # the peer of what has to stay under a figure
# The part, and its only side, that holds what the machine itself can do (bench/limits.py).
LIMITS, MACHINE = "limits", "machine"


@dataclass(frozen=True)
class Measurement:
    """One comparison: the project beside its peers, taken in turns.

    part: the bench, such as `training`. case: what of it, such as `resnet18`. unit: of all values,
    and better says which of them are. sides: PROJECT and each peer -> one value per round.
    absent: peer -> why it has none. goal: the lowest ratio of the project to the best peer, as
    times better; None where nothing is to be reached. shares: of the machine's limits, by their
    names, what the project reaches, 0 to 1. note: what a reader has to know. judged_by: which
    round the ratio is of: the best, which others' load harms least, or the median. cpu: the same
    rounds by the CPU time of a side's process instead of the clock, where that was measured: what
    waits for cores that others have takes none, what waits by spinning does. No goal is of it.
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
    cpu: Mapping[str, list[float]] = field(default_factory=dict)


def under(part: str, case: str, unit: str, rounds: list[float], limit: float, **rest: Any):
    """Return a measurement of what has to stay under a limit, `rest` as Measurement's fields."""
    sides = {PROJECT: rounds, LIMIT: [limit] * max(len(rounds), 1)}
    return Measurement(part, case, unit, "less", sides, goal=1, **rest)


@dataclass(frozen=True)
class Comparison:
    """The project beside its best peer.

    ours: the project's value, None where it has none. peer, theirs: the best peer and its value;
    None where no peer was measured. ratio: times as good as that peer. spread: lowest and highest
    ratio of the rounds. met: whether the goal is reached; None where there is none, or no peer.
    cpu_ratio, cpu_spread: beside the same peer, by CPU time.
    """

    ours: float | None
    peer: str | None = None
    theirs: float | None = None
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    met: bool | None = None
    cpu_ratio: float | None = None
    cpu_spread: tuple[float, float] | None = None


def compare(measurement: Measurement) -> Comparison:
    """Compare the project with its best peer."""
    rounds = {name: list(values) for name, values in measurement.sides.items() if values}
    own = rounds.pop(PROJECT, [])
    values = {name: value_of(each, measurement) for name, each in rounds.items()}
    more = measurement.better == "more"
    peer = max(values, key=lambda name: values[name] if more else -values[name], default=None)
    if not own or peer is None:
        # Nothing measured of the project's is a miss; without a peer there is nothing to judge.
        lost = measurement.goal is not None and not own
        ours = value_of(own, measurement) if own else None
        theirs = None if peer is None else values[peer]
        return Comparison(ours, peer, theirs, met=False if lost else None)
    ours, theirs = value_of(own, measurement), values[peer]
    ratio, spread = _ratio(own, rounds[peer], measurement)
    met = None if measurement.goal is None else ratio >= measurement.goal
    own_cpu, peer_cpu = (measurement.cpu.get(side) for side in (PROJECT, peer))
    of_cpu = _ratio(own_cpu, peer_cpu, measurement) if own_cpu and peer_cpu else (None, None)
    return Comparison(ours, peer, theirs, ratio, spread, met, *of_cpu)


def _ratio(
    own: Sequence[float], theirs: Sequence[float], measurement: Measurement
) -> tuple[float, tuple[float, float]]:
    """Return how many times better the project is, and the lowest and highest of the rounds."""
    more = measurement.better == "more"
    best = times_better(value_of(own, measurement), value_of(theirs, measurement), more)
    # Of unlike numbers of rounds the first of each belong together.
    by_round = [times_better(*pair, more) for pair in zip(own, theirs, strict=False)]
    return best, (min(by_round), max(by_round))


def value_of(rounds: Sequence[float], measurement: Measurement) -> float:
    """Return the round that counts: the best, or the median."""
    if measurement.judged_by == "median":
        return statistics.median(rounds)
    return max(rounds) if measurement.better == "more" else min(rounds)


def times_better(ours: float, theirs: float, more: bool) -> float:
    """Return how many times better ours is, where more is better or less is."""
    return ours / theirs if more else theirs / ours


def put(path: Path, measured: Iterable[Measurement], machine: Mapping[str, Any]) -> None:
    """Write measurements into the file in place of those of the same part and case.

    Args:
        path: the file; made if there is none.
        measured: what was measured, all on one machine.
        machine: its description, JSON-ready, kept with each measurement: parts may be measured on
            different days, by different versions.

    Raises:
        UserError: the file is there, but is none of the benches'.
    """
    kept = _read(path) if path.exists() else []
    new = [{**asdict(each), "machine": dict(machine)} for each in measured]
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


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        measurements = json.loads(path.read_text(encoding="utf-8"))["measurements"]
        for each in measurements:
            _ = each["part"], each["case"], each["machine"]
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file; `python -m bench` measures") from None
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise _foreign(path, error) from error
    return measurements


def _foreign(path: Path, error: Exception) -> UserError:
    return UserError(
        f"{path}: not what `python -m bench` writes ({shown_value(str(error))}); move it away"
    )
