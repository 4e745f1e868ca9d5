"""Which maps beat the controls: the checks that the overview counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from heatproof.report.sections.ranks import Assess
from heatproof.report.text import measures
from heatproof.statistics import numbers

# One of each kind that every cell has and that a map which knows nothing cannot pass by design, as
# it can the tests with random weights. Where the evidence lies is known on few cells only.
MEASURES = (
    *("deletion_probability/black", "insertion_probability/black", "morf_lerf_gap/black"),
    "infidelity/black",
)


@dataclass(frozen=True)
class Tally:
    """Of `made` checks, those passed; of these, those by more than both 95 % intervals."""

    passed: int
    made: int
    clear: int

    @property
    def share(self) -> float:
        """What the overview calls trust, in [0, 1]."""
        return self.passed / self.made


def of_cell(assess: Assess) -> Tally | None:
    """Count a cell's checks over all methods; None where none could be made.

    A check is one method by one of `MEASURES`, passed where its mean is better than that of every
    control. Where a control is above most methods no check is left out: that is the finding.
    """
    return _tally([result for _, result in _checks(assess)])


def of_methods(cells: Sequence[Assess]) -> dict[str, Tally]:
    """Count each method's checks over cells."""
    found: dict[str, list[tuple[bool, bool]]] = {}
    for assess in cells:
        for name, result in _checks(assess):
            found.setdefault(name, []).append(result)
    return {name: tally for name, each in found.items() if (tally := _tally(each))}


def _tally(results: Sequence[tuple[bool, bool]]) -> Tally | None:
    if not results:
        return None
    return Tally(
        passed=sum(better for better, _ in results),
        made=len(results),
        clear=sum(clear for _, clear in results),
    )


def _checks(assess: Assess) -> Iterator[tuple[str, tuple[bool, bool]]]:
    for measure in MEASURES:
        content = {
            name: said
            for name, said in assess["measures"].get(measure, {}).items()
            if numbers.known(said["mean"])
        }
        controls = [said for name, said in content.items() if name in measures.CONTROLS]
        if not controls:
            continue
        for name, said in content.items():
            if name not in measures.CONTROLS:
                better = all(
                    measures.merit(measure, said["mean"]) > measures.merit(measure, c["mean"])
                    for c in controls
                )
                yield name, (better, better and all(_apart(said, c) for c in controls))


def _apart(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two intervals do not meet; a missing one meets everything."""
    ends = (one["low"], one["high"], other["low"], other["high"])
    return all(numbers.known(end) for end in ends) and (ends[0] > ends[3] or ends[1] < ends[2])
