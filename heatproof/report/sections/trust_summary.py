"""The measures' main results over all cells, in sentences made from the numbers."""

from collections.abc import Sequence
from statistics import fmean

from heatproof.report.cell_results import CellResults
from heatproof.report.sections import cell_trust
from heatproof.report.sections import ranks as ranked
from heatproof.report.text import measures, methods
from heatproof.statistics import numbers

NAMED = 3  # how many of the best a sentence names
PLANTED = (
    "where only a planted patch decides the class",
    "share of the patch among the most relevant pixels",
)


def statements(assessed: Sequence[CellResults]) -> list[tuple[str, str, str]]:
    """Summarise the cells' assess metrics, as far as there are any.

    Returns:
        The anchor of the part of the page that shows it, a title, the sentences.
    """
    cells = [c.assess for c in assessed if c.assess]
    located = [a for a in cells if measures.LOCATES in a["measures"]]
    planted = [a for a in located if a["mask"] == "planted"]
    annotated = [a for a in located if a["mask"] in cell_trust.ANNOTATED]
    found = (
        ("truth", "Against ground truth", _truth(planted, *PLANTED)),
        ("objects", "Against boxes and masks", _truth(annotated, *_objects(annotated))),
        ("measures", "Without learned weights", _weight_independent(cells)),
        ("measures", "Uninformative measures", _uninformative(cells)),
        ("stability", "Stability across baselines", _stable(cells)),
    )
    return [each for each in found if each[-1]]


def _objects(annotated: Sequence[ranked.Assess]) -> tuple[str, str]:
    shares = [a["masks"]["share"] for a in annotated if numbers.known(a["masks"]["share"])]
    level = f"; chance gives {numbers.decimal(fmean(shares), 2)}" if shares else ""
    return (
        "for whose images a box or mask of the object is known",
        f"share of the object among the most relevant pixels{level}",
    )


def _truth(known: Sequence[ranked.Assess], whose: str, measured: str) -> str:
    """Say which methods find a place that is known, of the networks `whose` place is known."""
    means = {
        name: fmean(values)
        for name, values in ranked.means(known, measures.LOCATES).items()
        if len(values) == len(known)
    }
    of_methods = {name: mean for name, mean in means.items() if name not in measures.CONTROLS}
    if not of_methods:
        return ""
    best = sorted(of_methods, key=lambda name: (-of_methods[name], name))[:NAMED]
    where = "one network" if len(known) == 1 else f"{len(known)} networks"
    text = (
        f"On {where} {whose}, "
        f"{numbers.listing([_with(name, of_methods[name]) for name in best])} "
        f"{'locates' if len(best) == 1 else 'locate'} it best ({measured})."
    )
    random = [n for n in methods.ordered(list(of_methods)) if all(_no_better(a, n) for a in known)]
    if not random or "random" not in means:
        return text
    verb = "is" if len(random) == 1 else "are"
    return f"{text} {_listed(random)} {verb} no better than noise there."


def _no_better(assess: ranked.Assess, name: str) -> bool:
    """Whether a method's interval reaches down to that of noise."""
    ours, noise = (assess["measures"][measures.LOCATES].get(n) for n in (name, "random"))
    if not ours or not noise or not numbers.known(ours["low"]) or not numbers.known(noise["high"]):
        return False
    return ours["low"] <= noise["high"]


def _weight_independent(cells: Sequence[ranked.Assess]) -> str:
    means = {n: fmean(v) for n, v in ranked.means(cells, measures.RANDOMISED).items()}
    if not means.keys() - measures.CONTROLS.keys():
        return ""
    same = cell_trust.similar(means)
    if not same:
        return (
            "With all weights random, no method gives a similar map on the average network (rank "
            f"correlation below {cell_trust.SIMILAR})."
        )
    verb = "gives" if len(same) == 1 else "give"
    return (
        f"With all weights random, {_listed(same)} still {verb} a similar map (rank correlation "
        f"of {cell_trust.SIMILAR} or more on the average network): it does not show what was "
        "learned."
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
    parts = [f"{label} on {kept} of {known}" for label, kept, _, known in ranked.stability(cells)]
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
