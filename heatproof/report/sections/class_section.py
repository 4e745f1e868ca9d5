"""How a network does on each class, and with two classes at every threshold."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from heatproof.report.charts.lines import Chart, line_chart
from heatproof.report.charts.series import Series
from heatproof.statistics import numbers

MAX_CLASSES = 120  # a longer table is more than a reader takes in, and a page holds


@dataclass(frozen=True)
class Classes:
    """The names of the classes that a table shows, and how many it leaves out."""

    shown: tuple[str, ...]
    left_out: int


def classes(evaluate: dict[str, Any]) -> Classes:
    """Choose the classes of a table: all, or where they are too many those with the lowest F1.

    Of these the worst comes first; classes without test images have no F1 and come last.
    """
    names, of_class = evaluate["class_names"], evaluate["per_class"]
    if len(names) <= MAX_CLASSES:
        return Classes(tuple(names), 0)
    order = sorted(names, key=lambda name: (not of_class[name]["support"], of_class[name]["f1"]))
    return Classes(tuple(order[:MAX_CLASSES]), len(names) - MAX_CLASSES)


def thresholds(evaluate: dict[str, Any]) -> list[Chart]:
    """Draw the ROC and the precision-recall curves of two classes; empty where there are none.

    What chance would give is drawn with them: as a line of its own in the first chart, and in the
    second as one for each class.
    """
    curves = evaluate["curves"]
    if not curves:
        return []
    x = [100 * share for share in curves["x"]]
    draw = partial(line_chart, as_percent=True, label_room=110.0, y_span=(0.0, 1.0))
    roc = [Series(numbers.short(n), i, x, ys) for i, (n, ys) in enumerate(curves["roc"].items())]
    roc.append(Series("chance", len(roc), x, curves["x"]))
    precision = [
        Series(numbers.short(n), i, x, ys) for i, (n, ys) in enumerate(curves["precision"].items())
    ]
    precision += [
        Series(f"chance, {numbers.short(name)}", 2 + i, x, [share] * len(x))
        for i, (name, share) in enumerate(curves["share"].items())
    ]
    of_class = evaluate["per_class"]
    auc = numbers.decimal(evaluate["macro_auc"], 3)
    averages = [
        f"{numbers.short(name)}: {numbers.decimal(of_class[name]['average_precision'], 3)}, "
        f"by chance {numbers.decimal(share, 3)}"
        for name, share in curves["share"].items()
    ]
    charts = (
        draw(
            "Found images of the class (ROC)",
            roc,
            x_title="other images taken for it (%)",
            summary=f"The area under either class’s curve (AUC) is {auc}; by chance it is 0.5.",
        ),
        draw(
            "Precision",
            precision,
            x_title="recall (%)",
            summary=f"Average precision: {'; '.join(averages)}.",
        ),
    )
    return [chart for chart in charts if chart is not None]
