"""How long each stage took the last time here, for the time that is left: .dvc/tmp/seconds.json.

Of this machine, in no commit and in no cache: a lost file costs an estimate. A new study may begin
with the seconds of another machine, which `tools.stage_progress` scales by what it sees.
"""

import fcntl
import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from statistics import median

from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths

SECONDS = Path(".dvc/tmp/seconds.json")
EXPECTED = "seconds.json"  # of an example


def read(folder: Path = Path()) -> dict[str, float]:
    """Return the seconds by stage that are recorded in a study's folder; empty where none are."""
    with suppress(OSError, ValueError, TypeError):
        content = json.loads((folder / SECONDS).read_text(encoding="utf-8"))
        return {
            str(name): float(seconds)
            for name, seconds in dict(content).items()
            if isinstance(seconds, int | float)
        }
    return {}


def recorded(folder: Path = Path()) -> dict[str, float]:
    """Return `read`, and what data/timing says of stages that ran elsewhere.

    That is less than a whole stage: without starting, reading and writing.
    """
    known = {}
    for path in (folder / paths.timing("", "").parent).glob("*/*.json"):
        with suppress(UserError):  # damaged, or of an earlier release: it is an estimate
            timing = artifacts.read_timing(path.parent.name, path.stem, folder)
            seconds = [value for name, value in timing.items() if name.endswith("_seconds")]
            if seconds:
                known[f"{path.parent.name}@{path.stem}"] = float(sum(seconds))
    return known | read(folder)


def expected(stages: Iterable[str], known: Mapping[str, float]) -> dict[str, float]:
    """Return how long stages will take, without those of whose kind nothing is known.

    Args:
        stages: such as `train@simple_cnn-digits-seed43`.
        known: seconds by stage, as recorded.

    Returns:
        Stage -> what is recorded of itself, else of its cell's own run, else the median of its
        kind, other cells' or datasets'.
    """
    by_kind: dict[str, list[float]] = {}
    for name, seconds in known.items():
        by_kind.setdefault(name.partition("@")[0], []).append(seconds)
    found = {}
    for stage in stages:
        kind = by_kind.get(stage.partition("@")[0], [])
        if known.get(stage):
            found[stage] = known[stage]
        elif kind:
            cells = [seconds for name, seconds in known.items() if stage.startswith(f"{name}-")]
            found[stage] = median(cells or kind)
    return found


def record(stage: str, seconds: float, folder: Path = Path()) -> None:
    """Record how long a stage took; several processes may, one after the other.

    A file that cannot be written is no reason to stop: nothing but an estimate depends on it.
    """
    record_all({stage: seconds}, folder)


def record_all(seconds: Mapping[str, float], folder: Path = Path()) -> None:
    """Record how long several stages took, as `record` does."""
    with suppress(OSError, ValueError), open(folder / SECONDS, "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        known = read(folder) | {stage: round(each, 1) for stage, each in seconds.items()}
        file.truncate(0)
        json.dump(known, file, indent=0, sort_keys=True)


def expect(example: Path, folder: Path) -> None:
    """Begin a new study with the seconds of the example that it is made from, if it has some."""
    if (example / EXPECTED).is_file():
        (folder / SECONDS).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(example / EXPECTED, folder / SECONDS)
