"""Sides that take turns: each a process of its own, stopped while another is timed.

Parent and child speak in lines of JSON. Each side offers for a method any number of libraries, and
for each library some ways to call it (batch sizes); the fastest is found at the start and kept.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tools.forkserver import end_with_parent

ROOT = Path(__file__).resolve().parents[2]

# Explains the first k images; may return the seconds it took where the clock would not say it.
Call = Callable[[int], float | None]
Ways = dict[str, Call]  # way to call a library -> call
# library -> ways, or why the library does not offer the method.
Offers = dict[str, Ways | str]


class SideLost(Exception):
    """A side's process ended, or does not answer in time."""


@dataclass(frozen=True)
class Offer:
    """How a library will be called, and with how many images; or the reason why it will not be."""

    way: str = ""
    images: int = 0
    reason: str = ""


class Side:
    """The parent's end of a process that times its libraries when asked."""

    def __init__(
        self, name: str, words: list[str], environment: dict[str, str], patience: float
    ) -> None:
        """Start the process, and wait until it is ready.

        Raises:
            SideLost: it ends, or takes longer than `patience` seconds.
        """
        self.name, self.patience = name, patience
        self.process = subprocess.Popen(
            words, cwd=ROOT, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            self._answer()
        except SideLost:
            self.stop()
            raise

    def offered(self, method: str) -> list[str]:
        """Return the libraries that this side has for a method."""
        return self._ask({"do": "offer", "method": method})["libraries"]

    def prepare(self, library: str, limit: float) -> Offer:
        """Warm a library up, and choose its fastest way, in calls of at most `limit` seconds."""
        return Offer(**self._ask({"do": "prepare", "library": library, "limit": limit}))

    def turn(self, library: str, seconds: float) -> list[float]:
        """Let it explain for some seconds and at least once; return ms an image of each call."""
        return self._ask({"do": "turn", "library": library, "seconds": seconds})["times"]

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        with suppress(BrokenPipeError):
            self.process.communicate()

    def _ask(self, question: dict) -> dict:
        self.process.send_signal(signal.SIGCONT)
        with suppress(BrokenPipeError):  # it ended: the missing answer says so
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict:
        ready, _, _ = select.select([self.process.stdout], [], [], self.patience)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            why = "it ended" if ready else f"no answer after {self.patience:.0f} s"
            raise SideLost(why)
        # While another takes its turn, this one's waiting threads must not use the cores.
        self.process.send_signal(signal.SIGSTOP)
        return json.loads(line)


def serve(offers: Callable[[str], Offers], images: int) -> None:
    """Be the child: answer the parent until it goes.

    Args:
        offers: method -> what this side has for it.
        images: how many are explained, fewer only by what is far too slow.
    """
    end_with_parent()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    with open(os.devnull, "w") as nowhere:  # progress bars are no answer
        os.dup2(nowhere.fileno(), sys.stdout.fileno())

    def say(answer: dict) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    say({})
    offered: Offers = {}
    chosen: dict[str, tuple[Call, int]] = {}
    for line in sys.stdin:
        question = json.loads(line)
        if question["do"] == "offer":
            offered, chosen = offers(question["method"]), {}
            say({"libraries": list(offered)})
        elif question["do"] == "prepare":
            ways = offered[question["library"]]
            if isinstance(ways, str):
                say({"reason": ways})
                continue
            try:
                way, call, count = _fastest(ways, images, question["limit"])
            except Exception as error:  # a library that cannot is a result, not a bug of ours
                say({"reason": f"fails: {_line(error)}"})
                continue
            chosen[question["library"]] = (call, count)
            say({"way": way, "images": count})
        else:
            call, count = chosen[question["library"]]
            times: list[float] = []
            started = time.perf_counter()
            while not times or time.perf_counter() - started < question["seconds"]:
                times.append(1000 * _seconds(call, count) / count)
            say({"times": times})


def _fastest(ways: dict[str, Call], images: int, limit: float) -> tuple[str, Call, int]:
    """Return the fastest way, its call, and how many images fit into the limit."""
    found: list[tuple[float, str, Call, int]] = []
    for way, call in ways.items():
        single = _seconds(call, 1)  # traces, compiles, allocates
        if single < 4 * limit:
            single = _seconds(call, 1)
        if single < limit:
            # The more images a call has, the less each takes: it may be all of them after all.
            some = min(images, 4)
            single = min(_seconds(call, some), _seconds(call, some)) / some
        count = images if single * images <= limit else max(1, int(limit / single))
        if count > 4 and single < 2 * min((time for time, *_ in found), default=single):
            single = min(_seconds(call, count), _seconds(call, count)) / count
        found.append((single, way, call, count))
    _, way, call, count = min(found, key=lambda entry: entry[0])
    return way, call, count


def _seconds(call: Call, count: int) -> float:
    started = time.perf_counter()
    said = call(count)
    return time.perf_counter() - started if said is None else said


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[-1].strip()[:100] or type(error).__name__
