"""The page on experiments: parameters changed, results, grids, filters and maps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heatproof.report import rendering
from heatproof.report.sections import grids, side_by_side
from heatproof.report.sections.grids import Grid
from heatproof.report.sections.outcomes import FAILED, Outcome, Start, changed_cells
from heatproof.report.sections.side_by_side import Sheet
from heatproof.statistics import numbers
from heatproof.storage.atomic import write_bytes, write_text
from heatproof.storage.folders import replace_folder

# Each figure's label, and the unit of its change: percentage points, or percent of the baseline.
FIGURES = {
    "accuracy": ("Test accuracy", "points"),
    "macro_f1": ("Macro F1", "thousandths"),
    "ece": ("Calibration error", "points"),
    "parameters": ("Parameters", "share"),
    "flops": ("FLOPs", "share"),
    "train_seconds": ("Training", "share"),
}


@dataclass(frozen=True)
class Line:
    """One experiment's row of a cell's table; `baseline` if it is what the others start from.

    figures: a number as text, its signed change, and the number itself for sorting.
    """

    name: str
    baseline: bool
    changes: tuple[tuple[str, str, str], ...]
    interval: str
    figures: tuple[tuple[str, str, float | None], ...]


@dataclass(frozen=True)
class Cell:
    """The experiments that changed one cell."""

    name: str
    lines: tuple[Line, ...]
    grids: tuple[Grid, ...]
    filters: Sheet | None
    maps: Sheet | None


@dataclass(frozen=True)
class Section:
    """One commit and its experiments. `others`: those without figures of their own, and why."""

    start: Start
    cells: tuple[Cell, ...]
    others: tuple[tuple[str, str, tuple[tuple[str, str, str], ...]], ...]


def write(starts: Sequence[Start], folder: Path, report: Path) -> None:
    """Write the page and its pictures to `folder`, in place of an earlier one.

    Args:
        starts: the commits that experiments started from; may be empty.
        folder: of the page.
        report: the site's folder, beside `folder`; linked to if it exists.
    """
    replace_folder(folder, lambda fresh: _write(starts, fresh, report))


def section(start: Start) -> Section:
    """Lay out one commit's experiments."""
    cells = tuple(_cell(start, name, outcomes) for name, outcomes in changed_cells(start).items())
    listed = {line.name for cell in cells for line in cell.lines}
    return Section(start, cells, tuple(_others(start, listed)))


def _write(starts: Sequence[Start], folder: Path, report: Path) -> None:
    sections = tuple(section(start) for start in starts if start.experiments)
    for i, one in enumerate(sections):
        for j, cell in enumerate(one.cells):
            for kind, sheet in (("filters", cell.filters), ("maps", cell.maps)):
                if sheet is not None:
                    write_bytes(folder / "images" / f"{i}-{j}-{kind}.png", sheet.sprite.png())
    templates = rendering.environment()
    templates.globals["static"] = rendering.static("experiments.css")
    pages = {path.relative_to(report).as_posix() for path in report.rglob("*.html")}
    values = {
        "sections": sections,
        "count": sum(len(one.start.experiments) for one in sections),
        "names": [label for label, _ in FIGURES.values()],
        "root": f"../{report.name}/",
        "pages": pages,
    }
    write_text(folder / "index.html", templates.get_template("experiments.html").render(values))


def _cell(start: Start, name: str, outcomes: Sequence[Outcome]) -> Cell:
    by_accuracy = sorted(outcomes, key=lambda o: (-(o.figures[name].get("accuracy") or 0), o.name))
    lines = [_line(outcome, start.baseline, name) for outcome in by_accuracy]
    rows = list(by_accuracy)
    if name in start.baseline.figures:
        lines.insert(0, _line(start.baseline, start.baseline, name))
        rows.insert(0, start.baseline)
    return Cell(
        name=name,
        lines=tuple(lines),
        grids=grids.grids(name, outcomes, start.baseline),
        filters=side_by_side.filters(name, rows),
        maps=side_by_side.maps(name, rows),
    )


def _line(outcome: Outcome, baseline: Outcome, cell: str) -> Line:
    own, before = outcome.figures[cell], baseline.figures.get(cell, {})
    return Line(
        name=outcome.name,
        baseline=outcome is baseline,
        changes=_changes(outcome, baseline),
        interval=numbers.interval(
            own.get("accuracy_low"), own.get("accuracy_high"), own.get("test_images")
        ),
        figures=tuple(
            (
                _format(name, own),
                "" if outcome is baseline else change(own.get(name), before.get(name), kind),
                own.get(name),
            )
            for name, (_, kind) in FIGURES.items()
        ),
    )


def change(value: float | None, before: float | None, kind: str) -> str:
    """Format a figure's change, with its sign; empty where one of the two is unknown.

    Args:
        value: the experiment's.
        before: the baseline's.
        kind: "points" (of percent), "thousandths", or "share" (of the baseline's).
    """
    if not (numbers.known(value) and numbers.known(before)):
        return ""
    if kind == "share":
        if before == 0:
            return ""
        text, unit = numbers.decimal(100 * (value - before) / before, 1), " %"
    elif kind == "points":
        text, unit = numbers.decimal(100 * (value - before), 2), " points"
    else:
        text, unit = numbers.decimal(value - before, 3), ""
    if not text.strip("0."):
        return "no change"
    return f"{text if text.startswith(numbers.MINUS) else '+' + text}{unit}"


def _format(name: str, figures: dict[str, Any]) -> str:
    value = figures.get(name)
    if name == "macro_f1":
        return numbers.decimal(value, 3)
    if name == "train_seconds":
        return numbers.duration(value)
    if name in ("parameters", "flops"):
        return numbers.amount(value)
    return numbers.percent(value, figures.get("test_images") if name == "accuracy" else None)


def _changes(outcome: Outcome, baseline: Outcome) -> tuple[tuple[str, str, str], ...]:
    changed = outcome.changes(baseline).items()
    return tuple(
        (name, grids.as_typed(before), grids.as_typed(after)) for name, (before, after) in changed
    )


def _others(
    start: Start, listed: set[str]
) -> Iterator[tuple[str, str, tuple[tuple[str, str, str], ...]]]:
    for outcome in start.experiments:
        if outcome.name not in listed:
            reason = outcome.note or "all figures are the baseline’s"
            status = "failed: " if outcome.status == FAILED else ""
            changes = _changes(outcome, start.baseline) if outcome.params else ()
            yield outcome.name, f"{status}{reason}", changes
