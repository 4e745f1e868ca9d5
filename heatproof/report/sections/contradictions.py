"""Images whose labels a dataset's networks contradict: of the test part, and of folds left out."""

from dataclasses import dataclass

import numpy as np

from heatproof.datasets.parts import fold_rows
from heatproof.evaluation.label_errors import contradicted
from heatproof.evaluation.remarks import above_chance
from heatproof.report.cell_results import CellResults
from heatproof.report.study import Study
from heatproof.storage import artifacts, paths
from heatproof.storage.records import Dataset, Predictions

MAX_SHOWN = 24


@dataclass(frozen=True)
class Contradictions:
    """part: "test" or "training". cells: whose mean prediction it is. images: that were judged.

    count: of those contradicted. shown: of the first ones, the number in the part, label,
    suggested class, and the probabilities of both.
    """

    part: str
    cells: list[str]
    images: int
    count: int
    shown: list[tuple[int, int, int, float, float]]


def of_dataset(study: Study, dataset: str, data: Dataset) -> list[Contradictions]:
    """List what the networks contradict, as far as they are better than chance.

    The training part is judged where runs leave a fold out (cross-validation), by them alone: a
    network has learned its training images, wrong labels and all.
    """
    cells = [c for c in study.cells_on(dataset) if c.evaluate and above_chance(c.evaluate)]
    of_parts = (_tested(cells, data), _folds(study, cells, data))
    return [found for found in of_parts if found is not None]


def _tested(cells: list[CellResults], data: Dataset) -> Contradictions | None:
    total = np.zeros((len(data.test_labels), len(data.class_names)))
    used = []
    for cell in cells:
        predictions = cell.predictions()
        if predictions is not None and _are_of(predictions, data.test_labels, data):
            total += predictions.probabilities
            used.append(cell.name)
    return _found("test", used, np.arange(len(total)), data.test_labels, total / max(len(used), 1))


def _folds(study: Study, cells: list[CellResults], data: Dataset) -> Contradictions | None:
    total = np.zeros((len(data.train_labels), len(data.class_names)))
    count, used = np.zeros(len(total)), []
    for cell in cells:
        for run in study.params.fold_runs(cell.name):
            if not paths.predictions(run.name).exists():
                continue
            rows, predictions = fold_rows(run, data), artifacts.read_predictions(run.name)
            if not _are_of(predictions, data.train_labels[rows], data):
                continue
            total[rows] += predictions.probabilities
            count[rows] += 1
            used += [cell.name] if cell.name not in used else []
    rows = np.flatnonzero(count)
    means = total[rows] / count[rows, np.newaxis]
    return _found("training", used, rows, data.train_labels[rows], means)


def _are_of(predictions: Predictions, labels: np.ndarray, data: Dataset) -> bool:
    """Whether predictions are of these images; those of an earlier dataset may be of others."""
    classes = predictions.logits.shape[1] == len(data.class_names)
    return classes and np.array_equal(predictions.labels, labels)


def _found(
    part: str, cells: list[str], rows: np.ndarray, labels: np.ndarray, probabilities: np.ndarray
) -> Contradictions | None:
    if not cells:
        return None
    images, suggested = contradicted(labels, probabilities)
    shown = [
        (int(rows[i]), int(labels[i]), int(j),
         float(probabilities[i, labels[i]]), float(probabilities[i, j]))
        for i, j in zip(images[:MAX_SHOWN], suggested, strict=False)
    ]  # fmt: skip
    return Contradictions(part, cells, len(rows), len(images), shown)
