"""A cell beside its run with another seed: first-layer filters, and maps of the same images."""

from dataclasses import dataclass
from typing import Any

from heatproof.report.study import CellResults, Study
from heatproof.report.text import methods


@dataclass(frozen=True)
class Comparison:
    """Two runs of one cell.

    filters: of each layer its name, the number of filters, the mean correlation of matched filters,
    and the 95th percentile of the same for random filters. maps: of each method its label, the
    number of images, and the median rank correlation of the two networks' maps of the same image
    and of different images.
    """

    run: str
    images: int
    same_prediction: float
    filters: tuple[tuple[str, int, float, float], ...]
    maps: tuple[tuple[str, int, float | None, float | None], ...]


def comparison(study: Study, result: CellResults) -> Comparison | None:
    """Lay out what stage compare_runs measured; None where the cell is not compared."""
    metrics = result.compared
    if not metrics:
        return None
    return Comparison(
        run=study.params.listed("compared", result.name).run,
        images=metrics["images"],
        same_prediction=metrics["same_prediction"] / metrics["images"],
        filters=tuple(_filters(name, each) for name, each in metrics["filters"].items()),
        maps=tuple(
            (methods.describe(name).label, each["images"], each["median"],
             each["median_other_image"])
            for name, each in metrics["maps"].items()
        ),
    )  # fmt: skip


def _filters(layer: str, metrics: dict[str, Any]) -> tuple[str, int, float, float]:
    matched = metrics["unsigned"]  # the sign of a filter is arbitrary
    return layer, metrics["filters"], matched["mean"], matched["redrawn_95th"]
