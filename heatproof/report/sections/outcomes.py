"""An experiment's parameters and results, as the page on experiments reads them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heatproof.statistics import numbers


@dataclass(frozen=True)
class Figure:
    """A result: its label, how it is written (value, test images), and how a change of it is.

    change: a factor (None: percent of the value before), decimals, and a unit.
    """

    label: str
    text: Callable[[float | None, int | None], str]
    change: tuple[float | None, int, str]


POINTS, SHARE = (100.0, 2, " points"), (None, 1, " %")
FIGURES = {
    "accuracy": Figure("Test accuracy", numbers.percent, POINTS),
    "macro_f1": Figure("Macro F1", lambda value, _: numbers.decimal(value), (1.0, 3, "")),
    "ece": Figure("Calibration error", lambda value, _: numbers.percent(value), POINTS),
    "parameters": Figure("Parameters", lambda value, _: numbers.amount(value), SHARE),
    "flops": Figure("FLOPs", lambda value, _: numbers.amount(value), SHARE),
    "train_seconds": Figure("Training time", lambda value, _: numbers.duration(value), SHARE),
}


@dataclass(frozen=True)
class Pictures:
    """One cell's filters and maps.

    filters: layer -> float32 (filters, height, width, channels), of the first layer. images: uint8
    (n, height, width, channels), the explained ones, and index int64 (n,), their numbers in the
    test set. maps: float32 (n, height, width) by one method, named `method`. missing: in words,
    why something could not be read; else empty.
    """

    filters: dict[str, np.ndarray] = field(default_factory=dict)
    images: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint8))
    index: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    maps: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    method: str = ""
    missing: str = "no weights are recorded"


@dataclass(frozen=True)
class Outcome:
    """One experiment, or the commit that experiments start from.

    status: "done", or as DVC has it. params: every parameter by its full name. figures: cell ->
    name -> number. pictures: of each cell. note: why there are no figures, in words. outputs:
    path -> MD5, of the files it made.
    """

    name: str
    status: str = "done"
    note: str = ""
    order: str = ""  # of two runs with the same parameters, the later has the greater one
    params: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    pictures: dict[str, Pictures] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)

    def changes(self, baseline: "Outcome") -> dict[str, tuple[Any, Any]]:
        """Parameters that differ from the baseline's: name -> old and new value, None if absent."""
        names = sorted({*self.params, *baseline.params})
        pairs = {n: (baseline.params.get(n), self.params.get(n)) for n in names}
        return {n: (a, b) for n, (a, b) in pairs.items() if canonical(a) != canonical(b)}

    def text(self, cell: str, figure: str) -> str:
        """A figure of a cell as text."""
        own = self.figures[cell]
        return FIGURES[figure].text(own.get(figure), own.get("test_images"))

    def interval(self, cell: str) -> str:
        """The 95 % interval of a cell's test accuracy as text."""
        own = self.figures[cell]
        return numbers.interval(
            own.get("accuracy_low"), own.get("accuracy_high"), own.get("test_images")
        )


@dataclass(frozen=True)
class Start:
    """A commit with its subject line, and the experiments that started from it."""

    rev: str
    subject: str
    current: bool
    baseline: Outcome
    experiments: tuple[Outcome, ...]


def canonical(value: Any) -> str:
    """A parameter's value as text, equal for equal values."""
    return json.dumps(_text_keys(value), sort_keys=True, ensure_ascii=False, default=str)


def _text_keys(value: Any) -> Any:
    """Return a value with its keys as text: YAML's may be of any kind, and then have no order."""
    if isinstance(value, list | tuple):
        return [_text_keys(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _text_keys(each) for key, each in value.items()}
    return value


def as_typed(value: Any) -> str:
    """A parameter's value as one would type it."""
    if value is None:
        return numbers.NOTHING
    return numbers.printable(value if isinstance(value, str) else canonical(value))


def changed_cells(start: Start) -> dict[str, tuple[Outcome, ...]]:
    """Each cell that some experiment changed, with the experiments that belong to it.

    An experiment's commit holds the figures of all cells, including those that it did not change.
    One with the baseline's figures belongs to a cell if it set only parameters that changed the
    cell in other experiments.
    """
    cells = {}
    for cell in sorted({cell for e in start.experiments for cell in e.figures}):
        candidates = [e for e in start.experiments if cell in e.figures]
        before = start.baseline.figures.get(cell)
        changed = [e for e in candidates if e.figures[cell] != before]
        names = {name for e in changed for name in e.changes(start.baseline)}
        if changed:
            cells[cell] = tuple(e for e in candidates if names >= set(e.changes(start.baseline)))
    return cells
