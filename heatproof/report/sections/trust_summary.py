"""The measures' main results over all cells, in sentences made from the numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from heatproof.report.sections import ranks as ranked
from heatproof.report.sections.cell_trust import SIMILAR
from heatproof.report.study import CellResults
from heatproof.report.text import measures, methods
from heatproof.statistics import numbers

NAMED = 3  # how many of the best a sentence names
LOCATES = "relevance_rank"


@dataclass(frozen=True)
class Statement:
    """A title, the sentence, and the anchor of the part of the page that shows it."""

    title: str
    text: str
    anchor: str


def statements(assessed: Sequence[CellResults]) -> Iterator[Statement]:
    """Summarise the cells' assess metrics, as far as there are any."""
    cells = [c.assess for c in assessed if c.assess]
    planted = [a for a in cells if a["mask"] == "planted" and LOCATES in a["measures"]]
    for anchor, title, text in (
        ("truth", "Against ground truth", _truth(planted)),
        ("measures", "Without learned weights", _weight_independent(cells)),
        ("measures", "Uninformative measures", _uninformative(cells)),
        ("stability", "Stability across baselines", _stable(cells)),
    ):
        if text:
            yield Statement(title, text, anchor)


def _truth(planted: Sequence[ranked.Assess]) -> str:
    means = {
        name: fmean(values)
        for name, values in ranked.means(planted, LOCATES).items()
        if len(values) == len(planted)
    }
    of_methods = {name: mean for name, mean in means.items() if name not in measures.CONTROLS}
    if not of_methods:
        return ""
    best = sorted(of_methods, key=lambda name: (-of_methods[name], name))[:NAMED]
    where = "one network" if len(planted) == 1 else f"{len(planted)} networks"
    text = (
        f"On {where} where only a planted patch decides the class, "
        f"{numbers.listing([_with(name, of_methods[name]) for name in best])} "
        f"{'locates' if len(best) == 1 else 'locate'} it best (share of the patch among the most "
        "relevant pixels)."
    )
    random = [
        n for n in methods.ordered(list(of_methods)) if all(_no_better(a, n) for a in planted)
    ]
    if not random or "random" not in means:
        return text
    verb = "is" if len(random) == 1 else "are"
    return f"{text} {_listed(random)} {verb} no better than noise there."


def _no_better(assess: ranked.Assess, name: str) -> bool:
    """Whether a method's interval reaches down to that of noise."""
    ours, noise = (assess["measures"][LOCATES].get(n) for n in (name, "random"))
    if not ours or not noise or not numbers.known(ours["low"]) or not numbers.known(noise["high"]):
        return False
    return ours["low"] <= noise["high"]


def _weight_independent(cells: Sequence[ranked.Assess]) -> str:
    means = {n: fmean(v) for n, v in ranked.means(cells, "randomised_spearman").items()}
    of_methods = {n: mean for n, mean in means.items() if n not in measures.CONTROLS}
    if not of_methods:
        return ""
    same = [n for n in methods.ordered(list(of_methods)) if abs(of_methods[n]) >= SIMILAR]
    if not same:
        return (
            "With all weights random, no method gives a similar map on the average network (rank "
            f"correlation below {SIMILAR})."
        )
    verb = "gives" if len(same) == 1 else "give"
    return (
        f"With all weights random, {_listed(same)} still {verb} a similar map (rank correlation "
        f"of {SIMILAR} or more on the average network): it does not show what was learned."
    )


def _uninformative(cells: Sequence[ranked.Assess]) -> str:
    counted = {m: ranked.uninformative_on(cells, m) for m in measures.COLUMNS}
    counted = {m: c for m, c in counted.items() if c[1]}
    if not counted:
        return ""
    mostly = [
        f"{measures.describe(m).label} (on {uninformative} of {total})"
        for m, (uninformative, total) in counted.items()
        if 2 * uninformative > total and not measures.describe(m).one_sided
    ]
    if not mostly:
        return "No measure ranks a control above most methods on more than half of the networks."
    verb = "ranks" if len(mostly) == 1 else "rank"
    listed = numbers.listing(mostly)
    return (
        f"{listed[0].upper()}{listed[1:]} {verb} a control, which knows nothing of the network, "
        "above most methods, and is uninformative there."
    )


def _stable(cells: Sequence[ranked.Assess]) -> str:
    parts = []
    for measure in measures.RANKED:
        verdicts = [a["ranking"][measure]["survives"] for a in cells if measure in a["ranking"]]
        known = [verdict for verdict in verdicts if verdict is not None]
        if known:
            label = measures.describe(measure).label
            parts.append(f"{label} on {sum(known)} of {len(known)}")
    if not parts:
        return ""
    return (
        "Whether removed pixels become black, mean-coloured or blurred can change which method is "
        f"best. The order of the methods is stable: {'; '.join(parts)} networks."
    )


def _listed(names: Sequence[str]) -> str:
    """Name all of them, since a reader may look for any."""
    return numbers.listing([methods.describe(name).label for name in names])


def _with(name: str, mean: float) -> str:
    return f"{methods.describe(name).label} ({numbers.decimal(mean, 2)})"
