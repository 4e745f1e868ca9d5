"""What the overview opens with: networks, each with the explanation to believe and its maps."""

from collections.abc import Sequence
from dataclasses import dataclass

from heatproof.attribution.core.method import Method
from heatproof.report.cell_results import CellResults
from heatproof.report.sections.ties import Comparison, compare
from heatproof.report.showcase import Strip
from heatproof.report.study import Study
from heatproof.report.text import methods
from heatproof.trust.verdict import USE, MethodVerdict

ALL = 4  # networks that are shown without choosing; of more, the most accurate of each dataset
MOST = 8


@dataclass(frozen=True)
class Advice:
    """The method to believe, or the one that comes closest, and how many others are of use."""

    method: Method
    verdict: MethodVerdict
    others: int


@dataclass(frozen=True)
class Row:
    """A network. `ties`: others of its dataset that its accuracy is tied with, and why.

    advice, strip: None where its maps are not assessed, or mean nothing.
    """

    result: CellResults
    ties: list[tuple[CellResults, Comparison]]
    advice: Advice | None
    strip: Strip | None


def rows(study: Study, by_dataset: Sequence[Sequence[CellResults]]) -> list[Row]:
    """Choose the networks that the overview opens with.

    Args:
        study: the results.
        by_dataset: of each dataset its networks, the most accurate first.
    """
    everything = [c for results in by_dataset for c in results if c.evaluate]
    if len(everything) <= ALL:
        return [_row(study, c) for c in everything]
    best = [next((c for c in results if c.evaluate), None) for results in by_dataset]
    return [_row(study, c) for c in best if c][:MOST]


def _row(study: Study, result: CellResults) -> Row:
    others = [c for c in study.cells_on(result.cell.dataset) if c.evaluate and c is not result]
    ties = [(c, found) for c in others if (found := compare(c, result)).tied]
    strip = study.showcases[result.name].strip
    return Row(result, ties, _advice(result, strip), strip)


def _advice(result: CellResults, strip: Strip | None) -> Advice | None:
    """Advise the method whose maps are shown: the first whose maps are not all zero."""
    verdict = result.verdict
    if not verdict or not verdict.methods:
        return None
    name = strip.method if strip else next(iter(verdict.methods))
    others = len([each for each in verdict.of(USE) if each != name])
    return Advice(methods.describe(name), verdict.methods[name], others)
