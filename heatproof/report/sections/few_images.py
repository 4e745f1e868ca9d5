"""Accuracy by how many images of each class were trained on: charts, and numbers."""

from dataclasses import dataclass
from typing import Any

from heatproof.models.options import is_pretrained
from heatproof.report.cell_results import CellResults
from heatproof.report.charts.lines import Chart, line_chart
from heatproof.report.charts.series import Series
from heatproof.report.study import Study
from heatproof.statistics import numbers
from heatproof.statistics.known import known

SIZE, LABEL_ROOM = (470.0, 280.0), 138.0
ALL = "all"


@dataclass(frozen=True)
class Comparison:
    """One dataset: its chart, what it comes to in a sentence, the cells, and which are pretrained.

    rows: of each cell a row for every number of images: images of each class, the mean's interval,
    and each draw, as texts.
    """

    dataset: str
    chart: Chart | None
    finding: str
    kind: str
    rows: list[tuple[CellResults, bool, list[dict[str, Any]]]]


def of_study(study: Study) -> list[Comparison]:
    """Compare the cells of each dataset that have runs on few images; empty where none has.

    Those of models that balance classes, whose accuracy is the balanced one, are apart.
    """
    found: dict[tuple[str, str], list[CellResults]] = {}
    for dataset in study.dataset_names:
        for cell in study.cells_on(dataset):
            if cell.few_images:
                found.setdefault((dataset, cell.few_images["kind"]), []).append(cell)
    return [_comparison(study, dataset, cells) for (dataset, _), cells in found.items()]


def _comparison(study: Study, dataset: str, cells: list[CellResults]) -> Comparison:
    pretrained = [is_pretrained(study.params.models[cell.cell.model].network) for cell in cells]
    kind = cells[0].few_images["kind"].replace("_", " ")
    return Comparison(
        dataset,
        _chart(study, dataset, cells, pretrained),
        finding(cells, pretrained),
        kind,
        [(cell, each, _rows(cell)) for cell, each in zip(cells, pretrained, strict=True)],
    )


def finding(cells: list[CellResults], pretrained: list[bool]) -> str:
    """Say how many images a pretrained network needs for what the best other one reaches.

    Means over draws are compared, so this is a sentence only where there are both kinds.
    """
    kinds = [
        [cell for cell, each in zip(cells, pretrained, strict=True) if each == kind]
        for kind in (True, False)
    ]
    if not all(kinds):
        return ""
    fresh, most = max(
        ((cell, each) for cell in kinds[1] for each in cell.few_images["numbers"]),
        key=lambda pair: pair[1]["mean"],
    )
    reached = [
        (each["per_class"], cell, each)
        for cell in kinds[0]
        for each in cell.few_images["numbers"]
        if each["mean"] >= most["mean"]
    ]
    theirs = f"{fresh.cell.model} from random weights with {_images(most)} ({_mean(fresh, most)})"
    if not reached:
        return f"On average no pretrained network is as accurate as {theirs}."
    _, cell, number = min(reached, key=lambda each: each[0])
    return (
        f"On average, pretrained {cell.cell.model} with {_images(number)} "
        f"({_mean(cell, number)}) is at least as accurate as {theirs}."
    )


def _images(number: dict[str, Any]) -> str:
    if number["all"]:
        return f"all images, {number['per_class']:.0f} of each class"
    return f"{numbers.plural(round(number['per_class']), 'image')} of each class"


def _mean(cell: CellResults, number: dict[str, Any]) -> str:
    return numbers.percent(number["mean"], cell.few_images["test_images"])


def _chart(
    study: Study, dataset: str, cells: list[CellResults], pretrained: list[bool]
) -> Chart | None:
    every = [each for cell in cells for each in cell.few_images["numbers"]]
    ticks = {each["per_class"]: _tick(each) for each in every if not each["all"]}
    # Models may keep other shares to validate with: one of them has the label.
    ticks |= {each["per_class"]: _tick(each) for each in every if each["all"]}
    kind = cells[0].few_images["kind"].replace("_", " ")
    same = "majority class" if kind == "accuracy" else "always the same class"
    return line_chart(
        f"Test {kind} by training images, {numbers.short(dataset, 30)}",
        [_series(study, cell, filled) for cell, filled in zip(cells, pretrained, strict=True)],
        x_title="training images of each class, log scale",
        as_percent=True,
        label_room=LABEL_ROOM,
        baseline=(cells[0].few_images["baseline"], same),
        x_ticks=_apart(sorted(ticks.items())),
        size=SIZE,
        summary=" ".join(map(_summary, cells)),
    )


def _series(study: Study, cell: CellResults, filled: bool) -> Series:
    found = cell.few_images["numbers"]
    return Series(
        cell.cell.model,
        study.slot(cell.cell.model),
        [each["per_class"] for each in found],
        [each["mean"] for each in found],
        [(e["per_class"], e["low"], e["high"]) for e in found if known(e["low"])],
        [(e["per_class"], accuracy) for e in found for accuracy in e["accuracies"]],
        hollow=not filled,
    )


def _tick(number: dict[str, Any]) -> str:
    return ALL if number["all"] else f"{number['per_class']:.0f}"


def _apart(ticks: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Leave out ticks whose labels would run into the next one, so that the last stays."""
    return [
        (x, label)
        for (x, label), (after, _) in zip(ticks, [*ticks[1:], (float("inf"), "")], strict=True)
        if after / x > 1.15
    ]


def _summary(cell: CellResults) -> str:
    first, last = (cell.few_images["numbers"][end] for end in (0, -1))
    return (
        f"{cell.cell.model}: {_mean(cell, first)} with {_images(first)}, {_mean(cell, last)} with "
        f"{_images(last)}."
    )


def _rows(cell: CellResults) -> list[dict[str, Any]]:
    images = cell.few_images["test_images"]
    return [
        each | {"draws": ", ".join(_percents(each["accuracies"], images)), "images": _tick(each)}
        for each in cell.few_images["numbers"]
    ]


def _percents(shares: list[float], images: int) -> list[str]:
    return [numbers.percent(share, images).removesuffix(" %") for share in shares]
