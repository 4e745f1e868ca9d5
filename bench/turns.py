"""Sides that take turns: each a process of its own, stopped while another is timed.

Parent and child speak in lines of JSON.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TextIO, TypeVar

from heatproof.run.forkserver import end_with_parent

ROOT = Path(__file__).resolve().parents[1]


class SideLost(Exception):
    """A side's process ended, or does not answer in time."""


@dataclass(frozen=True)
class Start:
    """How a side's process is started.

    words: the command line. environment: its variables. needed: whether the bench ends without it.
    """

    side: str
    words: Sequence[str]
    environment: Mapping[str, str]
    needed: bool = False


class Side:
    """The parent's end of a process."""

    def __init__(self, start: Start, patience: float) -> None:
        """Start the process; `answer` then waits until it is ready, at most `patience` seconds."""
        self.name, self.needed, self.patience = start.side, start.needed, patience
        self._stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115 - open as long as the process
        self.process = subprocess.Popen(
            start.words, cwd=ROOT, env=start.environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr,
        )  # fmt: skip

    def answer(self) -> Any:
        """Return what the process answers, and stop it: its threads must not use the cores.

        Raises:
            SideLost: the process ended, whose last words these are, or does not answer in time.
        """
        assert self.process.stdout is not None, "it was started with a pipe"
        ready, _, _ = select.select([self.process.stdout], [], [], self.patience)
        if not ready:
            raise SideLost(f"not done after {self.patience:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            last = self.complaints().strip().splitlines()
            raise SideLost(last[-1] if last else "it ended without a word")
        self.process.send_signal(signal.SIGSTOP)
        return json.loads(line)

    def ask(self, question: Any) -> Any:
        """Let the process go on with a question; return its answer. Raises SideLost."""
        assert self.process.stdin is not None, "it was started with a pipe"
        self.process.send_signal(signal.SIGCONT)
        with suppress(BrokenPipeError):  # it ended: the missing answer says so
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
        return self.answer()

    def complaints(self) -> str:
        """Return what the process has written to stderr."""
        self._stderr.seek(0)
        return self._stderr.read()

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        with suppress(BrokenPipeError):
            self.process.communicate()
        self._stderr.close()


S = TypeVar("S", bound=Side)


class Sides(Generic[S]):
    """The processes that take turns.

    present: those that answer, in the order of their turns. lost: the others -> why.
    """

    def __init__(self, lost: Mapping[str, str] | None = None) -> None:
        self.present: list[S] = []
        self.lost: dict[str, str] = dict(lost or {})

    def add(self, side: S) -> None:
        """Wait until a side is ready; one may read what those before it wrote. Raises SideLost."""
        self.present.append(side)
        with self.asking(side):
            side.answer()

    @contextmanager
    def asking(self, side: S) -> Iterator[None]:
        """Go on without a side that is lost when it is asked something, unless it is needed.

        Raises:
            SideLost: it is needed.
        """
        try:
            yield
        except SideLost as reason:
            if side.needed:
                print(side.complaints(), file=sys.stderr)
                raise
            side.stop()
            self.present.remove(side)
            self.lost[side.name] = str(reason)

    def stop(self) -> None:
        """End all processes."""
        for side in self.present:
            side.stop()


@dataclass(frozen=True)
class Rates:
    """What sides reached in their turns, a number per round.

    wall: side -> images/s. cpu: side -> images per second of its process' CPU time. lost: the
    others -> why.
    """

    wall: dict[str, list[float]]
    cpu: dict[str, list[float]]
    lost: dict[str, str]


def rates_in_turns(starts: Sequence[Start], rounds: int, patience: float) -> Rates:
    """Let sides that count by `Rounds` work in turns.

    Args:
        starts: in the order of their turns. One is warm before the next is started, so that none
            slows another's start.
        rounds: turns of each.
        patience: seconds for the warm-up, and for a round.

    Returns:
        the rates. What a lost side reached is left out: it would be compared with rounds that it
        took no part in.

    Raises:
        SideLost: a side that is needed ended, or took too long.
    """
    sides = Sides()
    wall: dict[str, list[float]] = {start.side: [] for start in starts}
    cpu: dict[str, list[float]] = {start.side: [] for start in starts}
    try:
        for start in starts:
            sides.add(Side(start, patience))
        for _ in range(rounds):
            for side in tuple(sides.present):
                with sides.asking(side):
                    of_wall, of_cpu = side.ask("go")
                    wall[side.name].append(of_wall)
                    cpu[side.name].append(of_cpu)
    finally:
        sides.stop()
    kept = [name for name in wall if name not in sides.lost]
    return Rates({name: wall[name] for name in kept}, {n: cpu[n] for n in kept}, sides.lost)


def answers() -> TextIO:
    """In a child: return where answers go; what else is printed from now on goes nowhere."""
    end_with_parent()
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    with open(os.devnull, "w") as nowhere:  # a progress bar is no answer
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    return stream


class Rounds:
    """The child's end of `rates_in_turns`: counts images, and waits between rounds."""

    def __init__(self, seconds: float) -> None:
        """Take stdout for the answers; a round lasts at least so many seconds."""
        self.seconds, self.answers = seconds, answers()
        self.warm = False
        self._begin()

    def trained(self, images: float) -> None:
        """Count images, or GFLOP; at the end of a round answer the rates, and wait for the next."""
        self.images += images
        elapsed = time.perf_counter() - self.started
        if self.warm and elapsed < self.seconds:
            return
        self.warm = True  # the first call ends the warm-up, which traces
        used = time.process_time() - self.used
        rates = self.images / elapsed, self.images / used
        print(json.dumps(rates), file=self.answers, flush=True)
        if not sys.stdin.readline():
            raise SystemExit
        self._begin()

    def _begin(self) -> None:
        self.images, self.started, self.used = 0.0, time.perf_counter(), time.process_time()
