"""Do methods come in a published order by a measure of their maps?"""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from heatproof.attribution import registry
from heatproof.claims.description import Statement
from heatproof.claims.evidence import Evidence
from heatproof.claims.verdicts import FAILS, HOLDS, UNTESTED, Comparison, MissingEvidence
from heatproof.statistics.known import known
from heatproof.statistics.numbers import decimal, plural
from heatproof.storage import paths


def rising(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether `measure` rises from each of `methods` to the next, by its mean over the cells."""
    cells = evidence.cells_of(claim)
    found = {cell: _of_cell(cell, claim, evidence) for cell in cells}
    means = np.mean(list(found.values()), axis=0)
    steps = np.diff(means) > 0
    text = (
        f"{_listed(means)}, means of {plural(len(cells), 'network')}: "
        f"{'; '.join(f'{cell} {_listed(each)}' for cell, each in found.items())}"
    )
    if steps.all():
        return Comparison(HOLDS, "", text)
    verdict = FAILS if evidence.as_published(*cells) else UNTESTED
    against = [
        f"{_label(after)} is not above {_label(before)}"
        for (before, after), rises in zip(pairwise(claim.methods), steps, strict=True)
        if not rises
    ]
    return Comparison(verdict, f"Here {', and '.join(against)}.", text)


def _of_cell(cell: str, claim: Statement, evidence: Evidence) -> list[float]:
    """Return the measure's mean over the images of each method."""
    assess = evidence.assess(cell)
    if not assess["above_chance"]:
        raise MissingEvidence(f"{cell} is not above chance: its maps may show nothing.")
    by_method = assess.get("measures", {}).get(claim.measure, {})
    means = {name: by_method.get(name, {}).get("mean") for name in claim.methods}
    if missing := [name for name, mean in means.items() if not known(mean)]:
        raise MissingEvidence(
            f"{paths.metrics('assess', cell).as_posix()} has no {claim.measure} of "
            f"{', '.join(missing)}."
        )
    return [float(mean) for mean in means.values()]


def _label(method: str) -> str:
    return registry.methods()[method].label


def _listed(values: Iterable[float]) -> str:
    return ", ".join(decimal(float(each), 2) for each in values)
