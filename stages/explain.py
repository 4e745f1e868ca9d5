"""Explain a cell's predictions. `python -m stages.explain --cell <cell> --family gradients`"""

import argparse
import importlib
import time

import numpy as np

from stages import artifacts, command, params, runtime, tracking
from stages.artifacts import Explanations, Predictions
from stages.errors import UserError
from stages.explainers import FAMILIES
from stages.explainers.selection import choose


def main() -> None:
    parser = argparse.ArgumentParser(description="Explain a trained cell's predictions.")
    parser.add_argument("--cell", required=True, help="a cell of params.yaml, <model>-<dataset>")
    parser.add_argument("--family", required=True, help=f"one of: {', '.join(FAMILIES)}")
    arguments = parser.parse_args()
    explain_cell(arguments.cell, arguments.family)


def explain_cell(cell: str, family: str) -> None:
    """Explain the chosen test images by every method of a family; write maps, metrics, timing.

    Raises:
        UserError: the cell or family is unknown, an earlier stage's file is missing or does not
            fit, or Keras runs on another backend than TensorFlow.
    """
    study = params.load()
    study.cell(cell)
    if family not in FAMILIES:
        raise UserError(
            f"--family {family}: unknown{command.nearest(family, list(FAMILIES))}; "
            f"known: {', '.join(FAMILIES)}"
        )
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    predictions = artifacts.read_predictions(cell)
    if not np.array_equal(predictions.labels, dataset.test_labels):
        raise UserError(
            f"{artifacts.predictions_path(cell)}: these predictions are of other test images than "
            f"{artifacts.processed_path(study.cell(cell).dataset)} holds; make them again with "
            f"`dvc repro -f evaluate@{cell}`"
        )
    runtime.require_tensorflow("explaining")
    runtime.configure(study.threads, study.seed)
    from stages.explainers.panel import panel
    from stages.models.assembly import build_model

    model = build_model(study, cell, dataset.test_images.shape[1:], len(dataset.class_names))
    artifacts.load_weights(cell, model)
    options = getattr(study.explain, family)
    computed = importlib.import_module(f"stages.explainers.{family}").family(model, options)
    rows = _rows(predictions, dataset.test_images, study.explain.images)
    stage = f"explain_{family}"
    used = {
        "seed": study.seed,
        "threads": study.threads,
        "images": study.explain.images,
        family: options,
        "network": study.model_of(cell).network,
    }
    with tracking.run(stage=stage, cell=cell, params=used) as run:
        timing = {}
        images = rows.images.astype(np.float32) / 255
        for name, method in computed.methods.items():
            method(model, images[:1], rows.target[:1])  # what is set up once is not timed
            started = time.monotonic()
            rows.maps[name] = method(model, images, rows.target)
            seconds = time.monotonic() - started
            timing[f"{name}_ms_per_image"] = round(1000 * seconds / max(len(images), 1), 3)
        metrics = _metrics(rows) | computed.facts
        artifacts.write_explanations(cell, family, rows)
        artifacts.write_metrics(stage, cell, metrics)
        artifacts.write_timing(stage, cell, timing)
        print(f"{cell}: {metrics['rows']} maps of {', '.join(rows.maps)}", flush=True)
        run.log_metrics(tracking.flattened(metrics) | timing)
        if len(images):
            run.log_figure(panel(rows), f"{family}.png")


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


def _metrics(rows: Explanations) -> dict[str, object]:
    """Count what was explained, and for each method the maps that say nothing."""
    once = rows.target == rows.predicted
    right = rows.label == rows.predicted
    return {
        "rows": len(rows.target),
        "right_images": int((once & right).sum()),
        "wrong_images": int((once & ~right).sum()),
        "methods": {
            name: {"zero_maps": int((maps == 0).all(axis=(1, 2)).sum())}
            for name, maps in rows.maps.items()
        },
    }


if __name__ == "__main__":
    command.run(main)
