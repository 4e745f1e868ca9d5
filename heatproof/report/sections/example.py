"""The guide's example: one network's page read step by step, with its own numbers."""

from itertools import combinations
from typing import Any

from heatproof.report.cell_results import CellResults
from heatproof.report.sections import cell_trust, ranks
from heatproof.report.study import Study
from heatproof.report.text import measures, methods
from heatproof.statistics import numbers
from heatproof.storage.records import Explanations

NEAR = 0.005  # confidence and accuracy this close count as equal


def choose(study: Study) -> CellResults:
    """The cell used as the example: the first of those with the most results that count."""
    return max(study.cells, key=lambda c: sum(map(bool, (c.evaluate, c.explained, c.rated))))


def values(result: CellResults) -> dict[str, Any]:
    """What the template example.html tells of a cell, as far as there are results."""
    explanations = result.explanations()
    return {
        "evaluate": result.evaluate,
        "explained": _explained(explanations) if explanations is not None else (),
        "best": None,
        "above": (),
        "stable": (),
        "pairs": (),
        "similar": cell_trust.SIMILAR,
        **(_network(result.evaluate) if result.evaluate else {}),
        **(_trust(result.assess) if result.rated else {}),
    }


def _network(e: dict[str, Any]) -> dict[str, Any]:
    filled = [b for b in e["reliability"] if b["count"]]
    images = sum(b["count"] for b in filled)
    confidence = sum(b["count"] * b["confidence"] for b in filled) / images
    accuracy = sum(b["count"] * b["accuracy"] for b in filled) / images
    verdict = "overconfident" if confidence > accuracy else "underconfident"
    recalls = {n: c["recall"] for n, c in e["per_class"].items() if c["support"]}
    return {
        "hardest": min(recalls, key=lambda n: (recalls[n], n)),
        "binned": images,
        "confidence": confidence,
        "accuracy": accuracy,
        "verdict": "on average, calibrated" if abs(confidence - accuracy) < NEAR else verdict,
    }


def _explained(explanations: Explanations) -> tuple[int, int, int]:
    """The number of images, of methods, and of images predicted incorrectly."""
    wrong = explanations.image_index[explanations.label != explanations.predicted]
    images = len(set(explanations.image_index.tolist()))
    return images, len(explanations.maps), len(set(wrong.tolist()))


def _trust(assess: dict[str, Any]) -> dict[str, Any]:
    faithful = measures.FAITHFUL
    order = assess["measures"].get(faithful, {})
    most = max((s["images"] for s in order.values()), default=0)
    means = [(s["mean"], n) for n, s in order.items() if numbers.known(s["mean"])]
    control = max((each for each in means if each[1] in measures.CONTROLS), default=None)
    best = max(
        (
            (mean, n)
            for mean, n in means
            if n not in measures.CONTROLS and 2 * order[n]["images"] >= most
        ),
        default=None,
    )
    tested = measures.RANDOMISED in assess["measures"]
    return {
        "best": best and (methods.describe(best[1]).label, best[0]),
        "best_control": control and (measures.CONTROLS[control[1]].inline, control[0]),
        "above": assess["uninformative"].get(faithful),
        **({"weight_independent": cell_trust.weight_independent(assess)} if tested else {}),
        "stable": [(label, kept) for label, kept, *_ in ranks.stability([assess])],
        "pairs": _pairs(assess["agreement"]),
    }


def _pairs(content: dict[str, Any]) -> list[str]:
    """Every two methods with the similarity of their maps, the least similar first."""
    matrix = content["grid"]["spearman"]
    pairs = [
        (matrix[i][j], a, b)
        for (i, a), (j, b) in combinations(enumerate(content["methods"]), 2)
        if numbers.known(matrix[i][j])
    ]
    return [
        f"{methods.describe(a).label} and {methods.describe(b).label} ({numbers.decimal(value, 2)})"
        for value, a, b in sorted(pairs)
    ]
