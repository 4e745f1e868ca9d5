"""The guide's example: one network's page read step by step, with its own numbers."""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from heatproof.report.cell_results import CellResults
from heatproof.report.charts.sprites import Picture, Sprite
from heatproof.report.sections import cell_trust, ranks, trust_table, verdicts
from heatproof.report.sections.verdicts import Verdicts
from heatproof.report.showcase import Painter
from heatproof.report.study import Study
from heatproof.report.text import measures, methods, zero_maps
from heatproof.statistics import numbers
from heatproof.storage.records import Explanations
from heatproof.trust.verdict import LEVELS, USE, CellVerdict

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
        "advised_against": None,
        "table": None,
        "above": (),
        "stable": (),
        "pairs": (),
        "similar": cell_trust.SIMILAR,
        **(_network(result.evaluate) if result.evaluate else {}),
        **(_trust(result.assess, result.verdict) if result.rated else {}),
    }


@dataclass(frozen=True)
class Shot:
    """A picture, and what stands under it."""

    picture: Picture
    caption: str


@dataclass(frozen=True)
class Pictures:
    """What the guide shows of its example; each part empty where there is nothing of its kind.

    sprite: of `mistake`, an incorrect prediction with its maps for the predicted and for the true
    class, and of `zero`, an image whose map is zero everywhere, with why. levels: of each verdict
    the best method, as in the network's own table.
    """

    sprite: Sprite | None
    mistake: tuple[Shot, ...]
    zero: tuple[Shot, ...]
    why_zero: str
    levels: Verdicts | None


def pictures(study: Study, result: CellResults) -> Pictures:
    """Draw what the guide shows of a cell."""
    explanations, shown = result.explanations(), study.showcases[result.name]
    levels = verdicts.of_cell(result.verdict, shown)
    if levels:
        firsts = {row.verdict.level: row for row in reversed(levels.rows)}
        chosen = tuple(firsts[level] for level in LEVELS if level in firsts)
        levels = replace(levels, rows=chosen, notes=())
    if not explanations or not explanations.maps:
        return Pictures(None, (), (), "", levels)
    painter = Painter(explanations)
    sprite = painter.sprite(5)
    mistake = _mistake(painter, sprite, shown.strip.method) if shown.strip else ()
    zero, why = _zero(painter, sprite, list(shown.zero))
    return Pictures(sprite if mistake or zero else None, mistake, zero, why, levels)


def _mistake(painter: Painter, sprite: Sprite, method: str) -> tuple[Shot, ...]:
    """Draw the first incorrect prediction, with its maps by a method that are not zero."""
    rows = painter.explanations
    for row in np.flatnonzero((rows.label != rows.predicted) & (rows.target == rows.predicted)):
        same = (rows.image_index == rows.image_index[row]) & (rows.target == rows.label)
        true = np.flatnonzero(same)
        if len(true) and painter.nonzero(method, np.array([row, true[0]])).all():
            names, label = rows.class_names, methods.describe(method).label
            said, right = names[rows.predicted[row]], names[rows.label[row]]
            return (
                Shot(painter.image(sprite, int(row)), f"predicted {said}, true class {right}"),
                Shot(painter.map(sprite, int(row), method), f"{label}: why {said}?"),
                Shot(painter.map(sprite, int(true[0]), method), f"{label}: why {right}?"),
            )
    return ()


def _zero(painter: Painter, sprite: Sprite, names: list[str]) -> tuple[tuple[Shot, ...], str]:
    """Draw the first map that is zero everywhere, of the first method that has one, and say why."""
    if not names:
        return (), ""
    rows, method = painter.explanations, methods.describe(names[0])
    every = np.arange(len(rows.target))
    row = int(np.flatnonzero(~painter.nonzero(method.name, every))[0])
    own = {name: float(each[row]) for name, each in rows.numbers.get(method.name, {}).items()}
    shots = (
        Shot(painter.image(sprite, row), f"class {rows.class_names[rows.label[row]]}"),
        Shot(painter.map(sprite, row, method.name), f"{method.label}: zero everywhere"),
    )
    return shots, zero_maps.meaning(method, own)


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


def _trust(assess: dict[str, Any], verdict: CellVerdict | None) -> dict[str, Any]:
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
    judged = verdict.methods.get(best[1]) if verdict and best else None
    tested = measures.RANDOMISED in assess["measures"]
    table = trust_table.of_cell(assess, [faithful])
    if table and best:
        last = min((mean, n) for mean, n in means if n not in measures.CONTROLS)[1]
        table.methods = list(dict.fromkeys((best[1], last)))
    return {
        "table": table,
        "best": best and (methods.describe(best[1]).label, best[0]),
        "advised_against": judged if judged and judged.level != USE else None,
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
