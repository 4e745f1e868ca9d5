"""How much memory each stage took the last time: in data/timing, and .dvc/tmp/memory.json for all.

What writes durations writes the most resident memory beside them (`artifacts.write_timing`), so
that it comes with `dvc pull` and from other machines. Stages without durations are known only where
they ran, from a file that is in no commit and in no cache: a lost one costs an estimate.
"""

import fcntl
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from heatproof.storage import paths

MEMORY = Path(".dvc/tmp/memory.json")
PEAK = "peak_memory_bytes"  # its key in data/timing


def read(folder: Path = Path()) -> dict[str, int]:
    """Return the most resident bytes by stage, `<stage>@<key>`, as far as a study's folder knows.

    What ran here counts before what came from elsewhere; a damaged file counts as none.
    """
    timings = (folder / paths.timing("", "").parent).glob("*/*.json")
    known = {f"{path.parent.name}@{path.stem}": _content(path).get(PEAK) for path in timings}
    known |= _content(folder / MEMORY)
    return {stage: peak for stage, peak in known.items() if isinstance(peak, int) and peak > 0}


def record(stage: str, peak: int, folder: Path = Path()) -> None:
    """Record the most resident bytes of a stage; several processes may, one after the other.

    A file that cannot be written is no reason to stop: nothing but an estimate depends on it.
    """
    with suppress(OSError, ValueError), open(folder / MEMORY, "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        known = _content(folder / MEMORY) | {stage: peak}
        file.truncate(0)
        json.dump(known, file, indent=0, sort_keys=True)


def _content(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, TypeError, RecursionError):
        return dict(json.loads(path.read_text(encoding="utf-8")))
    return {}
