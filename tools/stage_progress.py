"""How far a run of DVC has come: which stage of how many, and about how long the others take."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from heatproof.statistics.numbers import rough_duration as rough
from heatproof.storage import stage_seconds
from tools import stage_order

PUSH = "Use `dvc push` to send your updates to remote storage."
LOCK = Path("dvc.lock")
# From so many seconds of stages on it is told how fast this machine is beside what is recorded.
_ENOUGH = 10.0


class StageProgress:
    """Counts the stages of a run, and times those that run.

    Time is left as long as recorded: of a stage itself, else of its cell's own run, else the median
    of those of its kind, other cells' or datasets'; all scaled by how long this run's stages took
    beside what was recorded of them. A study made by `heatproof new` begins with estimates. Where
    nothing is known of some stage that is left, nothing is said.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steps: list[str] = []
        self._recorded = stage_seconds.read()
        # Then a stage that is left may be unchanged, which only DVC finds out, at its turn.
        self._some_may_be_unchanged = LOCK.exists()
        self._now, self._began = "", 0.0
        self._spent = self._expected = 0.0
        self.seconds: dict[str, float] = {}  # of the stages that ended well

    def plan(self, steps: Sequence[str]) -> None:
        """Take note of the stages that are to come, in their order."""
        self._steps = list(steps)

    def begins(self, stage: str) -> str:
        """Say which of how many a stage is that runs from now on; empty where that is not known."""
        self.ends()
        if stage not in self._steps:
            return ""
        self._now, self._began = stage, self._clock()
        number = self._steps.index(stage) + 1
        left = self._left(self._steps[number - 1 :])
        told = f"stage {number} of {len(self._steps)}"
        if left is None:
            return told
        return f"{told}, {'at most ' if self._some_may_be_unchanged else ''}{rough(left)} left"

    def ends(self) -> None:
        """Record how long the stage took that was at work, where one was, and ended well."""
        if self._now:
            seconds = self._clock() - self._began
            if self._now in self._recorded:
                self._spent += seconds
                self._expected += self._recorded[self._now]
            self._recorded[self._now] = self.seconds[self._now] = seconds
            stage_seconds.record(self._now, seconds)
        self._now = ""

    def _left(self, stages: Sequence[str]) -> float | None:
        """Return about how many seconds these stages take; None where one is unknown."""
        expected = stage_seconds.expected(stages, self._recorded)
        if any(stage not in expected for stage in stages):
            return None
        total = sum(expected[stage] for stage in stages)
        enough = self._expected >= _ENOUGH
        return total * (self._spent / self._expected if enough else 1.0)


@contextmanager
def watched(plan: Callable[[Sequence[str]], None]) -> Iterator[None]:
    """Within, DVC in this process runs stages in our order, and first tells `plan` which these are.

    It does not advise to push at its end: a study without a remote has nowhere to.
    """
    from dvc.repo import reproduce
    from dvc.ui import ui

    original, write = reproduce._reproduce, ui.write

    def _reproduce(stages: list[Any], graph: Any = None, **options: Any) -> list[Any]:
        stages = stage_order.ordered(stages, graph)
        plan([stage.addressing for stage in stages])
        return original(stages, graph=graph, **options)

    def write_all_but_advice(*objects: Any, **options: Any) -> None:
        if objects != (PUSH,):
            write(*objects, **options)

    reproduce._reproduce, ui.write = _reproduce, write_all_but_advice
    try:
        yield
    finally:
        reproduce._reproduce = original
        del ui.write  # the class's own again
