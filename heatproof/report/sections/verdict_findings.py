"""Which explanations to believe over all networks, in sentences made from their verdicts."""

from collections.abc import Sequence
from statistics import fmean

from heatproof.report.cell_results import CellResults
from heatproof.report.sections.finding import KeyFinding, network
from heatproof.report.text import methods
from heatproof.statistics import numbers
from heatproof.trust.beside_controls import FAITHFUL, TRUE
from heatproof.trust.verdict import AVOID, DECISIVE, LEVELS, USE, CellVerdict
from heatproof.trust.verdict_outcomes import LEARNED

NAMED = 3  # methods in a sentence; of more the rest are counted
# Why not to be used: what failing each test that decides says of a method's maps.
FAILED = {
    LEARNED: "almost the same map whatever the network has learned",
    TRUE: "beside the known place of the evidence",
    FAITHFUL: "no better than a map that knows nothing of the network",
}


def of_study(cells: Sequence[CellResults]) -> KeyFinding | None:
    """Say which methods to use and which not, over all networks that have a verdict."""
    judged = [(cell, cell.verdict) for cell in cells if cell.verdict and cell.verdict.methods]
    if not judged:
        return None
    verdicts = [verdict for _, verdict in judged]
    where = _where([cell for cell, _ in judged])
    text = " ".join(filter(None, [_to_use(verdicts, where), _to_avoid(verdicts)]))
    images = sorted({cell.assess["images"] for cell, _ in judged})
    number = f"{images[0]}" if len(images) == 1 else f"{images[0]} to {images[-1]}"
    return KeyFinding(
        "Which explanation to believe",
        text,
        f"One rule for all, {number} images per network.",
        "Every method on every network",
        "methods.html#verdicts",
    )


def _where(cells: Sequence[CellResults]) -> str:
    """Name all of the networks that are judged."""
    if len(cells) == 1:
        return network(cells[0])
    return "both networks" if len(cells) == 2 else f"all {len(cells)} networks"


def best(verdicts: Sequence[CellVerdict]) -> list[str]:
    """Order the methods by how often they are of use, then by their place in the verdicts."""
    names = {name: None for verdict in verdicts for name in verdict.methods}

    def key(name: str) -> tuple[int, float, float]:
        levels = [v.methods[name].level for v in verdicts if name in v.methods]
        places = [list(v.methods).index(name) for v in verdicts if name in v.methods]
        return -levels.count(USE), fmean(map(LEVELS.index, levels)), fmean(places)

    return sorted(names, key=key)


def _to_use(verdicts: Sequence[CellVerdict], where: str) -> str:
    order = best(verdicts)
    counts = {n: sum(n in v.of(USE) for v in verdicts) for n in order}
    everywhere = [name for name in order if counts[name] == len(verdicts)]
    if everywhere:
        verb = "is" if len(everywhere) == 1 else "are"
        return f"{_listed(everywhere)} {verb} of use on {where}."
    if counts[order[0]]:
        alike = [name for name in order if counts[name] == counts[order[0]]]
        return (
            f"No method is of use on {where}; {_listed(alike)} "
            f"{'is' if len(alike) == 1 else 'are'}, on {counts[order[0]]}."
        )
    return (
        f"No method is to be used without care on {where if len(verdicts) == 1 else 'any network'}."
    )


def _to_avoid(verdicts: Sequence[CellVerdict]) -> str:
    """Name the methods that are never to be used, by the test that most often decides it."""
    by_reason: dict[str, list[str]] = {}
    for name in best(verdicts):
        found = [v.methods[name] for v in verdicts if name in v.methods]
        if any(each.level != AVOID for each in found):
            continue
        failed = [t.name for each in found for t in each.tests if t.result == "failed"]
        reason = max(DECISIVE, key=lambda test: (failed.count(test), -DECISIVE.index(test)))
        by_reason.setdefault(reason, []).append(name)
    if not by_reason:
        return ""
    parts = [f"{_listed(names)} ({FAILED[reason]})" for reason, names in by_reason.items()]
    return f"Not to be used: {numbers.listing(parts)}."


def _listed(names: Sequence[str]) -> str:
    labels = [methods.describe(name).label for name in names]
    more = len(labels) - NAMED
    return numbers.listing([*labels[:NAMED], *([f"{more} more"] if more > 0 else [])])
