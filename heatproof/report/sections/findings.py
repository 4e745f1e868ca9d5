"""What the measures come to, in sentences: each made from the numbers, none written beforehand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from heatproof.report.sections import ranks as ranked
from heatproof.report.sections.cell_trust import HARDLY
from heatproof.report.study import CellResults
from heatproof.report.text import measures, methods
from heatproof.statistics import numbers

NAMED = 3  # how many of the best a sentence names
LOCATES = "relevance_rank"


@dataclass(frozen=True)
class Finding:
    """A few words, the sentence, and the part of the page that it is from."""

    title: str
    text: str
    anchor: str


def findings(assessed: Sequence[CellResults]) -> Iterator[Finding]:
    """Tell what the cells' assess metrics show, as far as there are any."""
    cells = [c.assess for c in assessed if c.assess]
    planted = [a for a in cells if a["mask"] == "planted" and LOCATES in a["measures"]]
    for anchor, title, text in (
        ("truth", "Against the truth", _truth(planted)),
        ("measures", "Without learned weights", _hardly(cells)),
        ("measures", "What says nothing", _empty(cells)),
        ("stability", "Another baseline", _stable(cells)),
    ):
        if text:
            yield Finding(title, text, anchor)


def _truth(planted: Sequence[ranked.Assess]) -> str:
    means = {
        name: fmean(values)
        for name, values in _means(planted, LOCATES).items()
        if len(values) == len(planted)
    }
    found = {name: mean for name, mean in means.items() if name not in measures.CONTROLS}
    if not found:
        return ""
    best = sorted(found, key=lambda name: (-found[name], name))[:NAMED]
    where = "one network" if len(planted) == 1 else f"{len(planted)} networks"
    text = (
        f"On {where} where only a planted patch tells the class, "
        f"{numbers.listing([_with(name, found[name]) for name in best])} "
        f"{'finds' if len(best) == 1 else 'find'} most of it (share of the patch among the most "
        "relevant pixels)."
    )
    lost = [n for n in methods.ordered(list(found)) if all(_no_better(a, n) for a in planted)]
    if not lost or "random" not in means:
        return text
    return f"{text} {_listed(lost)} cannot be told from noise there."


def _no_better(assess: ranked.Assess, name: str) -> bool:
    """Whether a method's interval reaches down to noise's."""
    ours, noise = (assess["measures"][LOCATES].get(n) for n in (name, "random"))
    if not ours or not noise or not numbers.known(ours["low"]) or not numbers.known(noise["high"]):
        return False
    return ours["low"] <= noise["high"]


def _hardly(cells: Sequence[ranked.Assess]) -> str:
    means = {n: fmean(v) for n, v in _means(cells, "randomised_spearman").items()}
    found = {n: mean for n, mean in means.items() if n not in measures.CONTROLS}
    if not found:
        return ""
    same = [n for n in methods.ordered(list(found)) if abs(found[n]) >= HARDLY]
    if not same:
        return (
            "With all weights random, no method draws much the same map on the average network "
            f"(rank correlation below {HARDLY})."
        )
    verb = "draws" if len(same) == 1 else "draw"
    return (
        f"With all weights random, {_listed(same)} still {verb} much the same map (rank "
        f"correlation of {HARDLY} or more on the average network): do not read from it what "
        "was learned."
    )


def _empty(cells: Sequence[ranked.Assess]) -> str:
    counted = {m: ranked.empty_on(cells, m) for m in measures.COLUMNS}
    counted = {m: c for m, c in counted.items() if c[1]}
    if not counted:
        return ""
    mostly = [
        f"{measures.describe(m).label} (on {empty} of {having})"
        for m, (empty, having) in counted.items()
        if 2 * empty > having and not measures.describe(m).one_sided
    ]
    if not mostly:
        return "No measure ranks a control above most methods on more than half of the networks."
    verb = "ranks" if len(mostly) == 1 else "rank"
    listed = numbers.listing(mostly)
    return (
        f"{listed[0].upper()}{listed[1:]} {verb} a control, which knows nothing of the network, "
        "above most methods: there the column says nothing about them."
    )


def _stable(cells: Sequence[ranked.Assess]) -> str:
    parts = []
    for measure in measures.RANKED:
        found = [a["ranking"][measure]["survives"] for a in cells if measure in a["ranking"]]
        known = [each for each in found if each is not None]
        if known:
            label = measures.describe(measure).label
            parts.append(f"{label} on {sum(known)} of {len(known)}")
    if not parts:
        return ""
    return (
        "Whether missing pixels are black, mean-coloured or blurred can change which method is "
        f"best. The order of the methods survives: {'; '.join(parts)} networks."
    )


def _means(cells: Sequence[ranked.Assess], measure: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for assess in cells:
        for name, said in assess["measures"].get(measure, {}).items():
            if numbers.known(said["mean"]):
                found.setdefault(name, []).append(said["mean"])
    return found


def _listed(names: Sequence[str]) -> str:
    """Name all of them: a reader looks for one."""
    return numbers.listing([methods.describe(name).label for name in names])


def _with(name: str, mean: float) -> str:
    return f"{methods.describe(name).label} ({numbers.decimal(mean, 2)})"
