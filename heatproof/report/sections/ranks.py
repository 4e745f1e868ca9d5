"""Measures over all cells: every method's rank on each cell, averaged, and the controls' beside."""

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from heatproof.report.sections import trust_table
from heatproof.report.sections.trust_table import Source, Table
from heatproof.report.text import measures
from heatproof.statistics import numbers

# A cell's assess metrics, as `stages.assess` writes them.
Assess = dict[str, Any]


def ranks(assess: Assess, measure: str) -> dict[str, float]:
    """Rank one cell's methods by a measure, 1 the best; equal means share their mean rank.

    A control gets the rank that it would have as the only one among the methods. Without a better
    side, or a mean, there is no rank.
    """
    if not measures.wanted(measure):
        return {}
    merits = {
        name: round(measures.describe(measure).merit(said["mean"]), 6)
        for name, said in assess["measures"].get(measure, {}).items()
        if numbers.known(said["mean"])
    }
    among = {name: merit for name, merit in merits.items() if name not in measures.CONTROLS}
    return {
        name: 1
        + sum(other > merit for other in among.values())
        + sum(other == merit for n, other in among.items() if n != name) / 2
        for name, merit in merits.items()
    }


def table(cells: Sequence[Assess], names: Iterable[str]) -> Table | None:
    """Mean ranks over cells; beneath each the best and the worst rank it had.

    Under a column's label stands on how many of its cells a control ranked above most methods, if
    on any; a column of which that is true on more than half says nothing, and has no best.
    """
    return trust_table.table(source for name in names if (source := _source(cells, name)))


def mean_ranks(cells: Sequence[Assess], measure: str) -> dict[str, list[float]]:
    """Collect a method's ranks over the cells that measured it."""
    found: dict[str, list[float]] = {}
    for assess in cells:
        for name, rank in ranks(assess, measure).items():
            found.setdefault(name, []).append(rank)
    return found


def empty_on(cells: Sequence[Assess], measure: str) -> tuple[int, int]:
    """On how many cells a measure says nothing, and how many have it."""
    having = [assess for assess in cells if measure in assess["measures"]]
    return sum(measure in assess["uninformative"] for assess in having), len(having)


def _source(cells: Sequence[Assess], measure: str) -> Source | None:
    found = mean_ranks(cells, measure)
    if not found:
        return None
    empty, having = empty_on(cells, measure)
    little = "a control passes" if measures.describe(measure).one_sided else "says nothing"
    return Source(
        measure,
        {
            name: {
                "mean": fmean(each),
                "low": min(each) if len(each) > 1 else None,
                "high": max(each) if len(each) > 1 else None,
                "images": len(each),
            }
            for name, each in found.items()
        },
        note=f"{little} on {empty} of {having}" if empty else "",
        nothing=f"A control ranks above most methods on {empty} of {having} networks: "
        f"{measures.consequence(measure)}"
        if 2 * empty > having
        else "",
        best=True,
        ranks=True,
    )
