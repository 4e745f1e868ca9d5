"""Accuracy against FLOPs: one panel per dataset, all with the same axis of FLOPs."""

from collections.abc import Sequence

from heatproof.report.cell_results import CellResults
from heatproof.report.charts.frame import Axis
from heatproof.report.charts.scatter import Mark, Scatter, decades, plot
from heatproof.report.charts.ticks import ticks
from heatproof.report.study import Study
from heatproof.statistics import numbers

SIZE = (430.0, 290.0)
MAX_LETTERS = 16  # of a network's name beside its point
MARGIN = 0.06  # of the accuracies' span, above and below


def of_dataset(study: Study, dataset: str) -> Scatter | None:
    """Draw the evaluated cells of a dataset; None where there are fewer than two.

    The axis of FLOPs is that of the whole study, the axis of accuracy the dataset's own.
    """
    cells = [c for c in study.cells_on(dataset) if _drawable(c)]
    if len(cells) < 2:
        return None
    costs = [c.evaluate["flops"] for c in study.cells if _drawable(c)]
    return plot(
        f"Accuracy by FLOPs, {numbers.short(dataset, 30)}",
        [_mark(study, c) for c in cells],
        decades("FLOPs per image, log scale", costs, _power),
        _accuracies(cells),
        SIZE,
    )


def _drawable(result: CellResults) -> bool:
    return bool(result.evaluate) and (result.evaluate["flops"] or 0) > 0


def _mark(study: Study, result: CellResults) -> Mark:
    metrics = result.evaluate
    low, high = (
        metrics[end] if numbers.known(metrics[end]) else None
        for end in ("accuracy_low", "accuracy_high")
    )
    name = numbers.printable(result.cell.model)
    images = metrics["test_images"]
    tip = f"{name}: {numbers.percent(metrics['accuracy'], images)}"
    if low is not None and high is not None:
        tip += f" ({numbers.interval(low, high, images)})"
    return Mark(
        name,
        metrics["flops"],
        metrics["accuracy"],
        f"{tip}, {numbers.amount(metrics['flops'])} FLOPs",
        low,
        high,
        study.slot(result.cell.model),
        MAX_LETTERS,
    )


def _power(value: float) -> str:
    """A power of ten, without the decimals that other amounts have."""
    number, _, unit = numbers.amount(value).partition(" ")
    return f"{float(number):g} {unit}".strip()


def _accuracies(cells: Sequence[CellResults]) -> Axis:
    ends = ("accuracy", "accuracy_low", "accuracy_high")
    values = [c.evaluate[end] for c in cells for end in ends if numbers.known(c.evaluate[end])]
    margin = max(MARGIN * (max(values) - min(values)), 0.001)
    low, high = max(0.0, min(values) - margin), min(1.0, max(values) + margin)
    inner = [y for y in ticks(low, high, 4) if low - 1e-9 <= y <= high + 1e-9]
    return Axis("Test accuracy", low, high, [(y, f"{100 * y:.4g} %") for y in inner])
