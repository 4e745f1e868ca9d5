"""The overview: key findings, leaderboard, example maps, training curves, provenance."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from heatproof.report.charts import sprites
from heatproof.report.charts.charts import Chart, position
from heatproof.report.charts.scatter import Scatter
from heatproof.report.charts.sprites import Picture, Sprite, Tile
from heatproof.report.pages import claims
from heatproof.report.sections import costs, curves, trust_summary
from heatproof.report.sections.key_findings import key_findings, overlaps
from heatproof.report.sections.provenance_section import BUDGETS, provenance
from heatproof.report.sections.seeds import over_seeds
from heatproof.report.study import CellResults, Study
from heatproof.report.text import measures, methods
from heatproof.statistics import numbers
from heatproof.storage.records import Explanations
from heatproof.trust import checks
from heatproof.trust.checks import Tally
from heatproof.trust.measure import base

PICTURES = 6  # per dataset, in the strip at the top


@dataclass(frozen=True)
class Entry:
    """One row of the leaderboard; `position` and the interval's ends are in percent of its axis."""

    result: CellResults
    slot: int
    rank: int | None
    overlaps_best: bool
    trust: Tally | None
    position: float | None
    low_position: float | None
    high_position: float | None


@dataclass(frozen=True)
class Strip:
    """A few test images with the map of the dataset's most accurate explained cell."""

    result: CellResults
    method: str
    sprite: Sprite
    pictures: tuple[tuple[Picture, Tile, str], ...]


@dataclass(frozen=True)
class Section:
    """Everything that the overview shows of one dataset."""

    name: str
    size: dict[str, Any] | None
    entries: tuple[Entry, ...]
    axis: tuple[float, float] | None
    cost: Scatter | None
    charts: tuple[Chart, ...]
    strip: Strip | None


def context(study: Study) -> dict[str, Any]:
    """The values of the overview's template."""
    sections = tuple(_section(study, name) for name in study.dataset_names)
    return {
        "params": study.params,
        "sections": sections,
        "models": study.model_names,
        "evaluated": sum(bool(c.evaluate) for c in study.cells),
        "incomplete": tuple(c for c in study.cells if c.missing),
        "key_findings": key_findings(study),
        "over_seeds": [
            (c.name, over_seeds(c.seeds, c.evaluate["test_images"]))
            for c in study.cells
            if c.seeds and c.evaluate
        ],
        "made_by": provenance(study.provenance),
        "budget_meaning": BUDGETS.get(study.params.budget, ""),
        "check_measures": tuple(measures.describe(base(name)).label for name in checks.MEASURES),
        "trust_statements": tuple(trust_summary.statements([c for c in study.cells if c.assess])),
        "tally": claims.context(study, study.claims)["tally"],
        "strips": tuple(s for s in sections if s.strip is not None),
        "settings": [(c, study.params.run(c.name).training.optimizer) for c in study.cells],
    }


def _section(study: Study, dataset: str) -> Section:
    results = study.cells_on(dataset)
    entries, axis = _leaderboard(study, results)
    return Section(
        name=dataset,
        size=study.datasets.get(dataset),
        entries=entries,
        axis=axis,
        cost=costs.of_dataset(study, dataset),
        charts=curves.of_dataset(study, dataset),
        strip=_strip(e.result for e in entries),
    )


def _leaderboard(
    study: Study, results: tuple[CellResults, ...]
) -> tuple[tuple[Entry, ...], tuple[float, float] | None]:
    """Entries by test accuracy, the not evaluated last, and the axis their intervals share."""
    ranked = sorted(
        (r for r in results if r.evaluate), key=lambda r: (-r.evaluate["accuracy"], r.name)
    )
    unranked = [r for r in results if not r.evaluate]
    axis = _axis([r.evaluate for r in ranked])
    best = ranked[0].evaluate if ranked else {}
    entries = []
    for number, result in enumerate((*ranked, *unranked), start=1):
        evaluate = result.evaluate
        entries.append(
            Entry(
                result=result,
                slot=study.slot(result.cell.model),
                rank=number if evaluate else None,
                overlaps_best=overlaps(evaluate, best) if number > 1 else False,
                trust=checks.of_cell(result.assess["measures"]) if result.assess else None,
                **_places(evaluate, axis),
            )
        )
    return tuple(entries), axis


def _axis(evaluations: list[dict[str, Any]]) -> tuple[float, float] | None:
    """The span of all intervals, widened to a whole percent."""
    lows = [e["accuracy_low"] for e in evaluations if numbers.known(e["accuracy_low"])]
    highs = [e["accuracy_high"] for e in evaluations if numbers.known(e["accuracy_high"])]
    if not (lows and highs):
        return None
    low, high = int(100 * min(lows)) / 100, min(1.0, -int(-100 * max(highs)) / 100 + 0.01)
    return low, high


def _places(evaluate: dict[str, Any], axis: tuple[float, float] | None) -> dict[str, float | None]:
    """Where the accuracy and the ends of its interval lie on the axis, None where unknown."""
    places: dict[str, float | None] = {}
    for end in ("", "low", "high"):
        value = evaluate.get(f"accuracy_{end}".rstrip("_"))
        place = position(value, *axis) if axis and numbers.known(value) else None
        places[f"{end}_position".lstrip("_")] = place
    return places


def _strip(results: Iterable[CellResults]) -> Strip | None:
    """Draw correct predictions of the first cell that has any, one per class, evenly spaced."""
    for result in results:
        explanations = result.explanations()
        if explanations is None or not explanations.maps:
            continue
        rows = _one_per_class(explanations)
        if rows:
            return _draw(result, explanations, rows)
    return None


def _one_per_class(explanations: Explanations) -> list[int]:
    firsts: dict[int, int] = {}
    for row, (label, predicted, target) in enumerate(
        zip(explanations.label, explanations.predicted, explanations.target, strict=True)
    ):
        if label == predicted == target:
            firsts.setdefault(int(label), row)
    rows = [firsts[label] for label in sorted(firsts)]
    if len(rows) <= PICTURES:
        return rows
    return [rows[round(i * (len(rows) - 1) / (PICTURES - 1))] for i in range(PICTURES)]


def _draw(result: CellResults, explanations: Explanations, rows: list[int]) -> Strip:
    maps = explanations.maps
    method = methods.first_overlay(maps)
    signed = sprites.is_signed(maps[method])
    height, width = explanations.images.shape[1:3]
    sprite = Sprite(height, width, 2 * len(rows))
    pictures = []
    for row in rows:
        label = explanations.class_names[explanations.label[row]]
        image = sprite.image(explanations.images[row], f"A test image of the class {label}")
        heat = sprite.add(sprites.colour(maps[method][row], method, signed))
        pictures.append((image, heat, label))
    return Strip(
        result=result,
        method=methods.describe(method).label,
        sprite=sprite,
        pictures=tuple(pictures),
    )
