"""Accuracy against what an answer costs: a panel a dataset, all with one axis of operations."""

from collections.abc import Sequence

from heatproof.report.charts.charts import ticks
from heatproof.report.charts.scatter import Axis, Mark, Scatter, decades, plot
from heatproof.report.study import CellResults, Study
from heatproof.statistics import numbers

SIZE = (430.0, 290.0)
LETTERS = 16  # of a network's name beside its point
AIR = 0.06  # of the accuracies' span, above and below


def of_dataset(study: Study, dataset: str) -> Scatter | None:
    """Draw the evaluated cells of a dataset; None where there are fewer than two.

    The axis of operations is that of the whole study, the axis of accuracy the dataset's own.
    """
    cells = [c for c in study.cells_on(dataset) if _drawable(c)]
    if len(cells) < 2:
        return None
    costs = [c.evaluate["flops"] for c in study.cells if _drawable(c)]
    return plot(
        f"Accuracy by FLOPs, {numbers.short(dataset, 30)}",
        [_mark(study, c) for c in cells],
        x_axis=decades("FLOPs for one image, each step ten times as many", costs, _power),
        y_axis=_accuracies(cells),
        size=SIZE,
    )


def _drawable(result: CellResults) -> bool:
    return bool(result.evaluate) and result.evaluate["flops"] > 0


def _mark(study: Study, result: CellResults) -> Mark:
    said = result.evaluate
    low, high = (
        said[end] if numbers.known(said[end]) else None for end in ("accuracy_low", "accuracy_high")
    )
    name = numbers.short(result.cell.model, LETTERS)
    images = said["test_images"]
    tip = f"{name}: {numbers.percent(said['accuracy'], images)}"
    if low is not None and high is not None:
        tip += f" ({numbers.interval(low, high, images)})"
    return Mark(
        name,
        said["flops"],
        said["accuracy"],
        f"{tip}, {numbers.amount(said['flops'])} FLOPs",
        low,
        high,
        study.slot(result.cell.model),
    )


def _power(value: float) -> str:
    """A power of ten, without the zeros that other amounts have behind the point."""
    number, _, unit = numbers.amount(value).partition(" ")
    return f"{float(number):g} {unit}".strip()


def _accuracies(cells: Sequence[CellResults]) -> Axis:
    ends = ("accuracy", "accuracy_low", "accuracy_high")
    values = [c.evaluate[end] for c in cells for end in ends if numbers.known(c.evaluate[end])]
    air = max(AIR * (max(values) - min(values)), 0.001)
    low, high = max(0.0, min(values) - air), min(1.0, max(values) + air)
    inner = [y for y in ticks(low, high, 4) if low - 1e-9 <= y <= high + 1e-9]
    return Axis("Test accuracy", low, high, [(y, f"{100 * y:.4g} %") for y in inner])
