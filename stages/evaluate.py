"""Evaluate a trained cell on its test images: metrics, predictions, and how fast it answers.

Reads data/processed/<dataset>.npz, data/models/<cell>.weights.h5 and what the training came to;
writes data/predictions/<cell>.npz and .csv, data/metrics/evaluate/<cell>.json, its headline in
metrics/evaluate/<cell>.json and, apart because it never repeats, data/timing/evaluate/<cell>.json.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.evaluate", uses="keras", check="heatproof.config.params:load")

import argparse
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from heatproof.config import params
from heatproof.config.params import Params
from heatproof.datasets.split import train_validation_split
from heatproof.evaluation import calibration, classification, figures, inference, table
from heatproof.models import cost
from heatproof.models.build import build_model
from heatproof.run import runtime, tracking
from heatproof.statistics.bootstrap import accuracy_interval
from heatproof.storage import artifacts, paths, tables, weights
from heatproof.storage.records import Dataset, Predictions


def evaluate(study: Params, cell: str) -> None:
    """Evaluate `cell` and write what is described above.

    Raises:
        UserError: the cell is unknown, a file is missing or damaged, or the weights are of
            another network.
    """
    started = time.perf_counter()
    network = study.model_of(cell)
    data = artifacts.read_dataset(study.cell(cell).dataset)
    depends_on = {
        "seed": study.seed,
        "threads": study.threads,
        "evaluate": study.evaluate,
        "network": network.network,
        "normalisation": study.dataset_of(cell).normalisation,
        "validation_fraction": study.training_of(cell).validation_fraction,
    }
    with tracking.run("evaluate", cell, depends_on) as run:
        runtime.configure(study.threads, study.seed)
        model = _trained(study, cell, data)
        forward = inference.compiled_forward(model)
        print(f"evaluate {cell}: {len(data.test_images)} test images", flush=True)
        predictions = Predictions(
            data.test_labels, inference.logits(forward, data.test_images), data.class_names
        )
        metrics = metrics_on_test(predictions, study)
        metrics |= metrics_on_train(data, forward, study, cell)
        metrics |= _cost(model) | _training(cell)
        speed = inference.milliseconds_per_image(forward, data.test_images)

        artifacts.write_predictions(cell, predictions)
        tables.write_table(paths.predictions_csv(cell), table.predictions_table(predictions))
        artifacts.write_metrics("evaluate", cell, metrics)
        seconds = time.perf_counter() - started
        timing = {"inference_ms_per_image": speed, "evaluate_seconds": seconds}
        artifacts.write_timing("evaluate", cell, timing)

        run.log_metrics(metrics | timing)
        matrix = np.array(metrics["confusion_test"])
        run.log_figure(lambda: figures.confusion(matrix, data.class_names), "confusion.png")
        run.log_figure(lambda: figures.reliability(metrics["reliability"]), "reliability.png")
    print(
        f"evaluate {cell}: accuracy {metrics['accuracy']:.4f} "
        f"(95 % interval {metrics['accuracy_low']:.4f} to {metrics['accuracy_high']:.4f}), "
        f"macro F1 {metrics['macro_f1']:.4f}, ECE {metrics['ece']:.4f}, {speed:.3f} ms/image"
    )


def metrics_on_test(predictions: Predictions, study: Params) -> dict[str, Any]:
    """Return what data/metrics/evaluate/<cell>.json says of the test images."""
    labels, predicted, names = predictions.labels, predictions.predicted, predictions.class_names
    correct = predicted == labels
    low, high = accuracy_interval(correct, study.evaluate.bootstrap_samples, study.seed)
    matrix = classification.confusion(labels, predicted, len(names))
    bins = calibration.reliability(predictions.confidence, correct, study.evaluate.calibration_bins)
    return {
        "accuracy": classification.accuracy(labels, predicted),
        "accuracy_low": low,
        "accuracy_high": high,
        **classification.macro(labels, predicted),
        "ece": calibration.expected_calibration_error(bins),
        "loss": classification.cross_entropy(labels, predictions.logits),
        "test_images": len(labels),
        "class_names": list(names),
        "per_class": classification.per_class(labels, predicted, names),
        "confusion_test": matrix.tolist(),
        "top_confusions": classification.top_confusions(matrix, names),
        "reliability": bins,
    }


def metrics_on_train(
    data: Dataset, forward: Callable[[np.ndarray], np.ndarray], study: Params, cell: str
) -> dict[str, Any]:
    """Return the accuracy and confusion matrix on images that the cell was trained on.

    They are the first of the training part after its validation part was split off, at most
    evaluate.train_images of them, and none that the schedule left out.
    """
    fraction = study.training_of(cell).validation_fraction
    chosen, _ = train_validation_split(data.train_labels, fraction, study.seed)
    trained_on = study.schedule_of(cell).train_images
    if trained_on != "all":
        chosen = chosen[:trained_on]
    chosen = chosen[: study.evaluate.train_images]
    labels = data.train_labels[chosen]
    predicted = inference.logits(forward, data.train_images[chosen]).argmax(axis=1)
    matrix = classification.confusion(labels, predicted, len(data.class_names))
    return {
        "train_accuracy": classification.accuracy(labels, predicted),
        "train_images": len(chosen),
        "confusion_train": matrix.tolist(),
    }


def _trained(study: Params, cell: str, data: Dataset) -> keras.Model:
    model = build_model(study, cell, data.test_images.shape[1:], len(data.class_names))
    weights.load(cell, model)
    return model


def _cost(model: keras.Model) -> dict[str, int]:
    return {"parameters": cost.parameters(model), "flops": cost.flops(model)}


def _training(cell: str) -> dict[str, float]:
    """Return what the headline tells of the training beside its outcome."""
    training = artifacts.read_metrics("train", cell, ("val_accuracy", "epochs_run"))
    return {"val_accuracy": training["val_accuracy"], "epochs": training["epochs_run"]}


def main() -> None:
    """Parse the command line and evaluate one cell."""
    parser = argparse.ArgumentParser(
        prog="python -m stages.evaluate",
        description="Evaluate a trained cell: accuracy with its interval, precision, recall, F1, "
        "confusions, calibration, predictions as CSV, cost. "
        "`dvc repro evaluate@CELL` does it with all that it needs.",
    )
    parser.add_argument(
        "--cell",
        required=True,
        metavar="CELL",
        help="a cell of params.yaml, named <model>-<dataset>, such as simple_cnn-mnist",
    )
    arguments = parser.parse_args()
    evaluate(params.load(), arguments.cell)
