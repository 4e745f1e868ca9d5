"""The overview: key findings, leaderboard, example maps, training curves, provenance."""

from typing import Any

from heatproof.report import provenance
from heatproof.report.charts.frame import position
from heatproof.report.pages import claims
from heatproof.report.sections import (
    costs,
    curves,
    domains_summary,
    few_images,
    hero,
    trust_summary,
)
from heatproof.report.sections.cross_validation import cross_validated
from heatproof.report.sections.key_findings import key_findings
from heatproof.report.sections.seeds import over_seeds
from heatproof.report.sections.ties import compare
from heatproof.report.study import Study
from heatproof.report.text import measures
from heatproof.statistics import numbers
from heatproof.trust import checks
from heatproof.trust.measure import base

FINDINGS = 3  # on the first screen; what else there is stands below
MAX_REMARKED = (
    12  # networks whose shortcomings are listed at the top; the others' are on their pages
)


def context(study: Study) -> dict[str, Any]:
    """The values of the overview's template."""
    sections = [section(study, name) for name in study.dataset_names]
    findings = key_findings(study)
    return {
        "params": study.params,
        "summary": _summary(study),
        "sections": sections,
        "slot": study.slot,
        "position": position,
        "trust_of": lambda r: checks.of_cell(r.assess["measures"]) if r.rated else None,
        "few_images": few_images.of_study(study),
        "evaluated": sum(bool(c.evaluate) for c in study.cells),
        "incomplete": [c for c in study.cells if c.missing],
        "findings": findings[:FINDINGS],
        "more_findings": findings[FINDINGS:],
        "more_runs": [
            (c.name, " ".join(filter(None, texts)))
            for c in study.cells
            if c.evaluate
            and any(
                texts := [
                    over_seeds(c.seeds, c.evaluate["test_images"]),
                    cross_validated(c.folds, c.fold_runs),
                ]
            )
        ],
        "made_by": provenance.summary(study.provenance),
        "budget_meaning": provenance.BUDGETS.get(study.params.budget, "")
        if any(c.schedule for c in study.cells)
        else "",
        "check_measures": [measures.describe(base(name)).label for name in checks.MEASURES],
        "trust_statements": trust_summary.statements(study.rated),
        "unrated": study.unrated,
        "remarked": [c for c in study.cells if c.remarks],
        "max_remarked": MAX_REMARKED,
        "tried": study.params.corrupted or study.params.evaluate_on,
        "domains": domains_summary.answers(study),
        "tally": claims.context(study, study.claims)["tally"],
        "answers": hero.rows(study, [each["results"] for each in sections]),
        "cells": len(study.cells),
        "assessed": any(c.assess for c in study.cells),
        "settings": [
            (c, study.params.run(c.name).training.optimizer) for c in study.cells if c.schedule
        ],
    }


def _summary(study: Study) -> str:
    """Say what the study is of: how many networks, evaluated and trained, on how many datasets."""
    networks, evaluated = len(study.cells), sum(bool(c.evaluate) for c in study.cells)
    trained = sum(c.name in study.params.runs for c in study.cells)
    counted = numbers.plural(networks, "trained network" if trained == networks else "network")
    if evaluated < networks:
        counted = f"{evaluated} of {numbers.plural(networks, 'network')} evaluated"
    models = numbers.plural(
        len(study.model_names), "architecture" if trained == networks else "model"
    )
    sentences = [
        f"{counted}: {models} on {numbers.plural(len(study.dataset_names), 'dataset')}.",
    ]
    if trained:
        sentences.append(f"{_runs(study)}, budget {study.params.budget}, seed {study.params.seed}.")
    others = ((study.params.saved, "opened from a file, not trained here"),
              (study.params.derived, "derived from others"))  # fmt: skip
    for listed, how in others:
        if count := sum(c.name in listed for c in study.cells):
            of_all = "The network was" if networks == 1 else "All networks were"
            some = numbers.plural(count, "network was", "networks were")
            sentences.append(f"{some if count < networks else of_all} {how}.")
    return " ".join(sentences)


def _runs(study: Study) -> str:
    """Count the training runs, and those that are finished where not all are."""
    runs = numbers.plural(len(study.params.runs), "training run")
    if study.finished == len(study.params.runs):
        return runs
    return f"{study.finished} of {runs} finished"


def section(study: Study, dataset: str) -> dict[str, Any]:
    """What the overview shows of one dataset.

    Returns:
        results: its cells by test accuracy, the not evaluated last. tied: name -> how a cell
        compares with the first. axis: the span that their intervals share, if there are any.
        size, cost, charts: None or empty where unknown.
    """
    results = sorted(
        study.cells_on(dataset),
        key=lambda r: (-r.evaluate["accuracy"], r.name) if r.evaluate else (1.0, ""),
    )
    best = results[0]
    return {
        "name": dataset,
        "size": study.datasets.get(dataset),
        "results": results,
        "axis": _axis([r.evaluate for r in results if r.evaluate]),
        "cost": costs.of_dataset(study, dataset),
        "charts": curves.of_dataset(study, dataset),
        "trained": any(r.schedule for r in results),
        "tied": {r.name: compare(r, best) for r in results if r.evaluate and r is not best},
    }


def _axis(evaluations: list[dict[str, Any]]) -> tuple[float, float] | None:
    """The span of all intervals, widened to a whole percent."""
    lows = [e["accuracy_low"] for e in evaluations if numbers.known(e["accuracy_low"])]
    highs = [e["accuracy_high"] for e in evaluations if numbers.known(e["accuracy_high"])]
    if not (lows and highs):
        return None
    low, high = int(100 * min(lows)) / 100, min(1.0, -int(-100 * max(highs)) / 100 + 0.01)
    return low, high
