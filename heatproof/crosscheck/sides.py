"""One side of a check computed, in a process of its own, and handed on in a file."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from heatproof.attribution.core.method import UnsupportedNetwork
from heatproof.crosscheck.checks import LOADERS, Check
from heatproof.crosscheck.subject import Side, Subject
from heatproof.run import memory
from heatproof.run.errors import UserError
from heatproof.storage import formats

Which = Literal["own", "other"]
DRAWS = {"own": 8, "other": 2}  # the library's take longer
_MADE_BY = "crosscheck"


@dataclass(frozen=True)
class Computed:
    """What a side gives: maps, same, draws as far as the check has them; or why there is nothing.

    seconds: for the maps of all rows.
    """

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    seconds: float = float("nan")
    error: str = ""


def compute(check: Check, which: Which, subject: Subject) -> Computed:
    """Compute a side of a check; what it cannot serve, and memory that is not there, is told."""
    side: Side = getattr(check, which)
    try:
        if which == "own" and subject.small:
            # What we compile once is not timed; the libraries compile at each call.
            side(subject.first)
        if which == "other":
            LOADERS[check.package]()  # which is not timed either
        started = time.perf_counter()
        arrays = {"maps": side(subject)}
        seconds = time.perf_counter() - started
        if check.same:
            again = getattr(check.same, which)
            arrays["same"] = arrays["maps"] if again is None else again(subject)
        if check.draws:
            draw, seed = getattr(check.draws, which), subject.context.seed
            # Of other seeds than ours, or what is drawn alike would not be by chance.
            first = seed + (1 if which == "own" else 1000)
            arrays["draws"] = np.stack([draw(subject, first + k) for k in range(DRAWS[which])])
    except UnsupportedNetwork as reason:
        return Computed(error=str(reason))
    except UserError as error:
        if which == "own":
            raise
        return Computed(error=str(error))  # it is not installed
    except Exception as error:
        if (asked := memory.asked_for(error)) is None:
            raise
        return Computed(error=f"out of memory{f': {asked} were asked for' if asked else ''}")
    if not all(np.isfinite(arrays[name]).all() for name in arrays if name != "draws"):
        return Computed(error="a value of its map is not finite")
    return Computed(arrays, seconds)


def place(folder: Path, which: Which, name: str) -> Path:
    """Return the file of a side."""
    return folder / f"{which}-{name}.npz"


def write(path: Path, computed: Computed) -> None:
    """Write what a side gave."""
    facts = {"seconds": np.float64(computed.seconds), "error": np.array(computed.error, np.str_)}
    arrays = {f"array/{name}": values for name, values in computed.arrays.items()}
    formats.write_arrays(path, arrays | facts, _MADE_BY)


def read(path: Path) -> Computed:
    """Read what a side gave. Raises UserError if it is damaged."""
    content = formats.read_arrays(path, _MADE_BY)
    seconds, error = float(content.pop("seconds")), str(content.pop("error"))
    arrays = {name.partition("/")[2]: values for name, values in content.items()}
    return Computed(arrays, seconds, error)
