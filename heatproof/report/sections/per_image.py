"""What a cell's per-image values tell beside their means: curves, answers apart, class by class."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from heatproof.report.charts.charts import Chart, Series, line_chart
from heatproof.report.sections import trust_table
from heatproof.report.sections.trust_table import Source, Table
from heatproof.report.text import measures, methods
from heatproof.statistics.bootstrap import summary

CLASSES = ("relevance_rank", "morf_lerf_gap/black")  # what is told class by class, where measured
CURVES = {
    "deletion_probability": "Probability left while the most relevant pixels are taken away",
    "insertion_probability": "Probability reached while they are put back",
}
BASELINE = "black"
TALL = (586.0, 372.0)  # room for twenty names at the right
NAME_ROOM = 142.0

# As `artifacts.read_trust` gives them; empty where there are none.
Values = dict[str, np.ndarray]


def curves(values: Values) -> Iterator[Chart]:
    """The mean curves behind deletion and insertion, of the methods and of noise."""
    for number, title in CURVES.items():
        start = f"curve/{number}/{BASELINE}/"
        found = {n.removeprefix(start): c for n, c in values.items() if n.startswith(start)}
        names = methods.ordered([n for n in found if n not in measures.CONTROLS])
        names += [name for name in ("random",) if name in found]
        chart = line_chart(
            title,
            [
                Series(_label(name), i, (100 * values["fractions"]).tolist(), found[name].tolist())
                for i, name in enumerate(names)
            ],
            x_title="percent of the pixels",
            y_title="Share of the start",
            label_room=NAME_ROOM,
            size=TALL,
        )
        if chart is not None:
            yield chart


def _label(name: str) -> str:
    return (
        measures.CONTROLS[name].label if name in measures.CONTROLS else methods.describe(name).label
    )


def _of_measure(values: Values, measure: str) -> dict[str, np.ndarray]:
    """A measure's per-image values by method and control."""
    start = f"value/{measure}/"
    return {n.removeprefix(start): v for n, v in values.items() if n.startswith(start)}


def by_answer(values: Values, samples: int, seed: int) -> Table | None:
    """The table's measures of rightly and of wrongly answered images apart."""
    if not values:
        return None
    right = values["label"] == values["predicted"]
    if right.all() or not right.any():
        return None

    def summaries(measure: str, kept: np.ndarray) -> dict[str, dict[str, Any]]:
        made = {}
        for name, each in _of_measure(values, measure).items():
            made[name] = summary(each[kept[: len(each)]].astype(np.float64), samples, seed)
        return made

    return trust_table.table(
        Source(
            measure,
            summaries(measure, kept),
            group=measures.describe(measure).label,
            label=label,
        )
        for measure in measures.COLUMNS
        for label, kept in (("right", right), ("wrong", ~right))
    )


def by_class(values: Values, class_names: Sequence[str]) -> Iterator[Table]:
    """Two measures by the image's true class: means alone, since each has few images."""
    if not values:
        return
    labels = values["label"]
    for measure in CLASSES:
        found = _of_measure(values, measure)
        made = trust_table.table(
            Source(
                measure,
                {n: _plain_mean(v, labels[: len(v)] == label) for n, v in found.items()},
                group=f"{measures.describe(measure).label}, by true class",
                label=class_names[label] if label < len(class_names) else str(label),
            )
            for label in map(int, np.unique(labels))
        )
        if made is not None:
            yield made


def _plain_mean(values: np.ndarray, kept: np.ndarray) -> dict[str, Any]:
    known = values[kept & ~np.isnan(values)].astype(np.float64)
    mean = float(known.mean()) if len(known) else None
    return {"mean": mean, "low": None, "high": None, "images": len(known)}
