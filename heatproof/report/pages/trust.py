"""The page on explanations over all cells: which can be trusted, by which measure, at what cost."""

from collections.abc import Sequence
from functools import partial
from itertools import product
from statistics import fmean, geometric_mean, median
from typing import Any

from heatproof.report.cell_results import CellResults
from heatproof.report.charts import heat
from heatproof.report.charts.scatter import scatter
from heatproof.report.pages import libraries
from heatproof.report.sections import (
    cell_trust,
    domains_summary,
    published,
    trust_summary,
    verdict_findings,
    verdicts,
)
from heatproof.report.sections import ranks as ranked
from heatproof.report.sections.ranks import Assess
from heatproof.report.sections.trust_table import Column, Table, source, table
from heatproof.report.study import Study
from heatproof.report.text import measures, methods
from heatproof.statistics import numbers

TIMED = "_ms_per_image"


def context(study: Study) -> dict[str, Any]:
    """The values of the template trust.html."""
    assessed = study.rated
    contents = [c.assess for c in assessed]
    names = _names(study, contents)
    costs, timed = cost(study.cells, names)
    faithful = {n: fmean(r) for n, r in ranked.mean_ranks(contents, measures.FAITHFUL).items()}
    tried = domains_summary.maps(study)
    tables = [verdicts.of_cell(c.verdict, study.showcases[c.name]) for c in assessed]
    every = ranked.table(contents, measures.COLUMNS)
    ranks, silent = every.parted() if every else (None, None)
    return {
        "params": study.params,
        "cells": len(study.cells),
        "assessed": assessed,
        "unrated": study.unrated,
        "image_counts": sorted({a["images"] for a in contents}),
        "measure_count": len({name for a in contents for name in a["measures"]}),
        "verdicts": verdicts.of_study(assessed, tables),
        "judged": list(zip(assessed, tables, strict=True)),
        "zero_maps": [
            text
            for c in assessed
            for text in verdicts.zero(study.showcases[c.name], f" on {c.name}")
        ],
        "answer": verdict_findings.of_study(assessed),
        "trust_statements": trust_summary.statements(assessed),
        "planted": _known_by(assessed, ["planted"]),
        "truth": truth(_known_by(assessed, ["planted"])),
        "annotated": _known_by(assessed, cell_trust.ANNOTATED),
        "objects": truth(_known_by(assessed, cell_trust.ANNOTATED)),
        "foreground": foreground(assessed),
        "foreground_cells": sum(a["mask"] == "foreground" for a in contents),
        "ranks": ranks,
        "silent": silent,
        "all_ranks": every_rank(contents),
        "stability": [(label, kept, known, min(taus, default=None), median(taus) if taus else None)
                      for label, kept, taus, known in ranked.stability(contents)],
        "agreement": agreement(contents),
        "cost_chart": scatter(
            "Milliseconds per image against faithfulness",
            [(methods.describe(n).label, costs[n], faithful[n]) for n in names
             if n in costs and n in faithful],
            x_title="milliseconds per image, log scale",
            y_title="mean rank by the MoRF–LeRF gap, 1 is best",
        ),
        "timed": timed,
        "domains": tried,
        "domain_statements": domains_summary.statements(tried),
        "significant": domains_summary.significant,
        "measure_labels": domains_summary.LABELS,
        "comparisons": published.comparisons(study),
        "published_source": published.SOURCE,
        "checked_at": partial(libraries.anchor, study),
        "methods": [(methods.describe(n), sum(n in _of(a) for a in contents)) for n in names],
        "costs": costs,
        "faithful": faithful,
        "meanings": [
            *((each.label, each.meaning) for m in measures.COLUMNS
              if any(m in a["measures"] for a in contents) and (each := measures.describe(m))),
            *((f"Control: {each.inline}", each.meaning) for each in measures.CONTROLS.values()),
        ],
    }  # fmt: skip


def _known_by(assessed: Sequence[CellResults], kinds: Sequence[str]) -> list[CellResults]:
    """The cells with these kinds of masks."""
    return [c for c in assessed if c.assess["mask"] in kinds]


def truth(known: Sequence[CellResults]) -> Table | None:
    """Localisation of what is known to be the evidence, of each cell, the best method first."""
    columns = table(
        source(c.assess, measure, group=c.name)
        for c in known
        for measure in measures.TRUTHS
        if measure in c.assess["measures"]
    )
    return columns and columns.by_mean(measures.LOCATES)


def foreground(assessed: Sequence[CellResults]) -> Table | None:
    """Localisation where the object's foreground is the mask: means over those cells."""
    cells = [c.assess for c in assessed if c.assess["mask"] == "foreground"]
    columns = table(
        Column(
            measure,
            ranked.over_cells(ranked.means(cells, measure)),
            best=True,
            note=measures.wanted(measure),
        )
        for measure in measures.TRUTHS
    )
    return columns and columns.by_mean(measures.LOCATES)


def every_rank(contents: Sequence[Assess]) -> Table | None:
    """Mean ranks by every measure and variant of which one side is better."""
    names = {name: None for a in contents for name in a["measures"]}
    return ranked.table(contents, measures.ordered(list(names)))


def agreement(contents: Sequence[Assess]) -> heat.Heat | None:
    """The mean over cells of each pair's rank correlation on the coarse grid."""
    pairs: dict[tuple[str, str], list[float]] = {}
    for content in (assess["agreement"] for assess in contents):
        matrix = content["grid"]["spearman"]
        for (i, one), (j, other) in product(enumerate(content["methods"]), repeat=2):
            if numbers.known(matrix[i][j]):
                pairs.setdefault((one, other), []).append(matrix[i][j])
    order = methods.ordered({name for a in contents for name in a["agreement"]["methods"]})
    return heat.heat(
        "Rank correlation on a coarse grid, mean over the networks",
        [methods.describe(name).label for name in order],
        [[fmean(pairs[a, b]) if (a, b) in pairs else None for b in order] for a in order],
    )


def cost(cells: Sequence[CellResults], names: Sequence[str]) -> tuple[dict[str, float], int]:
    """Each method's milliseconds per image, a geometric mean over cells.

    Over the cells where the most methods were timed, so that all are compared on the same networks.

    Returns:
        method -> milliseconds; and the number of those cells.
    """
    times = [
        {n: c.timing[n + TIMED] for n in names if (c.timing.get(n + TIMED) or 0) > 0} for c in cells
    ]
    most = max(map(len, times), default=0)
    used = [each for each in times if each and len(each) == most]
    by_method = ranked.collected(used).items()
    return {n: geometric_mean(each) for n, each in by_method if len(each) == len(used)}, len(used)


def _names(study: Study, contents: Sequence[Assess]) -> list[str]:
    """The methods that were measured or timed anywhere, in the report's order."""
    measured = {name for a in contents for name in _of(a)}
    timed = {key.removesuffix(TIMED) for c in study.cells for key in c.timing if TIMED in key}
    explained = {name for c in study.cells for name in c.methods()}
    return methods.ordered(list(measured | (timed & explained)))


def _of(assess: Assess) -> set[str]:
    """The methods that a cell's measures assess."""
    return {n for m in assess["measures"].values() for n in m if n not in measures.CONTROLS}
