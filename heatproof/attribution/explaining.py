"""Explaining a trained cell: images chosen, a family of methods applied, results written."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution import registry
from heatproof.attribution.core.attributions import attribute, summary
from heatproof.attribution.core.inspection import ExplainedCell, Inspection
from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.panel import panel
from heatproof.attribution.core.selection import choose
from heatproof.config.params import ImageChoice, Params
from heatproof.config.schema import Block
from heatproof.models.build import trained_network
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from heatproof.storage.records import Dataset, Explanations, Predictions

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def load(study: Params, cell: str) -> ExplainedCell:
    """Read a cell's network and dataset, and choose the images that are explained.

    Raises:
        UserError: an earlier stage's file is missing or does not fit.
    """
    run = study.run(cell)
    dataset = artifacts.read_dataset(run.dataset)
    predictions = artifacts.read_predictions(cell)
    if not np.array_equal(predictions.labels, dataset.test_labels):
        raise UserError(
            f"{paths.predictions(cell)}: these predictions are of other test images than "
            f"{paths.processed(run.dataset)} holds; make them again with "
            f"`dvc repro -f evaluate@{cell}`"
        )
    model = trained_network(run, dataset.test_images.shape[1:], len(dataset.class_names))
    return ExplainedCell(
        Network(model),
        _rows(predictions, dataset, study.explain.images),
        dataset.test_images,
        Context(dataset.train_images, study.seed),
    )


def explain(
    name: str, family: str, cell: ExplainedCell, listed: Mapping[str, Block]
) -> tuple[dict[str, Any], dict[str, float], "Figure | None"]:
    """Apply a stage family's methods to a cell's rows, and write the maps.

    Args:
        name: the cell's.
        family: of `STAGE_FAMILIES`.
        cell: its network and rows.
        listed: the methods, with their options.

    Returns:
        metrics, milliseconds per image, and a picture.
    """
    rows = cell.rows
    images = rows.images.astype(np.float32) / 255
    methods = registry.with_options(listed, cell.context)
    result = attribute(cell.network, methods, images, rows.target)
    rows.maps.update(result.maps)
    rows.numbers.update(result.numbers)
    artifacts.write_explanations(name, family, rows)
    metrics = _counted(rows) | {"methods": summary(result), "layers": result.layers}
    print(f"{name}: {metrics['rows']} maps of {', '.join(result.maps) or 'no method'}", flush=True)
    for method, reason in result.unsupported.items():
        print(f"{name}: no {method}: {reason}", flush=True)
    return metrics, result.timing, panel(rows) if len(images) and result.maps else None


def inspect(
    name: str, family: str, cell: ExplainedCell, options: Block
) -> tuple[dict[str, Any], dict[str, float], "Figure | None"]:
    """Inspect a cell's network by one of `registry.INSPECTIONS`, and write the results."""
    inspection: Inspection = import_module(registry.INSPECTIONS[family]).find(cell, options)
    artifacts.write_findings(name, family, inspection.arrays)
    print(f"{name}: {family}: {len(inspection.arrays)} arrays", flush=True)
    return inspection.metrics, inspection.timing, inspection.figure


def _rows(predictions: Predictions, dataset: Dataset, wanted: ImageChoice) -> Explanations:
    """Choose images and targets; the maps are still to be made."""
    index, target = choose(
        predictions.labels,
        predictions.predicted,
        predictions.confidence,
        wanted.right_per_class,
        wanted.wrong_per_class,
    )
    return Explanations(
        image_index=index,
        label=predictions.labels[index],
        predicted=predictions.predicted[index],
        target=target,
        confidence=predictions.confidence[index].astype(np.float32),
        images=dataset.test_images[index],
        maps={},
        class_names=predictions.class_names,
    )


def _counted(rows: Explanations) -> dict[str, int]:
    """Count what was explained."""
    once = rows.target == rows.predicted
    right = rows.label == rows.predicted
    return {
        "rows": len(rows.target),
        "right_images": int((once & right).sum()),
        "wrong_images": int((once & ~right).sum()),
    }
