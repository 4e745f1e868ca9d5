"""The page on experiments: parameters changed, results, grids, filters and maps."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from heatproof.report import navigation, rendering
from heatproof.report.charts import colours
from heatproof.report.sections import grids, side_by_side
from heatproof.report.sections.outcomes import FIGURES, Outcome, Start, as_typed, changed_cells
from heatproof.statistics import numbers
from heatproof.storage.atomic import write_bytes, write_text
from heatproof.storage.folders import replace_folder


def write(starts: Sequence[Start], folder: Path, report: Path) -> None:
    """Write the page and its pictures to `folder`, in place of an earlier one.

    Args:
        starts: the commits that experiments started from; may be empty.
        folder: of the page.
        report: the site's folder, beside `folder`; linked to if it exists.
    """
    replace_folder(folder, lambda fresh: _write(starts, fresh, report))


def _write(starts: Sequence[Start], folder: Path, report: Path) -> None:
    sections = [section(start) for start in starts if start.experiments]
    for i, one in enumerate(sections):
        for j, cell in enumerate(one["cells"]):
            for kind in ("filters", "maps"):
                if cell[kind] is not None:
                    png = cell[kind].sprite.png()
                    write_bytes(folder / "images" / f"{i}-{j}-{kind}.png", png)
    pages = {path.relative_to(report).as_posix() for path in report.rglob("*.html")}
    templates = rendering.environment()
    templates.globals["has_claims"] = "claims.html" in pages
    data_pages = sorted(path for path in pages if path.startswith("datasets/"))
    first = data_pages[0].removesuffix(".html") if data_pages else ""
    templates.globals["site_links"] = navigation.pages(pages, first)
    values = {
        "static": rendering.static("maps.css", "experiments.css"),
        "palette": colours.palette(),
        "sections": sections,
        "count": sum(len(one["start"].experiments) for one in sections),
        "figures": FIGURES,
        "change": change,
        "as_typed": as_typed,
        "root": f"../{report.name}/",
        "pages": pages,
    }
    write_text(folder / "index.html", rendering.page(templates, "experiments.html", values))


def section(start: Start) -> dict[str, Any]:
    """Lay out one commit's experiments.

    Returns:
        `start`; `cells`, each with its experiments, the most accurate first after the baseline;
        `others`: the experiments without figures of their own, and why.
    """
    cells = [_cell(start, name, outcomes) for name, outcomes in changed_cells(start).items()]
    listed = {outcome.name for cell in cells for outcome in cell["outcomes"]}
    return {"start": start, "cells": cells, "others": list(_others(start, listed))}


def _cell(start: Start, name: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    ordered = sorted(outcomes, key=lambda o: (-(o.figures[name].get("accuracy") or 0), o.name))
    if name in start.baseline.figures:
        ordered.insert(0, start.baseline)
    return {
        "name": name,
        "outcomes": ordered,
        "grids": grids.grids(name, outcomes, start.baseline),
        "filters": side_by_side.filters(name, ordered),
        "maps": side_by_side.maps(name, ordered),
    }


def change(figure: str, value: float | None, before: float | None) -> str:
    """Format a figure's change, with its sign; empty where one of the two is unknown.

    Args:
        figure: of `FIGURES`.
        value: the experiment's.
        before: the baseline's.
    """
    factor, decimals, unit = FIGURES[figure].change
    if not (numbers.known(value) and numbers.known(before)) or (factor is None and before == 0):
        return ""
    text = numbers.decimal((factor or 100 / before) * (value - before), decimals)
    if not text.strip("0."):
        return "no change"
    return f"{text if text.startswith(numbers.MINUS) else '+' + text}{unit}"


def _others(start: Start, listed: set[str]) -> Iterator[tuple[Outcome, str]]:
    for outcome in start.experiments:
        if outcome.name not in listed:
            reason = outcome.note or "all figures are the baseline’s"
            yield outcome, f"{'failed: ' if outcome.status == 'failed' else ''}{reason}"
