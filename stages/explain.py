"""Explain a cell's predictions. `python -m stages.explain --cell <cell> --family gradients`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.explain", uses="tensorflow", check="heatproof.config.params:load")

import argparse
import importlib
from typing import Any

import numpy as np

from heatproof.attribution.core import method
from heatproof.attribution.core.attributions import attribute, summary
from heatproof.attribution.core.method import FAMILIES, Context, Subject
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.panel import panel
from heatproof.attribution.core.selection import choose
from heatproof.config import params
from heatproof.models.build import trained_network
from heatproof.run import runtime, tracking
from heatproof.run.errors import UserError, nearest
from heatproof.storage import artifacts, paths
from heatproof.storage.records import Dataset, Explanations, Predictions


def main() -> None:
    parser = argparse.ArgumentParser(description="Explain a trained cell's predictions.")
    parser.add_argument("--cell", required=True, help="a cell of params.yaml, <model>-<dataset>")
    parser.add_argument("--family", required=True, help=f"one of: {', '.join(FAMILIES)}")
    arguments = parser.parse_args()
    explain_cell(arguments.cell, arguments.family)


def explain_cell(cell: str, family: str) -> None:
    """Explain the chosen test images by a family; write what it found, metrics, timing.

    Raises:
        UserError: the cell or family is unknown, an earlier stage's file is missing or does not
            fit, or Keras runs on another backend than TensorFlow.
    """
    study = params.load()
    study.cell(cell)
    trained = study.run(cell)
    if family not in FAMILIES:
        raise UserError(
            f"--family {family}: unknown{nearest(family, list(FAMILIES))}; "
            f"known: {', '.join(FAMILIES)}"
        )
    dataset = artifacts.read_dataset(trained.dataset)
    predictions = _predictions(cell, study, dataset)
    runtime.configure(study.threads, study.seed)
    model = trained_network(trained, dataset.test_images.shape[1:], len(dataset.class_names))
    subject = Subject(
        Network(model),
        _rows(predictions, dataset.test_images, study.explain.images),
        dataset.test_images,
        Context(dataset.train_images, study.seed),
    )
    options = getattr(study.explain, family)
    used = {
        "seed": study.seed,
        "threads": study.threads,
        "images": study.explain.images,
        family: options,
        "network": trained.network,
    }
    room = importlib.import_module(method.MODULES[family])
    explain = _write_maps if hasattr(room, "family") else _write_findings
    stage = f"explain_{family}"
    with tracking.run(stage=stage, cell=cell, params=used) as run:
        metrics, timing, figure = explain(room, cell, family, subject, options)
        artifacts.write_metrics(stage, cell, metrics)
        artifacts.write_timing(stage, cell, timing)
        run.log_metrics(tracking.flattened(metrics) | timing)
        if figure is not None:
            run.log_figure(figure, f"{family}.png")


def _write_maps(room: Any, cell: str, family: str, subject: Subject, options: Any) -> tuple:
    """Apply a family of methods to the rows; return its metrics, timing and picture."""
    rows = subject.rows
    computed = room.family(subject.network, options, subject.context)
    images = rows.images.astype(np.float32) / 255
    found = attribute(subject.network, computed.methods, images, rows.target)
    rows.maps.update(found.maps)
    rows.numbers.update(found.numbers)
    artifacts.write_explanations(cell, family, rows)
    metrics = _counted(rows) | {"methods": summary(found)} | computed.facts
    print(f"{cell}: {metrics['rows']} maps of {', '.join(found.maps) or 'no method'}", flush=True)
    for name, reason in found.unsupported.items():
        print(f"{cell}: no {name}: {reason}", flush=True)
    return metrics, found.timing, panel(rows) if len(images) and found.maps else None


def _write_findings(room: Any, cell: str, family: str, subject: Subject, options: Any) -> tuple:
    """Have a family look into the network; return its metrics, timing and picture."""
    found = room.find(subject, options)
    artifacts.write_findings(cell, family, found.arrays)
    print(f"{cell}: {family}: {len(found.arrays)} arrays", flush=True)
    return found.metrics, found.timing, found.figure


def _predictions(cell: str, study: params.Params, dataset: Dataset) -> Predictions:
    """Read a cell's predictions. Raises UserError if they are not of the dataset's test images."""
    predictions = artifacts.read_predictions(cell)
    if not np.array_equal(predictions.labels, dataset.test_labels):
        raise UserError(
            f"{paths.predictions(cell)}: these predictions are of other test images than "
            f"{paths.processed(study.cell(cell).dataset)} holds; make them again with "
            f"`dvc repro -f evaluate@{cell}`"
        )
    return predictions


def _rows(predictions: Predictions, images: np.ndarray, wanted: params.ImageChoice) -> Explanations:
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
        images=images[index],
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
