"""Which classes are taken for which, beside what was published of it."""

import numpy as np

from heatproof.claims.description import Confusion
from heatproof.claims.evidence import Evidence
from heatproof.claims.verdicts import FAILS, HOLDS, NOT_MEASURED, UNTESTED, Comparison
from heatproof.statistics.numbers import listing, plural
from heatproof.storage import confusions

SHOWN = 3


def find(claim: Confusion, evidence: Evidence) -> Comparison:
    """Look a pair of classes up among the most frequent confusions.

    Found there it HOLDS under any budget. Not found it FAILS only where all the networks were
    trained as published. Raises MissingEvidence if a cell's evaluation is missing.
    """
    cells = evidence.cells_of(claim)
    evaluations = [evidence.evaluate(cell) for cell in cells]
    names = evaluations[0]["class_names"]
    lacking = [name for name in (claim.label, claim.predicted) if name not in names]
    if lacking or any(e["class_names"] != names for e in evaluations):
        what = f"{claim.dataset} has no class {listing(lacking)}" if lacking else "Classes differ"
        return Comparison(NOT_MEASURED, f"{what}: correct claims.yaml.")
    counted = [confusions.matrix(e["confusion_test"], len(names)) for e in evaluations]
    matrix = np.sum(counted, axis=0)
    counts = off_diagonal(matrix, claim.either_way)
    pair = (names.index(claim.label), names.index(claim.predicted))
    count, place = counts[pair], rank(counts, pair, claim.either_way)
    mark = "/" if claim.either_way else " → "
    pairs = len(names) * (len(names) - 1) // (2 if claim.either_way else 1)
    text = f"number {place} of {pairs} pairs ({plural(int(count), 'image')})"
    if place <= claim.within and count > 0:
        return Comparison(HOLDS, "", text, float(place))
    tested = evidence.as_published(*cells)
    frequent = [
        f"{names[i]}{mark}{names[j]} ({counts[i, j]})" for i, j in most(counts, claim.either_way)
    ]
    sentence = f"The most frequent are {listing(frequent)}." if frequent else "There are none."
    if not tested:
        sentence += f" {evidence.shortened(cells)}"
    return Comparison(FAILS if tested else UNTESTED, sentence, text, float(place))


def off_diagonal(matrix: np.ndarray, either_way: bool) -> np.ndarray:
    """Return how often each pair is confused, int (classes, classes); the diagonal is -1.

    Args:
        matrix: confusion matrix, rows true, columns predicted.
        either_way: add both directions up, so that the result is symmetric.
    """
    counts = matrix + matrix.T if either_way else matrix.copy()
    np.fill_diagonal(counts, -1)
    return counts


def rank(counts: np.ndarray, pair: tuple[int, int], either_way: bool) -> int:
    """Return a pair's place among the confusions, 1 the most frequent; equals share the best."""
    more = int((counts > counts[pair]).sum())
    return 1 + (more // 2 if either_way else more)  # added up, every pair is there twice


def most(counts: np.ndarray, either_way: bool, shown: int = SHOWN) -> list[tuple[int, int]]:
    """Return the most frequent pairs, equals in the matrix' order."""
    pairs = [(int(i), int(j)) for i, j in np.argwhere(counts > 0) if not either_way or i < j]
    return sorted(pairs, key=lambda pair: (-counts[pair], pair))[:shown]
