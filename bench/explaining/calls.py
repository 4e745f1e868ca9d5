"""What a side of the explaining bench offers: for a method any number of libraries.

For each library there are some ways to call it (batch sizes); the fastest is found at the start and
kept.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench import turns

# Explains the first k images; may return the seconds it took where the clock would not say it.
Call = Callable[[int], float | None]
Ways = dict[str, Call]  # way to call a library -> call
# library -> ways, or why the library does not offer the method.
Offers = dict[str, Ways | str]


@dataclass(frozen=True)
class Offer:
    """How a library will be called, and with how many images; or the reason why it will not be."""

    way: str = ""
    images: int = 0
    reason: str = ""


class Explainer(turns.Side):
    """The parent's end of a process that times its libraries when asked."""

    def offered(self, method: str) -> list[str]:
        """Return the libraries that this side has for a method."""
        return self.ask({"do": "offer", "method": method})

    def prepare(self, library: str, limit: float) -> Offer:
        """Warm a library up, and choose its fastest way, in calls of at most `limit` seconds."""
        return Offer(**self.ask({"do": "prepare", "library": library, "limit": limit}))

    def turn(self, library: str, seconds: float) -> list[tuple[float, float]]:
        """Let it explain for some seconds and at least once.

        Returns:
            of each call, milliseconds per image by the clock and of CPU time.
        """
        return self.ask({"do": "turn", "library": library, "seconds": seconds})


def serve(offers: Callable[[str], Offers], images: int) -> None:
    """Be the child: answer the parent until it goes.

    Args:
        offers: method -> what this side has for it.
        images: how many are explained, fewer only by what is far too slow.
    """
    answers = turns.answers()
    offered: Offers = {}
    chosen: dict[str, tuple[Call, int]] = {}

    def reply(question: dict) -> object:
        if question["do"] == "offer":
            offered.clear()
            offered.update(offers(question["method"]))
            return list(offered)
        library = question["library"]
        if question["do"] == "prepare":
            ways = offered[library]
            if isinstance(ways, str):
                return {"reason": ways}
            try:
                way, call, count = _fastest(ways, images, question["limit"])
            except Exception as error:  # a library that cannot is a result, not a bug of ours
                return {"reason": f"fails: {_line(error)}"}
            chosen[library] = (call, count)
            return {"way": way, "images": count}
        call, count = chosen[library]
        times: list[list[float]] = []
        started = time.perf_counter()
        while not times or time.perf_counter() - started < question["seconds"]:
            times.append([1000 * taken / count for taken in _taken(call, count)])
        return times

    print(json.dumps("ready"), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(reply(json.loads(line))), file=answers, flush=True)


def _fastest(ways: Ways, images: int, limit: float) -> tuple[str, Call, int]:
    """Return the fastest way, its call, and how many images fit into the limit."""
    timed: list[tuple[float, str, Call, int]] = []
    for way, call in ways.items():
        single = _seconds(call, 1)  # traces, compiles, allocates
        if single < 4 * limit:
            single = _seconds(call, 1)
        if single < limit:
            # The more images a call has, the less each takes: it may be all of them after all.
            some = min(images, 4)
            single = min(_seconds(call, some), _seconds(call, some)) / some
        count = images if single * images <= limit else max(1, int(limit / single))
        if count > 4 and single < 2 * min((time for time, *_ in timed), default=single):
            single = min(_seconds(call, count), _seconds(call, count)) / count
        timed.append((single, way, call, count))
    _, way, call, count = min(timed, key=lambda entry: entry[0])
    return way, call, count


def _seconds(call: Call, count: int) -> float:
    return _taken(call, count)[0]


def _taken(call: Call, count: int) -> tuple[float, float]:
    """Return the seconds of a call by the clock and of CPU time, both as much as it says itself."""
    started, used = time.perf_counter(), time.process_time()
    measured = call(count)
    elapsed, used = time.perf_counter() - started, time.process_time() - used
    return (elapsed, used) if measured is None else (measured, used * measured / elapsed)


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[-1].strip()[:100] or type(error).__name__
