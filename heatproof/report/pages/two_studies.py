"""The page on two studies, or two versions of one: what changed, and what came of it."""

from pathlib import Path
from typing import Any

from heatproof.domains.comparison import adjust
from heatproof.report import rendering
from heatproof.report.pages.experiments import change
from heatproof.report.sections import two_sides
from heatproof.report.sections.outcomes import FIGURES, as_typed
from heatproof.report.sections.sides import Side
from heatproof.report.sections.two_sides import CellPair, conclusion
from heatproof.statistics import numbers
from heatproof.statistics.paired import SIGNIFICANT
from heatproof.storage.atomic import write_bytes, write_text
from heatproof.storage.folders import replace_folder


def write(first: Side, second: Side, folder: Path, command: str) -> list[str]:
    """Write the page and its pictures to `folder`, in place of an earlier one.

    Args:
        first: A.
        second: B.
        folder: of the page.
        command: what makes the page again, for its foot.

    Returns:
        What the comparison comes to, in sentences.
    """
    values = context(first, second)
    replace_folder(folder, lambda fresh: _write(values, fresh, command))
    return values["findings"]


def _write(values: dict[str, Any], folder: Path, command: str) -> None:
    for number, cell in enumerate(values["pairs"]):
        if cell.sprite is not None and not cell.same:
            write_bytes(folder / "images" / f"{number}.png", cell.sprite.png())
    templates = rendering.environment()
    more = {
        "static": rendering.static("maps.css", "two_studies.css"),
        "command": command,
        "figures": FIGURES,
        "change": change,
        "as_typed": as_typed,
        "conclusion": conclusion,
    }
    page = rendering.page(templates, "two_studies.html", values | more)
    write_text(folder / "index.html", page)


def context(first: Side, second: Side) -> dict[str, Any]:
    """Lay out the comparison.

    Returns:
        `sides`; `changes` of parameters, name -> both values; `pairs`, the cells that both have;
        `alone`, of each side its cells that the other has not; `findings`, in sentences; `missing`,
        of each side what is not at hand; `code`, libraries of other versions.
    """
    common = [name for name in first.cells if name in second.cells]
    pairs = [two_sides.pair(first.cells[name], second.cells[name]) for name in common]
    adjust([cell.paired for cell in pairs if cell.paired])
    changes = second.outcome.changes(first.outcome)
    return {
        "sides": (first, second),
        "changes": changes,
        "pairs": pairs,
        "alone": [[n for n in a.cells if n not in b.cells] for a, b in _both_ways(first, second)],
        "findings": findings(first, second, pairs),
        "missing": [_missing(side) for side in (first, second)],
        "code": _versions(first, second),
    }


def findings(first: Side, second: Side, pairs: list[CellPair]) -> list[str]:
    """Say in a few sentences what the comparison comes to."""
    changed = len(second.outcome.changes(first.outcome))
    found = [
        f"{numbers.plural(changed, 'parameter')} {'differs' if changed == 1 else 'differ'}."
        if changed
        else "No parameter differs."
    ]
    if not pairs:
        return [*found, "No cell is in both: there is no accuracy, verdict or map to compare."]
    tested = [cell for cell in pairs if cell.paired]
    if tested:
        different = [
            f"on {numbers.printable(cell.name)} {conclusion(cell.paired)}, by "
            f"{numbers.decimal(100 * abs(cell.paired['difference']), 2)} points"
            for cell in tested
            if cell.paired["p_adjusted"] < SIGNIFICANT
        ]
        if different:
            told = "; ".join(different)
            found.append(f"{told[0].upper()}{told[1:]}.")
        if len(different) < len(tested):
            of = numbers.plural(len(tested) - len(different), "cell")
            found.append(f"No difference of accuracy is shown on {of}.")
    judged = [row for cell in pairs for row in cell.rows if all(row.levels)]
    if judged:
        another, of = sum(row.changed for row in judged), numbers.plural(len(judged), "verdict")
        found.append(f"{another or 'None'} of {of} on methods changed.")
    return found


def _both_ways(first: Side, second: Side) -> tuple[tuple[Side, Side], tuple[Side, Side]]:
    return (first, second), (second, first)


def _missing(side: Side) -> list[tuple[str, list[str]]]:
    """Return the cells of which something is missing or damaged, with what, in words."""
    return [
        (
            cell.name,
            [
                *([f"no {numbers.listing(list(cell.missing))}"] if cell.missing else []),
                *cell.damaged,
            ],
        )
        for cell in side.cells.values()
        if cell.missing or cell.damaged
    ]


def _versions(first: Side, second: Side) -> dict[str, tuple[str, str]]:
    """Return what both say that they ran on, and what differs."""
    names = [name for name in first.ran_on if name in second.ran_on]
    return {
        name: (first.ran_on[name], second.ran_on[name])
        for name in names
        if first.ran_on[name] != second.ran_on[name]
    }
