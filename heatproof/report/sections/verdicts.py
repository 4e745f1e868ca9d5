"""Which methods to use: a network's verdict as rows of a table, and the study's side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from heatproof.attribution.core.method import Method
from heatproof.report.cell_results import CellResults
from heatproof.report.text import measures, methods
from heatproof.statistics import numbers
from heatproof.trust.verdict import LEVELS, CellVerdict, MethodVerdict


@dataclass(frozen=True)
class Row:
    """A method and what to do with its maps of one network."""

    method: Method
    verdict: MethodVerdict


@dataclass(frozen=True)
class StudyRow:
    """A method and its level on each network, None where it has none; how often it has each."""

    method: Method
    levels: tuple[str | None, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Verdicts:
    """A network's table; `notes` says in sentences what took no part, and how the truth agrees."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def of_cell(verdict: CellVerdict | None) -> Verdicts | None:
    """Make a network's table, the methods to use first; None where there is no verdict."""
    if verdict is None:
        return None
    rows = tuple(Row(methods.describe(n), each) for n, each in verdict.methods.items())
    return Verdicts(rows, tuple(note for note in (_left_out(verdict), _truth(verdict)) if note))


def of_study(cells: Sequence[CellResults]) -> list[StudyRow]:
    """Put the methods of all networks side by side, those first that are most often of use."""
    judged = [cell.verdict.methods if cell.verdict else {} for cell in cells]
    rows = []
    for name in methods.ordered({name for each in judged for name in each}):
        levels = tuple(each[name].level if name in each else None for each in judged)
        counts = tuple(levels.count(level) for level in LEVELS)
        rows.append(StudyRow(methods.describe(name), levels, counts))
    return sorted(rows, key=lambda row: (-row.counts[0], row.counts[-1]))


def _left_out(verdict: CellVerdict) -> str:
    if not verdict.left_out:
        return ""
    labels = [measures.describe(name).label for name in verdict.left_out]
    return (
        f"{numbers.listing(labels)} took no part: on this network a control, which knows nothing "
        "of it, is above most methods there."
    )


def _truth(verdict: CellVerdict) -> str:
    if not numbers.known(verdict.truth_correlation):
        return ""
    alone = (
        f"; by the mean rank in the measures of faithfulness alone, whatever the tests, it is "
        f"{numbers.decimal(verdict.ranks_correlation, 2)}"
        if numbers.known(verdict.ranks_correlation)
        else ""
    )
    return (
        "The place of the evidence is known here. Without that knowledge the verdict would order "
        "the methods with a rank correlation of "
        f"{numbers.decimal(verdict.truth_correlation, 2)} with the truth’s order{alone}."
    )
