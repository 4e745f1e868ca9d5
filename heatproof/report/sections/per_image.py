"""A cell's per-image values: curves, by correctness of the prediction, and by class."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from heatproof.report.charts.charts import Chart, Series, line_chart
from heatproof.report.sections import trust_table
from heatproof.report.sections.trust_table import Column, Table
from heatproof.report.text import measures, methods
from heatproof.statistics.bootstrap import summary

CLASSES = ("relevance_rank", "morf_lerf_gap/black")  # shown by class, where measured
CURVES = {
    "deletion_probability": "Probability while the most relevant pixels are removed",
    "insertion_probability": "Probability while they are inserted",
}
BASELINE = "black"
TALL = (586.0, 372.0)  # with room for twenty names at the right
NAME_ROOM = 142.0

# As `artifacts.read_trust` gives them; empty where there are none.
Values = dict[str, np.ndarray]


def curves(values: Values) -> Iterator[Chart]:
    """The mean curves behind deletion and insertion, of the methods and of noise."""
    if not values:
        return
    percent = (100 * values["fractions"]).tolist()
    for number, title in CURVES.items():
        start = f"curve/{number}/{BASELINE}/"
        by_name = {n.removeprefix(start): c for n, c in values.items() if n.startswith(start)}
        names = methods.ordered([n for n in by_name if n not in measures.CONTROLS])
        names += [name for name in ("random",) if name in by_name]
        chart = line_chart(
            title,
            [
                Series(trust_table.label(name), i, percent, by_name[name].tolist())
                for i, name in enumerate(names)
            ],
            x_title="pixels changed (%)",
            label_room=NAME_ROOM,
            size=TALL,
        )
        if chart is not None:
            yield chart


def _of_measure(values: Values, measure: str) -> dict[str, np.ndarray]:
    """A measure's per-image values by method and control."""
    start = f"value/{measure}/"
    return {n.removeprefix(start): v for n, v in values.items() if n.startswith(start)}


def by_outcome(values: Values, samples: int, seed: int) -> Table | None:
    """The table's measures of correctly and of incorrectly predicted images separately."""
    if not values:
        return None
    correct = values["label"] == values["predicted"]
    if correct.all() or not correct.any():
        return None

    def summaries(measure: str, chosen: np.ndarray) -> dict[str, dict[str, Any]]:
        return {
            name: summary(each[chosen[: len(each)]].astype(np.float64), samples, seed)
            for name, each in _of_measure(values, measure).items()
        }

    return trust_table.table(
        Column(
            measure,
            summaries(measure, chosen),
            group=measures.describe(measure).label,
            label=label,
        )
        for measure in measures.COLUMNS
        for label, chosen in (("correct", correct), ("incorrect", ~correct))
    )


def by_class(values: Values, class_names: Sequence[str]) -> Iterator[Table]:
    """Two measures by true class: means without intervals, since each class has few images."""
    if not values:
        return
    labels = values["label"]
    for measure in CLASSES:
        by_name = _of_measure(values, measure)
        table = trust_table.table(
            Column(
                measure,
                {n: _plain_mean(v, labels[: len(v)] == label) for n, v in by_name.items()},
                group=f"{measures.describe(measure).label}, by true class",
                label=class_names[label] if label < len(class_names) else str(label),
            )
            for label in map(int, np.unique(labels))
        )
        if table is not None:
            yield table


def _plain_mean(values: np.ndarray, chosen: np.ndarray) -> dict[str, Any]:
    known = values[chosen & ~np.isnan(values)].astype(np.float64)
    mean = float(known.mean()) if len(known) else None
    return {"mean": mean, "low": None, "high": None, "images": len(known)}
