"""What nodes tell while they work: an actor of Ray's that keeps it until the head asks."""

import time
from dataclasses import dataclass
from typing import Any

_MOST = 5000  # that nobody has asked for


@dataclass(frozen=True)
class Event:
    """A line that a task printed on a node; empty where it begins.

    at: seconds since 1970.
    """

    at: float
    task: str
    node: str
    line: str


class Events:
    """Events in their order."""

    def __init__(self) -> None:
        self._kept: list[Event] = []
        self._first = 0

    def add(self, task: str, node: str, line: str) -> None:
        """Keep an event; of very many the earliest are dropped."""
        self._kept.append(Event(time.time(), task, node, line))
        if len(self._kept) > _MOST:
            self._first += len(self._kept) // 2
            del self._kept[: len(self._kept) // 2]

    def since(self, number: int) -> tuple[int, list[Event]]:
        """Return how many events there were, and those from this number on."""
        begin = max(0, number - self._first)
        return self._first + len(self._kept), self._kept[begin:]


class Teller:
    """Hands what a task tells to the actor; called on nodes."""

    def __init__(self, actor: Any) -> None:
        """`actor` is a handle of `Events`."""
        self._actor = actor

    def __call__(self, task: str, node: str, line: str) -> None:
        self._actor.add.remote(task, node, line)


def started() -> Any:
    """Start the actor on this node, and return its handle; if it is lost, it begins once more."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = ray.get_runtime_context().get_node_id()
    return (
        ray.remote(Events)
        .options(
            num_cpus=0,
            max_restarts=-1,
            max_task_retries=-1,
            scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=True),
        )
        .remote()
    )
