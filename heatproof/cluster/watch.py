"""Shows a run on a cluster while it goes, and writes down how it stands for other terminals.

    with watch.watching(study, again="heatproof cluster run") as run:
        run.plan(tasks)
        run.started("train@a-digits", "node 1")
        ...  # run.tick() at least every half second, which is when the table is drawn again
        run.ended("train@a-digits", {"train@a-digits": 12.1, "evaluate@a-digits": 0.8})

On a terminal the table of `drawing` stands below whatever else is printed; elsewhere each event is
a line. What `heatproof cluster status` reads is in .dvc/tmp/cluster.json (`state`).
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TextIO

from heatproof.cluster import drawing, standing, state
from heatproof.cluster.standing import (
    Board,
    Ended,
    Event,
    Failed,
    How,
    Planned,
    Retried,
    Started,
)
from heatproof.storage import stage_seconds

_SECONDS = 0.5  # between two tables
# The time left and the file take time themselves with many tasks: a twentieth of it at most.
_SHARE = 20


class Task(Protocol):
    """As far as it is told here: `plan.Task`."""

    @property
    def name(self) -> str: ...

    @property
    def stages(self) -> Collection[str]: ...

    @property
    def needs(self) -> Collection[str]: ...


class Watch:
    """A run that is shown on a stream."""

    def __init__(
        self,
        study: Path,
        again: str,
        stream: TextIO,
        dashboard: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begin. `again` is the command that resumes, `dashboard` the address of Ray's."""
        self.board = Board(clock())
        self._study, self._again, self._dashboard = study, again, dashboard
        self._stream, self._clock = stream, clock
        self._drawn = 0  # lines of the table that stands there
        self._left: float | None = None
        self._next_left = self._next_table = self._next_state = 0.0
        self._took: dict[str, float] = {}
        self._redraws = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._colour = self._redraws and not os.environ.get("NO_COLOR")

    def plan(self, tasks: Iterable[Task]) -> None:
        """Take note of the tasks that are to come."""
        recorded = stage_seconds.recorded(self._study)
        for task in tasks:
            timed = task.stages or (task.name,)  # a block of a stage's images goes by its name
            expected = stage_seconds.expected(timed, recorded)
            known = all(stage in expected for stage in timed)
            seconds = sum(expected[stage] for stage in timed) if known else None
            self.take(Planned(task.name, tuple(task.needs), seconds))
        self.tick()

    def started(self, task: str, node: str) -> None:
        """A task began on a node."""
        self.take(Started(task, node, self._clock()))

    def retried(self, task: str, why: str) -> None:
        """A task was lost and waits for its next try."""
        self.take(Retried(task, why, self._clock()))

    def ended(self, task: str, seconds: Mapping[str, float]) -> None:
        """A task ended well.

        Args:
            task: its name.
            seconds: how long each stage took that ran, which is expected of it the next time; none
                where all results were there already.
        """
        self._took |= seconds
        self.take(Ended(task, self._clock(), ran=bool(seconds)))

    def failed(self, task: str, line: str) -> None:
        """A task ended with an error that another try would not change."""
        self.take(Failed(task, line, self._clock()))

    def take(self, event: Event) -> None:
        """Take an event, and show it."""
        self.board.take(event)
        if isinstance(event, Planned):
            return
        if not self._redraws:
            line = drawing.log_line(self.board, event, self._time_left())
            print(line, file=self._stream, flush=True)
        elif isinstance(event, Failed | Retried):
            self.message(drawing.told(self.board, event))
        self.tick()

    def message(self, text: str) -> None:
        """Print something above the table."""
        self._clear()
        print(text, file=self._stream, flush=True)
        self._next_table = 0.0

    def tick(self) -> None:
        """Draw the table and write the file again, where they are older than they should be."""
        now = self._clock()
        if self._redraws and now >= self._next_table:
            self._draw(now)
            self._next_table = now + _SECONDS
        if now >= self._next_state:
            self._write("running")

    def end(self, how: How) -> str:
        """Write down how the run ended, clear the table; return what to tell the user."""
        self._clear()
        self._write(how)
        told = drawing.ending(self.board, self._again, how == "interrupted")
        if told:
            return told
        return drawing.summary(self.board, self._clock()) if self.board.rows else ""

    def _time_left(self) -> float | None:
        now = self._clock()
        if now >= self._next_left:
            started = time.perf_counter()
            self._left = standing.seconds_left(self.board, now)
            self._next_left = now + _SHARE * (time.perf_counter() - started)
        return self._left

    def _draw(self, now: float) -> None:
        size = shutil.get_terminal_size()
        text = drawing.table(
            self.board, now, size.columns, size.lines, self._colour, self._time_left(),
            self._dashboard,
        )  # fmt: skip
        self._clear()
        print(text, file=self._stream, flush=True)
        self._drawn = text.count("\n") + 1

    def _clear(self) -> None:
        if self._drawn:
            self._stream.write(f"\x1b[{self._drawn}F\x1b[J")
            self._drawn = 0

    def _write(self, how: How) -> None:
        started = time.perf_counter()
        now = self._clock()
        state.write(self._study, self.board, how, self._again, self._dashboard, now)
        stage_seconds.record_all(self._took, self._study)
        self._took = {}
        self._next_state = self._clock() + max(1.0, _SHARE * (time.perf_counter() - started))


@contextmanager
def watching(study: Path, again: str, dashboard: str = "") -> Iterator[Watch]:
    """Show a run within; how it ended is printed to stderr, whatever ended it.

    A run in which a task failed ends as `failed`; one that Ctrl-C ends as `interrupted`, and the
    exception goes on.
    """
    run = Watch(study, again, sys.stdout, dashboard)
    try:
        yield run
    except KeyboardInterrupt:
        print(run.end("interrupted"), file=sys.stderr, flush=True)
        raise
    except BaseException:
        print(run.end("failed"), file=sys.stderr, flush=True)
        raise
    how = "failed" if run.board.count("failed") else "done"
    print(run.end(how), file=sys.stderr if how == "failed" else sys.stdout, flush=True)
