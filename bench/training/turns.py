"""Sides that train without end, and are let go on a round at a time, in turns."""

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

from bench.explaining.turns import SideLost
from tools.forkserver import end_with_parent

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Start:
    """How a side's process is started.

    words: the command line; what it says is a `Rounds`'. environment: its variables. needed:
    whether there is no going on without it.
    """

    side: str
    words: Sequence[str]
    environment: Mapping[str, str]
    needed: bool


def take_turns(
    starts: Sequence[Start], rounds: int, patience: float
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Let sides train in turns.

    Args:
        starts: in the order of their turns. One is warm before the next is started, so that none
            slows another's start, and one may read what those before it wrote.
        rounds: turns of each.
        patience: seconds for the warm-up, and for a round.

    Returns:
        side -> its rate, a number a round; and side -> why it was lost. What a lost side reached is
        left out: it would be compared with rounds that it took no part in.

    Raises:
        SideLost: a side that is needed ended, or took too long.
    """
    rates: dict[str, list[float]] = {start.side: [] for start in starts}
    lost: dict[str, str] = {}
    workers: list[Worker] = []
    try:
        for start in starts:
            workers.append(Worker(start, patience))
            with _going_on(workers[-1], workers, lost):
                workers[-1].answer()
        for _ in range(rounds):
            for worker in tuple(workers):
                with _going_on(worker, workers, lost):
                    rates[worker.side].append(worker.round())
    finally:
        for worker in workers:
            worker.stop()
    return {side: each for side, each in rates.items() if side not in lost}, lost


@contextmanager
def _going_on(worker: "Worker", workers: list["Worker"], lost: dict[str, str]) -> Iterator[None]:
    """Go on without a worker that is lost, unless it is needed."""
    try:
        yield
    except SideLost as reason:
        if worker.needed:
            print(worker.complaints(), file=sys.stderr)
            raise
        worker.stop()
        workers.remove(worker)
        lost[worker.side] = str(reason)


class Worker:
    """The parent's end of a process that trains one model."""

    def __init__(self, start: Start, patience: float) -> None:
        """Start the process; `answer` then waits until it is warm, at most `patience` seconds."""
        self.side, self.needed, self.patience = start.side, start.needed, patience
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115 - open as long as the process
        self.process = subprocess.Popen(
            start.words, cwd=ROOT, env=start.environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints,
        )  # fmt: skip

    def answer(self) -> float:
        """Return images/s (of a product, GFLOP/s) of the round that is running, or of the warm-up.

        Raises:
            SideLost: the process ended, whose last words these are, or is not done in time.
        """
        ready, _, _ = select.select([self.process.stdout], [], [], self.patience)
        if not ready:
            raise SideLost(f"not done after {self.patience:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            said = self.complaints().strip().splitlines()
            raise SideLost(said[-1] if said else "it ended without a word")
        # While the others take their turns, this one's waiting threads must not use the cores.
        self.process.send_signal(signal.SIGSTOP)
        return float(line)

    def round(self) -> float:
        """Train for one round; return images/s. Raises SideLost as `answer` does."""
        self.process.send_signal(signal.SIGCONT)
        with suppress(BrokenPipeError):  # it ended: the missing answer says so
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
        return self.answer()

    def complaints(self) -> str:
        """Return what the process has written to stderr."""
        self._complaints.seek(0)
        return self._complaints.read()

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        with suppress(BrokenPipeError):
            self.process.communicate()
        self._complaints.close()


class Rounds:
    """The worker's end: counts images, and waits for the parent between rounds."""

    def __init__(self, seconds: float) -> None:
        """Take stdout for the answers; what else is printed from now on goes nowhere."""
        end_with_parent()
        self.seconds = seconds
        self.answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
        with open(os.devnull, "w") as nowhere:  # progress is not an answer
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        self.images, self.started = 0, time.perf_counter()
        self.warm = False

    def trained(self, images: float) -> None:
        """Count images, or GFLOP; at the end of a round answer, and wait for the next."""
        self.images += images
        elapsed = time.perf_counter() - self.started
        if self.warm and elapsed < self.seconds:
            return
        self.warm = True  # the first call ends the warm-up, which traces
        print(self.images / elapsed, file=self.answers, flush=True)
        if not sys.stdin.readline():
            raise SystemExit
        self.images, self.started = 0, time.perf_counter()
