"""The bench's arithmetic: best and median, ratios, what misses its goal, how that is printed."""

import statistics
from dataclasses import dataclass, field

from bench.results import PROJECT, Measurement

PART = "explaining"
FASTER_THAN_PEERS = 1.2
OVER_BARE_PASSES = 1.2


@dataclass
class Times:
    """What one library took for one method: milliseconds an image, a number a call.

    images: how many were explained in a call. way: how it was called, where there was a choice.
    rounds: the best call of each turn.
    """

    library: str
    way: str
    images: int
    calls: list[float] = field(default_factory=list)
    rounds: list[float] = field(default_factory=list)

    def add(self, calls: list[float]) -> None:
        """Note the calls of a turn, at least one."""
        self.calls += calls
        self.rounds.append(min(calls))

    @property
    def best(self) -> float:
        """The call that others' load on the machine harmed least."""
        return min(self.calls)

    @property
    def median(self) -> float:
        """The call in the middle."""
        return statistics.median(self.calls)


@dataclass(frozen=True)
class Row:
    """One method on one model.

    ours, bare: None where the method is not there. peers: in any order. absent: library -> why.
    """

    model: str
    method: str
    images: int
    ours: Times | None
    bare: Times | None
    peers: list[Times]
    absent: dict[str, str]

    @property
    def best_peer(self) -> Times | None:
        """The peer with the fastest call."""
        return min(self.peers, key=lambda peer: peer.best, default=None)

    @property
    def faster(self) -> float | None:
        """How many times faster than the best peer; None without either."""
        return self.best_peer.best / self.ours.best if self.ours and self.best_peer else None

    @property
    def over_bare(self) -> float | None:
        """How many times the bare passes' time; None without either."""
        return self.ours.best / self.bare.best if self.ours and self.bare else None

    def misses(self) -> list[str]:
        """Say which goals are missed, each in a line; none where all are reached."""
        where = f"{self.model} {self.method}"
        if self.ours is None:
            return [f"{where}: nothing was measured: {self.absent.get(PROJECT, '')}"]
        said = []
        if self.faster is not None and self.faster < FASTER_THAN_PEERS:
            said.append(
                f"{where}: {self.faster:.2f} times as fast as {self.best_peer.library} "
                f"(goal: at least {FASTER_THAN_PEERS})"
            )
        if self.over_bare is not None and self.over_bare > OVER_BARE_PASSES:
            said.append(
                f"{where}: {self.over_bare:.2f} times the bare passes "
                f"(goal: at most {OVER_BARE_PASSES})"
            )
        return said

    def measurement(self, note: str) -> Measurement:
        """Return the row as bench/results.json has it: of each turn the best call.

        Args:
            note: what its reader has to know.
        """
        ours, bare = self.ours, self.bare
        measured = [ours, *self.peers] if ours else self.peers
        return Measurement(
            PART,
            f"{self.model} {self.method}",
            "ms an image",
            "less",
            {times.library: times.rounds for times in measured},
            absent=self.absent,
            goal=FASTER_THAN_PEERS,
            shares={"the bare passes' speed": bare.best / ours.best} if ours and bare else {},
            note=note,
        )

    def lines(self) -> list[str]:
        """Return the row as printed: ours and the bare passes first, then the peers by speed."""
        peers = sorted(self.peers, key=lambda peer: peer.best)
        ours = [times for times in (self.ours, self.bare) if times]
        printed = [self._line(times) for times in ours + peers]
        return printed + [
            f"{self.model:14} {self.method:20} {library:22} {'–':>9}  {reason}"
            for library, reason in self.absent.items()
        ]

    def _line(self, times: Times) -> str:
        ratio = ""
        if self.ours and times is not self.ours:
            ratio = f"{times.best / self.ours.best:.2f}"
        fewer = _fewer(times.images) if times.images < self.images else ""
        notes = ", ".join(note for note in (times.way, fewer) if note)
        return (
            f"{self.model:14} {self.method:20} {times.library:22} {number(times.best):>9} "
            f"{number(times.median):>9} {ratio:>8}  {notes}"
        ).rstrip()


HEAD = f"{'model':14} {'method':20} {'':22} {'best':>9} {'median':>9} {'of ours':>8}  called with"


def number(milliseconds: float) -> str:
    """Return a duration with three digits that count: 0.123, 1.23, 12.3, 123, 1,234."""
    if milliseconds >= 100:
        return f"{milliseconds:,.0f}"
    return f"{milliseconds:.{3 if milliseconds < 1 else 2 if milliseconds < 10 else 1}f}"


def _fewer(images: int) -> str:
    return f"{images} image{'s' if images > 1 else ''} only"
