"""Which methods to use: a network's verdict as rows of a table, and the study's side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from heatproof.attribution.core.method import Method
from heatproof.report.cell_results import CellResults
from heatproof.report.charts.sprites import Picture
from heatproof.report.sections.verdict_findings import best
from heatproof.report.showcase import NOTHING, Example, Showcase
from heatproof.report.text import measures, methods, zero_maps
from heatproof.statistics import numbers
from heatproof.trust.verdict import LEVELS, CellVerdict, MethodVerdict


@dataclass(frozen=True)
class Row:
    """A method, what to do with its maps of one network, and one of them.

    why_zero: what it means that the map is zero everywhere; empty where it is not.
    """

    method: Method
    verdict: MethodVerdict
    picture: Picture | None = None
    why_zero: str = ""


@dataclass(frozen=True)
class StudyRow:
    """A method with its row of each network's table, None where it has none.

    counts: on how many networks it has each level.
    """

    method: Method
    rows: tuple[Row | None, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Verdicts:
    """A network's table.

    notes: in sentences what took no part, and how the truth agrees. example: the image whose maps
    are shown; None where no map is.
    """

    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    example: Example | None = None


def of_cell(verdict: CellVerdict | None, shown: Showcase = NOTHING) -> Verdicts | None:
    """Make a network's table, the methods to use first; None where there is no verdict."""
    if verdict is None:
        return None
    rows = tuple(_row(name, each, shown.example) for name, each in verdict.methods.items())
    notes = (_left_out(verdict), _truth(verdict))
    return Verdicts(rows, tuple(note for note in notes if note), shown.example)


def unjudged(result: CellResults) -> str:
    """Say in two words why a method's maps of a network have no verdict, where they have none."""
    return "means nothing" if result.assess and not result.rated else "not assessed"


def zero(shown: Showcase, where: str = "") -> list[str]:
    """Say which methods' maps are zero everywhere, how many, and why; `where`: which network."""
    return [
        zero_maps.sentence(methods.describe(name), each.zero, each.maps, each.own, where)
        for name, each in shown.zero.items()
    ]


def _row(name: str, verdict: MethodVerdict, example: Example | None) -> Row:
    method = methods.describe(name)
    if example is None or name not in example.maps:
        return Row(method, verdict)
    zero = example.zero.get(name)
    why = "" if zero is None else zero_maps.meaning(method, zero)
    return Row(method, verdict, example.maps[name], why)


def of_study(cells: Sequence[CellResults], tables: Sequence[Verdicts | None]) -> list[StudyRow]:
    """Put the methods of all networks side by side, those first that are most often of use.

    tables: of each network what `of_cell` makes.
    """
    judged = [{row.method.name: row for row in table.rows} if table else {} for table in tables]
    found = []
    for name in best([cell.verdict for cell in cells if cell.verdict]):
        rows = tuple(each.get(name) for each in judged)
        levels = [row.verdict.level for row in rows if row]
        counts = tuple(levels.count(level) for level in LEVELS)
        found.append(StudyRow(methods.describe(name), rows, counts))
    return found


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
