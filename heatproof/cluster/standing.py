"""How the tasks of a run on a cluster stand, from events; `drawing` makes text of it.

A task is called `<what>@<key>`, as the stages that it runs. Terminals, files and clocks are
`watch`'s.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from heatproof.cluster import schedule

Status = Literal["waiting", "running", "done", "failed", "blocked"]
How = Literal["running", "done", "failed", "interrupted", "killed"]
RESTORED = "its results were there already"
# From so many expected seconds of tasks on it is told how fast these machines are beside them.
_ENOUGH = 10.0


@dataclass(frozen=True)
class Planned:
    """A task that is to come. needs: those it waits for. seconds: how long it takes, if known."""

    task: str
    needs: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True)
class Started:
    """A task began on a node, at a time in seconds since 1970, as all times here."""

    task: str
    node: str
    at: float


@dataclass(frozen=True)
class Retried:
    """A task was lost with its node, or the like, and waits to be started again."""

    task: str
    why: str
    at: float


@dataclass(frozen=True)
class Ended:
    """A task ended well. ran: not where its results were there already, as in DVC's run-cache."""

    task: str
    at: float
    ran: bool = True


@dataclass(frozen=True)
class Failed:
    """A task ended with an error, and is not tried again. line: what went wrong."""

    task: str
    line: str
    at: float


Event = Planned | Started | Retried | Ended | Failed


@dataclass
class Row:
    """How a task stands. note: why it was tried again, or failed; began, ended: None until then."""

    needs: tuple[str, ...] = ()
    seconds: float | None = None
    status: Status = "waiting"
    node: str = ""
    began: float | None = None
    ended: float | None = None
    tries: int = 0
    note: str = ""


@dataclass
class Board:
    """All tasks of a run, as the events so far left them."""

    began: float
    rows: dict[str, Row] = field(default_factory=dict)
    most_at_once: int = 1
    _counts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, began: float, rows: Mapping[str, Row], most_at_once: int) -> "Board":
        """Return the board of a run that was written down."""
        counts = Counter(row.status for row in rows.values())
        return cls(began, dict(rows), most_at_once, Counter[str](counts))

    def count(self, status: Status) -> int:
        """Return how many tasks stand so."""
        return self._counts[status]

    def take(self, event: Event) -> None:
        """Take note of an event. A task that was not planned is taken as one that needs nothing."""
        row = self.rows.get(event.task)
        if row is None:
            row = self.rows[event.task] = Row()
            self._counts[row.status] += 1
        match event:
            case Planned():
                row.needs, row.seconds = event.needs, event.seconds
            case Started():
                self._set(row, "running")
                row.node, row.began, row.ended = event.node, event.at, None
                row.tries += 1
                self.most_at_once = max(self.most_at_once, self.count("running"))
            case Retried():
                self._set(row, "waiting")
                row.note, row.began = event.why, None
            case Ended():
                self._set(row, "done")
                row.ended, row.note = event.at, "" if event.ran else RESTORED
            case Failed():
                self._set(row, "failed")
                row.ended, row.note = event.at, event.line
                self._block_after(event.task)

    def _set(self, row: Row, status: Status) -> None:
        self._counts[row.status] -= 1
        self._counts[status] += 1
        row.status = status

    def _block_after(self, task: str) -> None:
        """Mark what waits for a failed task: it cannot run."""
        hopeless = {task}
        while True:
            more = {
                name
                for name, row in self.rows.items()
                if row.status == "waiting" and not hopeless.isdisjoint(row.needs)
            }
            if not more:
                return
            for name in more:
                self._set(self.rows[name], "blocked")
            hopeless |= more


def seconds_left(board: Board, now: float) -> float | None:
    """Return about how long the rest takes, if as many tasks run at once as did so far.

    Durations are scaled by how long this run's tasks took beside what was expected of them. None
    where the duration of a task that is left is not known, or nothing is left.
    """
    left = {n: row for n, row in board.rows.items() if row.status in ("waiting", "running")}
    scale = pace(board)
    seconds = {name: scale * row.seconds for name, row in left.items() if row.seconds is not None}
    if not left or len(seconds) < len(left):
        return None
    began = {n: now - row.began for n, row in left.items() if row.began is not None}
    slots = max(board.most_at_once, len(began))
    return schedule.finish(seconds, {n: row.needs for n, row in left.items()}, slots, began)


def time_left(row: Row, now: float, scale: float) -> float | None:
    """Return how long a running task still takes; None where that is unknown, or it is late.

    scale: as `pace` gives it.
    """
    if row.status != "running" or row.began is None or row.seconds is None:
        return None
    left = scale * row.seconds - (now - row.began)
    return left if left > 0 else None


def pace(board: Board) -> float:
    """Return how long tasks take here, as a multiple of what was expected of them."""
    spent = expected = 0.0
    for row in board.rows.values():
        if row.status != "done" or row.note == RESTORED or not row.seconds:
            continue
        if row.began is not None and row.ended is not None:
            spent += row.ended - row.began
            expected += row.seconds
    return spent / expected if expected >= _ENOUGH else 1.0
