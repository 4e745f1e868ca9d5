"""What copies of training images among the test images do to a network's accuracy."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.report.cell_results import CellResults
from heatproof.report.study import Study
from heatproof.statistics import numbers
from heatproof.storage.records import Predictions


@dataclass(frozen=True)
class Leak:
    """Test images with a copy in the training part, `images` of `tests`, and what they do.

    accuracy, without, copies: 0 to 1, of all, of those without a copy, of those with one; None
    where there are none.
    """

    images: int
    tests: int
    accuracy: float
    without: float | None
    copies: float | None

    @property
    def sentence(self) -> str:
        """The leak in words, for a network's page."""
        share = numbers.percent(self.images / self.tests, self.tests)
        text = (
            f"{self.images:,} of {self.tests:,} test images ({share}) have an exact or near copy "
            "among the training images: on them the accuracy measures memorisation."
        )
        if self.without is None:
            return f"{text} No test image is without one."
        return (
            f"{text} On the others it is {numbers.percent(self.without, self.tests)} instead of "
            f"{numbers.percent(self.accuracy, self.tests)}."
        )


def leak(inspected: dict[str, Any], predictions: Predictions | None) -> Leak | None:
    """Return what leaked copies do to a network; None where there are too few to speak of.

    Args:
        inspected: what data/metrics/inspect/<dataset>.json has, empty where it is not there.
        predictions: of the dataset's test images, None where they are not there.
    """
    if not inspected or predictions is None or not inspected["copies"]["leak"]:
        return None
    with_copy = np.zeros(len(predictions.labels), dtype=bool)
    rows = np.array(inspected["copies"]["leaked"], dtype=np.int64)
    with_copy[rows[rows < len(with_copy)]] = True
    right = predictions.predicted == predictions.labels
    without, copies = (
        float(right[each].mean()) if each.any() else None for each in (~with_copy, with_copy)
    )
    return Leak(int(with_copy.sum()), len(right), float(right.mean()), without, copies)


def of_cell(study: Study, result: CellResults, predictions: Predictions | None) -> Leak | None:
    """Return what leaked copies do to a cell; None where there are none to speak of."""
    return leak(study.inspections.get(result.cell.dataset, {}), predictions)


def of_dataset(study: Study, dataset: str) -> list[tuple[CellResults, Leak]]:
    """List the evaluated cells on a dataset whose test part leaks, the most accurate first."""
    if not study.inspections.get(dataset, {}).get("copies", {}).get("leak"):
        return []
    cells = [c for c in study.cells_on(dataset) if c.evaluate]
    found = [(c, each) for c in cells if (each := of_cell(study, c, c.predictions()))]
    return sorted(found, key=lambda pair: (-pair[1].accuracy, pair[0].name))
