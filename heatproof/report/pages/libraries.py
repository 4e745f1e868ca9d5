"""The page on the crosscheck: every method beside tf-keras-vis, lime and shap, on every network."""

from typing import Any

from heatproof.attribution import registry
from heatproof.crosscheck.checks import FIGURES, FIGURES_LIBRARY, MAXIMISATION, Check, checks
from heatproof.report.cell_results import CellResults
from heatproof.report.study import Study
from heatproof.report.text import methods
from heatproof.report.text.crosscheck import UNKNOWN, VERDICTS
from heatproof.statistics import numbers

_LABELS = {
    MAXIMISATION: "Activation maximisation",
    FIGURES: "Accuracy and the other figures of the test images",
}
UNCHECKED = "unchecked"  # the page's part on methods that no library has
# Below what six decimals show.
_LEAST = 1e-6


def context(study: Study) -> dict[str, Any]:
    """The values of the template libraries.html."""
    checked = [cell for cell in study.cells if cell.crosscheck]
    found = {name: None for cell in checked for name in cell.crosscheck["checks"]}
    names = [*(n for n in checks() if n in found), *(n for n in found if n not in checks())]
    return {
        "params": study.params,
        "cells": len(study.cells),
        "checked": checked,
        "libraries": _libraries(checked),
        "engines": [methods.describe(name).label for name in study.engines],
        "verdicts": VERDICTS,
        "tally": tally(checked),
        "groups": [_group(name, checked) for name in names],
        "unchecked": unchecked(),
        "bounds": checked[0].crosscheck["bounds"] if checked else {},
        "draws": checked[0].crosscheck["draws"] if checked else {},
    }


def anchor(study: Study, method: str) -> str:
    """Return where the page tells of a method: a part of it, or its top with ""."""
    if method not in checks():
        return UNCHECKED
    known = any(method in cell.crosscheck.get("checks", {}) for cell in study.cells)
    return f"check-{method}" if known else ""


def tally(checked: list[CellResults]) -> dict[str, int]:
    """How many comparisons came out how, verdicts without any left out."""
    counts = [cell.crosscheck["verdicts"] for cell in checked]
    sums = {verdict: sum(each.get(verdict, 0) for each in counts) for verdict in VERDICTS}
    return {verdict: number for verdict, number in sums.items() if number}


def unchecked() -> list[str]:
    """The labels of the methods that none of the libraries has."""
    return [method.label for name, method in registry.methods().items() if name not in checks()]


def _libraries(checked: list[CellResults]) -> list[str]:
    """The libraries with their versions, each that was used."""
    versions = [version for c in checked for version in c.crosscheck["libraries"].values()]
    return list(dict.fromkeys(versions))


def _group(name: str, checked: list[CellResults]) -> dict[str, Any]:
    records = registry.methods()  # whose labels name no engine: here are both
    check = checks().get(name)
    rows = [
        _row(cell, cell.crosscheck["checks"][name], name)
        for cell in checked
        if name in cell.crosscheck["checks"]
    ]
    return {
        "name": name,
        "label": _LABELS.get(name) or (records[name].label if name in records else name),
        "library": check.package if check else FIGURES_LIBRARY if name == FIGURES else "",
        "meaning": check.meaning if check else "",
        "source": _source(check),
        "rows": rows,
    }


def _source(check: Check | None) -> str:
    parts = (check.reference, check.address) if check else ()
    return ", ".join(part for part in parts if part)


def _row(cell: CellResults, record: dict[str, Any], name: str) -> dict[str, Any]:
    """What a line of the table says of one network."""
    strict = next((record[k] for k in ("same", "draws", "reached", "maps") if k in record), record)
    defined = record.get("maps", {}) if "same" in record or "draws" in record else {}
    shape, label, _ = VERDICTS.get(record["verdict"], UNKNOWN)
    return {
        "cell": cell.name,
        "shape": shape,
        "verdict": label,
        "reason": record.get("reason") or _figures(record),
        "largest": _share(strict.get("largest")),
        "mean": _share(strict.get("mean")),
        "rank": strict.get("rank"),
        "errors": record.get("draws", {}).get("errors"),
        "defined": defined.get("rank"),
        "own": cell.crosscheck["seconds"].get(f"{name}_own_seconds"),
        "other": cell.crosscheck["seconds"].get(f"{name}_other_seconds"),
    }


def _figures(record: dict[str, Any]) -> str:
    """Say which figures were counted again, and which came out otherwise."""
    if "count" not in record:
        return ""
    text = numbers.plural(record["count"], "figure")
    wrong = [
        f"{each['name']}: {numbers.significant(each['own'], 6)}, scikit-learn "
        f"{numbers.significant(each['other'], 6)}"
        for each in record["wrong"]
    ]
    return f"{text}; {'; '.join(wrong[:5])}" if wrong else text


def _share(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.000001" if value < _LEAST else numbers.significant(value, 2)
