"""A library at work in a process of its own, so that nothing it does reaches the stage.

What raises, hangs, or ends the process by a signal counts against the method at which it happened;
the others get a new process.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from signal import Signals
from typing import NoReturn

from heatproof.crosscheck import sides
from heatproof.crosscheck.sides import Computed, Which
from heatproof.run import peak_memory
from heatproof.run.errors import UserError

PROGRAM = "heatproof.crosscheck.program"
START_SECONDS = 120.0  # to load TensorFlow and the network, beside a method's own time
_LOOK_SECONDS = 0.05
_LONGEST = 200
_TOLD = "error: "  # as programs of the project begin what a user can put right

# (names of checks, a folder) -> the command that computes these in this order, a file for each.
Command = Callable[[Sequence[str], Path], list[str]]


class OurSideFailed(Exception):
    """Our own side ended otherwise than by what it can tell: with the text of its process."""


def command_line(cell: str, which: Which) -> Command:
    """Return the command of `PROGRAM` for a cell and a side."""

    def command_of(names: Sequence[str], folder: Path) -> list[str]:
        start = [sys.executable, "-m", PROGRAM]
        return [*start, "--cell", cell, "--side", which, "--folder", str(folder), *names]

    return command_of


def computed(
    which: Which, names: Sequence[str], command: Command, seconds: float | None
) -> dict[str, Computed]:
    """Compute one side of some checks, in as many processes as that takes.

    Args:
        which: whose side.
        names: of the checks.
        command: that computes them.
        seconds: which one of them may take; None where there is no limit.

    Returns:
        name -> what was computed, or why it was not.

    Raises:
        OurSideFailed: it was ours, and a bug.
        UserError: it was ours, and what a user can put right, or a signal.
    """
    results: dict[str, Computed] = {}
    while waiting := [name for name in names if name not in results]:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            reason = _run(command(waiting, folder), which, waiting, folder, seconds)
            for name in waiting:
                path = sides.place(folder, which, name)
                if path.exists():
                    results[name] = sides.read(path)
            missing = [name for name in waiting if name not in results]
            if missing:
                results[missing[0]] = Computed(error=reason)
    return results


def _run(
    command: list[str], which: Which, names: Sequence[str], folder: Path, seconds: float | None
) -> str:
    """Run a command until it ends, or hangs; return how it ended, for a method that is missing."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            if _hangs(process, which, names, folder, seconds):
                return f"no result within {seconds:.0f} s, when it was ended"
        finally:
            process.kill()
            process.wait()
        said.seek(0)
        text = said.read().decode(errors="replace")
    if which == "own" and process.returncode:
        _raise(process.returncode, text)
    return _ending(process.returncode, text)


def _hangs(
    process: subprocess.Popen, which: Which, names: Sequence[str], folder: Path,
    seconds: float | None,
) -> bool:  # fmt: skip
    """Wait until a process has ended, or none of its files came for too long."""
    there, since = 0, time.monotonic() + START_SECONDS
    while process.poll() is None:
        peak_memory.watch(process.pid)
        time.sleep(_LOOK_SECONDS)
        count = sum(sides.place(folder, which, name).exists() for name in names)
        if count > there:
            there, since = count, time.monotonic()
        if seconds is not None and time.monotonic() - since > seconds:
            return True
    return False


def _raise(code: int, text: str) -> NoReturn:
    """Raise what ended our own side: what its process said a user can put right, or a bug."""
    lines = text.strip().splitlines() or [""]
    if lines[-1].startswith(_TOLD):
        raise UserError(lines[-1].removeprefix(_TOLD))
    if not text.strip() or code < 0:
        raise UserError(f"crosscheck: our own maps: {_ending(code, text)}; run it again")
    raise OurSideFailed(text)


def _ending(code: int, text: str) -> str:
    """Say how a process ended that left a method without a result."""
    number = -code if code < 0 else code - 128
    if 0 < number < 65:
        try:
            name = Signals(number).name
        except ValueError:
            name = f"signal {number}"
        more = ", by the system perhaps, for want of memory" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{more}"
    last = ([line.strip() for line in text.splitlines() if line.strip()] or ["nothing was said"])[
        -1
    ]
    return f"its process ended with exit code {code}: {last[:_LONGEST]}"
