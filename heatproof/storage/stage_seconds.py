"""How long each stage took the last time here, for the time that is left: .dvc/tmp/seconds.json.

Of this machine, in no commit and in no cache: a lost file costs an estimate. A new study may begin
with the seconds of another machine, which `tools.stage_progress` scales by what it sees.
"""

import fcntl
import json
import shutil
from contextlib import suppress
from pathlib import Path

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


def record(stage: str, seconds: float, folder: Path = Path()) -> None:
    """Record how long a stage took; several processes may, one after the other.

    A file that cannot be written is no reason to stop: nothing but an estimate depends on it.
    """
    with suppress(OSError, ValueError), open(folder / SECONDS, "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        known = read(folder) | {stage: round(seconds, 1)}
        file.truncate(0)
        json.dump(known, file, indent=0, sort_keys=True)


def expect(example: Path, folder: Path) -> None:
    """Begin a new study with the seconds of the example that it is made from, if it has some."""
    if (example / EXPECTED).is_file():
        (folder / SECONDS).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(example / EXPECTED, folder / SECONDS)
