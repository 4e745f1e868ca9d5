"""Deriving the network of a cell: by its way, and written as a training's result is."""

import time
from typing import Any

import keras
import numpy as np

from heatproof.config.derived import WAYS
from heatproof.config.params import Params
from heatproof.config.registry import modules
from heatproof.config.runs import DerivedRun
from heatproof.datasets.parts import training_parts
from heatproof.derived.calibrated import calibrated
from heatproof.derived.task import Task
from heatproof.evaluation import inference
from heatproof.models import cost
from heatproof.models.integer_program import attach, described, program_of
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths, resuming, tables, weights
from heatproof.storage.images import selected
from heatproof.storage.records import Dataset

COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


def derive_cell(study: Params, run: DerivedRun) -> list[str]:
    """Derive a cell's network, and write it with what was done.

    data/models/<cell>.weights.h5 has the flat graph, its description and its weights;
    data/metrics/derive/<cell>.json what was done, its size and its accuracy on the validation part
    beside the origin's; data/metrics/train/<cell>.json and data/history/<cell>.csv what a training
    writes, of no epochs where the way does not train.

    Returns:
        What to tell the user, in sentences.

    Raises:
        UserError: the way does not suit the origin's network, or its weights are missing.
    """
    started = time.monotonic()
    cell, options = run.cell, study.models[run.model].way
    assert options is not None
    task = Task(study, run, options, artifacts.read_dataset(run.dataset))
    derived = modules(WAYS)[options.by].derive(task)
    if getattr(options, "calibrate", False):
        derived = calibrated(task, derived)
    # Bare of what it was trained with, and called as the model, whatever it was made from.
    network = keras.Model(derived.model.inputs[0], derived.model.outputs[0], name=run.model)
    _require_finite(run, network)
    if program := program_of(derived.model):
        attach(network, program.content)
    weights.save_described(cell, network, described(network))
    right, origin_right = (
        validation_accuracy(run, task.data, model) for model in (network, task.origin)
    )
    epochs = 0 if derived.history is None else len(derived.history["epoch"])
    content = {
        "origin": task.origin_cell,
        "by": options.by,
        "done": list(derived.notes),
        "stored_bytes": derived.stored_bytes or cost.float_bytes(network),
        "origin_bytes": cost.float_bytes(task.origin),
        "parameters": cost.parameters(network),
        "epochs": epochs,
        "val_accuracy": right,
        "origin_val_accuracy": origin_right,
        "figures": dict(derived.figures),
    }
    history = derived.history or dict.fromkeys(COLUMNS, np.zeros(0))
    tables.write_table(paths.history(cell), history)
    # Figures too: the scorecard depends on what is written of all trainings.
    trained = {"val_accuracy": right, "epochs_run": epochs, "figures": dict(derived.figures)}
    artifacts.write_metrics("train", cell, trained)
    artifacts.write_metrics("derive", cell, content)
    resuming.finish_checkpoint(cell)
    artifacts.write_timing("derive", cell, {"derive_seconds": round(time.monotonic() - started, 3)})
    return [*derived.notes, _told(content)]


def validation_accuracy(run: DerivedRun, data: Dataset, model: keras.Model) -> float | None:
    """Return a network's accuracy on the validation part; None where there is none.

    Of what comes from a saved network nobody knows what it was trained on.
    """
    rows = training_parts(run, data)[1]
    if not len(rows):
        return None
    forward = inference.compiled_forward(model, len(rows))
    predicted = inference.logits(forward, selected(data.train_images, rows)).argmax(axis=1)
    return float((predicted == data.train_labels[rows]).mean())


def _require_finite(run: DerivedRun, model: keras.Model) -> None:
    if not all(np.isfinite(values).all() for values in model.get_weights()):
        raise UserError(
            f"{run.cell}: models.{run.model}.network.way gave NaN or infinity among the weights; "
            "give other options"
        )


def _told(content: dict[str, Any]) -> str:
    size = f"{content['stored_bytes']:,} bytes, {content['origin']}: {content['origin_bytes']:,}"
    if content["val_accuracy"] is None:
        return size
    return (
        f"{size}; accuracy on the validation part {content['val_accuracy']:.4f}, before "
        f"{content['origin_val_accuracy']:.4f}"
    )
