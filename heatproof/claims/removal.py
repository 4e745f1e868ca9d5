"""Do methods come in the same order whichever pixels are removed first?"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from heatproof.claims.description import Statement
from heatproof.claims.evidence import Evidence
from heatproof.claims.verdicts import FAILS, HOLDS, UNTESTED, Comparison, MissingEvidence
from heatproof.statistics.numbers import decimal, plural
from heatproof.storage import paths

FEWEST = 3  # methods that an order is of


def orders_agree(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether noisy linear imputation makes the orders by MoRF and LeRF agree better.

    As in the source: at each share of removed pixels Spearman's correlation between what the
    methods have most and least relevant first, averaged over the shares. A good method has little
    in the one and much in the other: −1 is full agreement. What is followed is the class's mean
    probability, where the source has accuracies.
    """
    cells = evidence.cells_of(claim)
    found = {cell: _of_cell(cell, evidence) for cell in cells}
    linear, fixed = (float(np.mean([each[i] for each in found.values()])) for i in (0, 1))
    each = "; ".join(f"{c} {decimal(a, 2)} and {decimal(b, 2)}" for c, (a, b) in found.items())
    text = (
        f"{decimal(linear, 2)} with noisy linear imputation and {decimal(fixed, 2)} with the mean "
        f"colour, means of {plural(len(cells), 'network')}: {each}"
    )
    if linear < fixed:
        return Comparison(HOLDS, "", text, linear)
    verdict = FAILS if evidence.as_published(*cells) else UNTESTED
    sentence = "Here the orders agree no better than with a fixed value."
    return Comparison(verdict, sentence, text, linear)


def _of_cell(cell: str, evidence: Evidence) -> tuple[float, float]:
    """Return a cell's mean correlations: filled in linearly, and with a fixed value."""
    assess = evidence.assess(cell)
    if not assess["above_chance"]:
        raise MissingEvidence(f"{cell} is not above chance: its maps may show nothing.")
    where = paths.metrics("assess", cell).as_posix()
    if "road" not in assess:
        raise MissingEvidence(f"{where} has no ROAD: params.yaml lists no assess.measures.road.")
    linear, fixed = (correlation(assess["road"][name]) for name in ("linear", "fixed"))
    if np.isnan(linear + fixed):
        raise MissingEvidence(f"{where} has too few methods with figures to order.")
    return linear, fixed


def correlation(curves: Mapping[str, Mapping[str, Any]]) -> float:
    """Correlate the methods' order by MoRF with that by LeRF at each share; return the mean.

    Args:
        curves: `morf` and `lerf` -> method -> a number for each share, which may be
            missing (None, NaN).

    Returns:
        In [-1, 1]; NaN where at no share three methods have numbers that differ.
    """
    # Not at the head: SciPy takes a second, and whoever reads claims.yaml loads this module.
    from scipy.stats import spearmanr

    # (shares, methods); what is missing becomes NaN.
    morf, lerf = (
        np.array([curves[order][name] for name in curves["morf"]], np.float64).T
        for order in ("morf", "lerf")
    )
    found = []
    for most, least in zip(morf, lerf, strict=True):
        known = ~np.isnan(most + least)
        orders = most[known], least[known]
        if known.sum() >= FEWEST and all(np.ptp(each) > 0 for each in orders):
            found.append(float(spearmanr(*orders).statistic))
    return float(np.mean(found)) if found else float("nan")
