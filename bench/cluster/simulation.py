"""How long a study of many cells would take on many nodes, from durations that were recorded.

Its tasks are those that `heatproof cluster run` would make, each as long as its stages took when
they were recorded, plus what a task was measured to cost beside them, in the order of list
scheduling. A node has as many cores as a task has threads, so that it does one task at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from heatproof.cluster import schedule

Limit = Literal["nodes", "longest chain", "head"]


@dataclass(frozen=True)
class Pattern:
    """A study of a few cells, of which a larger one is a multiple.

    tasks: cell -> task -> seconds. needs: task -> those of its cell that it waits for. first, last:
    seconds of what the head does by itself, before all cells and after them.
    """

    tasks: Mapping[str, Mapping[str, float]]
    needs: Mapping[str, Sequence[str]]
    first: float
    last: float

    @property
    def seconds_per_cell(self) -> float:
        """The mean of the cells' seconds, all tasks of one one after the other."""
        return sum(sum(tasks.values()) for tasks in self.tasks.values()) / len(self.tasks)

    @property
    def tasks_per_cell(self) -> float:
        """The mean number of tasks."""
        return sum(map(len, self.tasks.values())) / len(self.tasks)

    @property
    def longest(self) -> float:
        """The seconds of the longest chain of a cell's tasks."""
        return max(
            max(schedule.chains(tasks, self.needs).values()) for tasks in self.tasks.values()
        )


@dataclass(frozen=True)
class Cost:
    """Seconds that a task costs beside its stages: on its node, and, one by one, on the head."""

    node: float
    head: float


@dataclass(frozen=True)
class Outcome:
    """How long it takes, how many times faster than one node, and what keeps it from less."""

    seconds: float
    speedup: float
    limit: Limit


def longer(pattern: Pattern, times: float) -> Pattern:
    """Return a pattern whose cells take so many times as long; what the head does stays."""
    tasks = {
        cell: {task: times * seconds for task, seconds in each.items()}
        for cell, each in pattern.tasks.items()
    }
    return replace(pattern, tasks=tasks)


def grown(pattern: Pattern, cells: int) -> tuple[dict[str, float], dict[str, list[str]]]:
    """Return tasks and what they wait for, of so many cells: those of the pattern in turn."""
    seconds: dict[str, float] = {}
    needs: dict[str, list[str]] = {}
    kinds = list(pattern.tasks.values())
    for number in range(cells):
        for task, each in kinds[number % len(kinds)].items():
            seconds[f"{task}#{number}"] = each
            needs[f"{task}#{number}"] = [
                f"{other}#{number}" for other in pattern.needs.get(task, ())
            ]
    return seconds, needs


def simulate(pattern: Pattern, cells: int, nodes: int, cost: Cost) -> Outcome:
    """Return what becomes of so many cells on so many nodes.

    The head takes results one by one as they come; tasks do not wait for it, the end does. What it
    does after all cells, above all the report, takes longer in proportion to their number.
    """
    seconds, needs = grown(pattern, cells)
    seconds = {task: each + cost.node for task, each in seconds.items()}
    last = pattern.last * cells / len(pattern.tasks)
    taken = 0.0
    for end in sorted(schedule.ends(seconds, needs, nodes).values()):
        taken = max(taken, end) + cost.head
    total = pattern.first + taken + last
    bounds: dict[Limit, float] = {
        "nodes": sum(seconds.values()) / nodes,
        "longest chain": max(schedule.chains(seconds, needs).values()),
        "head": len(seconds) * cost.head,
    }
    if pattern.first + last > max(bounds.values()):
        bounds["head"] = pattern.first + last
    alone = pattern.first + last + sum(seconds.values())
    return Outcome(total, alone / total, max(bounds, key=lambda name: bounds[name]))
