"""Which maps beat the controls: checks, counted over methods, cells or both."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heatproof.statistics.known import known
from heatproof.trust import registry
from heatproof.trust.controls import CONTROLS
from heatproof.trust.measure import base
from heatproof.trust.registry import SHOWN

# One of each kind that every cell has and that a map which knows nothing cannot pass by design, as
# it can the tests with random weights. Where the evidence lies is known on few cells only.
MEASURES = tuple(name for name in SHOWN if registry.MEASURES[base(name)].per_baseline)


# What `summary.summaries` returns: measure -> method or control -> mean, low, high, images.
Measured = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Tally:
    """Of `total` checks, those passed; of these, those by more than both 95 % intervals."""

    passed: int
    total: int
    clear: int

    @property
    def share(self) -> float:
        """What the overview calls trust, in [0, 1]."""
        return self.passed / self.total


def of_cell(summaries: Measured) -> Tally | None:
    """Count a cell's checks over all methods; None where none could be made.

    A check is one method by one of `MEASURES`, passed where its mean is better than that of every
    control. Where a control is above most methods no check is left out: that is the finding.
    """
    return _tally([result for _, result in _checks(summaries)])


def trust(summaries: Measured) -> float | None:
    """Return which share of a cell's checks is passed; None where none could be made."""
    tally = of_cell(summaries)
    return tally.share if tally else None


def of_methods(cells: Sequence[Measured]) -> dict[str, Tally]:
    """Count each method's checks over cells."""
    results: dict[str, list[tuple[bool, bool]]] = {}
    for summaries in cells:
        for name, result in _checks(summaries):
            results.setdefault(name, []).append(result)
    return {name: tally for name, each in results.items() if (tally := _tally(each))}


def _tally(results: Sequence[tuple[bool, bool]]) -> Tally | None:
    if not results:
        return None
    return Tally(
        passed=sum(better for better, _ in results),
        total=len(results),
        clear=sum(clear for _, clear in results),
    )


def _checks(summaries: Measured) -> Iterator[tuple[str, tuple[bool, bool]]]:
    for measure in MEASURES:
        content = {
            name: each for name, each in summaries.get(measure, {}).items() if known(each["mean"])
        }
        controls = [each for name, each in content.items() if name in CONTROLS]
        if not controls:
            continue
        merit = registry.MEASURES[base(measure)].merit
        for name, own in content.items():
            if name not in CONTROLS:
                better = all(merit(own["mean"]) > merit(c["mean"]) for c in controls)
                yield name, (better, better and all(_apart(own, c) for c in controls))


def _apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two intervals do not meet; a missing one meets everything."""
    ends = (one["low"], one["high"], other["low"], other["high"])
    return all(known(end) for end in ends) and (ends[0] > ends[3] or ends[1] < ends[2])
