"""How long tasks take on some slots: what is left of a run, and what a larger cluster would bring.

List scheduling: whenever a slot is free it takes the ready task from which the longest chain of
tasks follows (Graham 1969, https://doi.org/10.1137/0117039: at most 2 − 1/slots times as long as
the best schedule).
"""

import heapq
from collections.abc import Collection, Mapping

Seconds = Mapping[str, float]
Needs = Mapping[str, Collection[str]]


def chains(seconds: Seconds, needs: Needs) -> dict[str, float]:
    """Return of each task the seconds of the longest chain that begins with it.

    Args:
        seconds: task -> how long it takes.
        needs: task -> the tasks it waits for; those that `seconds` does not have are done.
    """
    followers, _ = _graph(seconds, needs)
    longest: dict[str, float] = {}
    for task in reversed(_ordered(seconds, needs)):
        longest[task] = seconds[task] + max((longest[each] for each in followers[task]), default=0)
    return longest


def finish(seconds: Seconds, needs: Needs, slots: int, began: Mapping[str, float] = {}) -> float:
    """Return after how many seconds the last task ends; arguments as those of `ends`."""
    return max(ends(seconds, needs, slots, began).values(), default=0.0)


def ends(
    seconds: Seconds, needs: Needs, slots: int, began: Mapping[str, float] = {}
) -> dict[str, float]:
    """Return after how many seconds each task ends.

    Args:
        seconds: task -> how long it takes, of those that are left.
        needs: as for `chains`.
        slots: how many run at once, at least 1.
        began: tasks that run now -> for how long they have; each keeps its slot.

    Raises:
        ValueError: fewer slots than 1, or tasks that wait for each other.
    """
    if slots < 1:
        raise ValueError(f"{slots} slots: expected 1 or more")
    priority = chains(seconds, needs)
    followers, waits = _graph(seconds, needs)
    ready = [(-priority[task], task) for task in seconds if not waits[task] and task not in began]
    heapq.heapify(ready)
    running = [(max(0.0, seconds[task] - spent), task) for task, spent in began.items()]
    heapq.heapify(running)
    now, ended = 0.0, {}
    while ready or running:
        while ready and len(running) < slots:
            _, task = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[task], task))
        now, task = heapq.heappop(running)
        ended[task] = now
        for each in followers[task]:
            waits[each] -= 1
            if not waits[each] and each not in began:
                heapq.heappush(ready, (-priority[each], each))
    return ended


def _graph(seconds: Seconds, needs: Needs) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Return of each task those that wait for it, and for how many it waits itself."""
    followers: dict[str, list[str]] = {task: [] for task in seconds}
    waits = dict.fromkeys(seconds, 0)
    for task in seconds:
        for other in needs.get(task, ()):
            if other in followers:
                followers[other].append(task)
                waits[task] += 1
    return followers, waits


def _ordered(seconds: Seconds, needs: Needs) -> list[str]:
    """Return the tasks, each after those that it needs. Raises ValueError for a circle."""
    followers, waits = _graph(seconds, needs)
    ordered = [task for task, count in waits.items() if not count]
    for task in ordered:  # which grows meanwhile
        for each in followers[task]:
            waits[each] -= 1
            if not waits[each]:
                ordered.append(each)
    if len(ordered) < len(waits):
        raise ValueError(f"they wait for each other: {', '.join(sorted(set(waits) - {*ordered}))}")
    return ordered
