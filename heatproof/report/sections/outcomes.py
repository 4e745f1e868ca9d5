"""What an experiment set and what came of it, as the page on experiments reads it."""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

DONE, QUEUED, RUNNING, FAILED = "done", "queued", "running", "failed"


@dataclass(frozen=True)
class Pictures:
    """What there is to look at of one cell.

    filters: layer -> float32 (filters, height, width, channels), of the first layer. images: uint8
    (n, height, width, channels), the explained ones, and index int64 (n,), which they are of the
    test set. maps: float32 (n, height, width) by one method, named `method`. lacking: in words,
    what could not be read; empty where nothing.
    """

    filters: dict[str, np.ndarray] = field(default_factory=dict)
    images: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint8))
    index: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    maps: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    method: str = ""
    lacking: str = ""


@dataclass(frozen=True)
class Outcome:
    """One experiment, or the commit that experiments start from.

    params: every parameter by its full name. figures: cell -> name -> number. pictures: cell ->
    what there is to look at. note: why there are no figures, in words.
    """

    name: str
    status: str = DONE
    note: str = ""
    order: str = ""  # the later of two runs of the same parameters has the greater one
    params: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    pictures: dict[str, Pictures] = field(default_factory=dict)

    def changes(self, baseline: "Outcome") -> dict[str, tuple[Any, Any]]:
        """Parameters that differ from the baseline's: name -> before and after, None if absent."""
        names = sorted({*self.params, *baseline.params})
        pairs = {n: (baseline.params.get(n), self.params.get(n)) for n in names}
        return {n: (a, b) for n, (a, b) in pairs.items() if same(a) != same(b)}


@dataclass(frozen=True)
class Start:
    """A commit, in a few words, and the experiments that started from it."""

    rev: str
    subject: str
    current: bool
    baseline: Outcome
    experiments: tuple[Outcome, ...]


def same(value: Any) -> str:
    """A parameter's value as text that is equal where the values are."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def touched(start: Start) -> dict[str, tuple[Outcome, ...]]:
    """Each cell that some experiment changed, with the experiments that have figures for it.

    An experiment's commit holds the figures of all cells; those it left as they were are not its
    own. One that set none but parameters which changed the cell elsewhere belongs there too: its
    figures are the baseline's because its parameters are.
    """
    found = {}
    for cell in sorted({cell for e in start.experiments for cell in e.figures}):
        having = [e for e in start.experiments if cell in e.figures]
        before = start.baseline.figures.get(cell)
        changed = [e for e in having if e.figures[cell] != before]
        names = {name for e in changed for name in e.changes(start.baseline)}
        if changed:
            found[cell] = tuple(e for e in having if names >= set(e.changes(start.baseline)))
    return found
