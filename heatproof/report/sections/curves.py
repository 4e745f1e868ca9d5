"""Training curves, of one cell and of all cells of a dataset."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from heatproof.report.cell_results import CellResults
from heatproof.report.charts.lines import Chart, line_chart
from heatproof.report.charts.series import Series
from heatproof.report.study import Study

if TYPE_CHECKING:
    import pandas as pd

TRAINING, VALIDATION = 0, 1  # slots within a cell's own charts


def of_cell(result: CellResults) -> list[Chart]:
    """Accuracy and loss of a cell over its epochs, training beside validation."""
    history = result.history
    if history is None or len(history) < 2:
        return []  # one epoch is a point, better shown in the table
    best = int(result.train["best_epoch"]) if result.train else 0
    which = "best" if result.train.get("epoch_chosen", True) else "last"
    marker = (float(best), f"{which} epoch {best}") if best >= 1 else None
    return _charts(
        {
            title: [
                _series("training", TRAINING, history, key),
                _series("validation", VALIDATION, history, f"val_{key}"),
            ]
            for title, key in (("Accuracy", "accuracy"), ("Loss", "loss"))
        },
        label_room=80.0,
        marker=marker,
    )


def of_dataset(study: Study, dataset: str) -> list[Chart]:
    """Validation accuracy and training loss over epochs of all cells of one dataset."""
    cells = [c for c in study.cells_on(dataset) if c.history is not None]
    return _charts(
        {
            f"{title}, {dataset}": [
                _series(c.cell.model, study.slot(c.cell.model), c.history, key) for c in cells
            ]
            for title, key in (("Validation accuracy", "val_accuracy"), ("Training loss", "loss"))
        },
        label_room=100.0,
    )


def _charts(series: dict[str, list[Series]], **options: Any) -> list[Chart]:
    """Draw accuracies, in percent, and losses, as far as there are any."""
    drawn = (
        line_chart(title, each, x_title="epoch", as_percent=percent, **options)
        for (title, each), percent in zip(series.items(), (True, False), strict=True)
    )
    return [chart for chart in drawn if chart is not None]


def rows(history: "pd.DataFrame | None") -> list[tuple[float | None, ...]]:
    """The history as rows of epoch, accuracies, losses and learning rate, for a table."""
    if history is None:
        return []
    keys = ["epoch", "accuracy", "val_accuracy", "loss", "val_loss", "learning_rate"]
    return [tuple(_number(v) for v in row) for row in history[keys].itertuples(index=False)]


def _series(name: str, slot: int, history: "pd.DataFrame", key: str) -> Series:
    values: Sequence[float | None] = [_number(v) for v in history[key]]
    return Series(name, slot, [float(e) for e in history["epoch"]], values)


def _number(value: object) -> float | None:
    number = float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else None
