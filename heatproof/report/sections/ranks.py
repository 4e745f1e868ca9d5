"""Measures over all cells: every method's rank on each cell, averaged, with the controls."""

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from heatproof.report.sections import trust_table
from heatproof.report.sections.trust_table import Column, Table
from heatproof.report.text import measures
from heatproof.statistics import numbers

# A cell's assess metrics.
Assess = dict[str, Any]


def ranks(assess: Assess, measure: str) -> dict[str, float]:
    """Rank one cell's methods by a measure, 1 the best; equal means share their mean rank.

    A control gets the rank that it would have as the only control. There is no rank without a mean,
    or by a measure of which neither side is better.
    """
    if not measures.wanted(measure):
        return {}
    merits = {
        name: round(measures.describe(measure).merit(summary["mean"]), 6)
        for name, summary in assess["measures"].get(measure, {}).items()
        if numbers.known(summary["mean"])
    }
    of_methods = {name: merit for name, merit in merits.items() if name not in measures.CONTROLS}
    return {
        name: 1
        + sum(other > merit for other in of_methods.values())
        + sum(other == merit for n, other in of_methods.items() if n != name) / 2
        for name, merit in merits.items()
    }


def table(cells: Sequence[Assess], names: Iterable[str]) -> Table | None:
    """Mean ranks over cells, each with the best and the worst rank.

    A column's note counts the cells where a control ranked above most methods. If these are more
    than half, the column is uninformative and has no best method.
    """
    return trust_table.table(source for name in names if (source := _column(cells, name)))


def means(cells: Sequence[Assess], measure: str) -> dict[str, list[float]]:
    """Collect the means of each method and control over the cells that measured it."""
    collected: dict[str, list[float]] = {}
    for assess in cells:
        for name, summary in assess["measures"].get(measure, {}).items():
            if numbers.known(summary["mean"]):
                collected.setdefault(name, []).append(summary["mean"])
    return collected


def over_cells(values: dict[str, list[float]]) -> dict[str, dict[str, Any]]:
    """Average values over cells, with the lowest and the highest where there are several."""
    return {
        name: {
            "mean": fmean(each),
            "low": min(each) if len(each) > 1 else None,
            "high": max(each) if len(each) > 1 else None,
            "images": len(each),
        }
        for name, each in values.items()
    }


def mean_ranks(cells: Sequence[Assess], measure: str) -> dict[str, list[float]]:
    """Collect a method's ranks over the cells that measured it."""
    collected: dict[str, list[float]] = {}
    for assess in cells:
        for name, rank in ranks(assess, measure).items():
            collected.setdefault(name, []).append(rank)
    return collected


def uninformative_on(cells: Sequence[Assess], measure: str) -> tuple[int, int]:
    """On how many cells a measure is uninformative, and how many have it."""
    with_measure = [assess for assess in cells if measure in assess["measures"]]
    return sum(measure in assess["uninformative"] for assess in with_measure), len(with_measure)


def _column(cells: Sequence[Assess], measure: str) -> Column | None:
    collected = mean_ranks(cells, measure)
    if not collected:
        return None
    uninformative, total = uninformative_on(cells, measure)
    remark = "a control passes" if measures.describe(measure).one_sided else "uninformative"
    return Column(
        measure,
        over_cells(collected),
        note=f"{remark} on {uninformative} of {total}" if uninformative else "",
        uninformative=f"A control ranks above most methods on {uninformative} of {total} networks: "
        f"{measures.consequence(measure)}"
        if 2 * uninformative > total
        else "",
        best=True,
        ranks=True,
    )
