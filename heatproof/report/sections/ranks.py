"""Measures over all cells: every method's rank on each cell, averaged, with the controls."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    merit = measures.describe(measure).merit
    merits = {name: round(merit(mean), 6) for name, mean in _means(assess, measure).items()}
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
    return trust_table.table(_column(cells, name) for name in names)


def means(cells: Iterable[Assess], measure: str) -> dict[str, list[float]]:
    """Collect the means of each method and control over the cells that measured it."""
    return collected(_means(assess, measure) for assess in cells)


def mean_ranks(cells: Iterable[Assess], measure: str) -> dict[str, list[float]]:
    """Collect a method's ranks over the cells that measured it."""
    return collected(ranks(assess, measure) for assess in cells)


def collected(cells: Iterable[Mapping[str, float]]) -> dict[str, list[float]]:
    """Collect each name's numbers over cells."""
    gathered: dict[str, list[float]] = {}
    for cell in cells:
        for name, number in cell.items():
            gathered.setdefault(name, []).append(number)
    return gathered


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


def uninformative_on(cells: Sequence[Assess], measure: str) -> tuple[int, int]:
    """On how many cells a measure is uninformative, and how many have it."""
    with_measure = [assess for assess in cells if measure in assess["measures"]]
    return sum(measure in assess["uninformative"] for assess in with_measure), len(with_measure)


def stability(cells: Iterable[Assess]) -> Iterator[tuple[str, int, list[float], int]]:
    """Whether measures rank alike under every baseline.

    Yields:
        Of each measure of which that is known: its label; on how many cells it does; the lowest
        tau of each; and on how many cells it is known.
    """
    cells = list(cells)
    for measure in measures.RANKED:
        rankings = [a["ranking"][measure] for a in cells if measure in a["ranking"]]
        verdicts = [each["survives"] for each in rankings if each["survives"] is not None]
        taus = [[t for t in each["tau"].values() if numbers.known(t)] for each in rankings]
        if verdicts:
            lowest = [min(each) for each in taus if each]
            yield measures.describe(measure).label, sum(verdicts), lowest, len(verdicts)


def _means(assess: Assess, measure: str) -> dict[str, float]:
    summaries = assess["measures"].get(measure, {})
    return {name: s["mean"] for name, s in summaries.items() if numbers.known(s["mean"])}


def _column(cells: Sequence[Assess], measure: str) -> Column:
    uninformative, total = uninformative_on(cells, measure)
    column = Column(measure, over_cells(mean_ranks(cells, measure)), best=True, ranks=True)
    if uninformative:
        one_sided = measures.describe(measure).one_sided
        remark = "a control passes" if one_sided else "uninformative"
        column.note = f"{remark} on {uninformative} of {total}"
    if 2 * uninformative > total:
        column.uninformative = (
            f"A control ranks above most methods on {uninformative} of {total} networks: "
            f"{measures.consequence(measure)}"
        )
    return column
