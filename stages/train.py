"""Train a cell: weights, history and what it took. `python -m stages.train --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.train", uses="keras", check="heatproof.config.params:load")

import argparse
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import keras

from heatproof.config import params
from heatproof.evaluation.figures import training_curves
from heatproof.models.build import build_model
from heatproof.run import runtime, tracking
from heatproof.storage import artifacts, paths, tables, weights
from heatproof.storage.records import Dataset
from heatproof.training.checkpoints import Bundle, key_of
from heatproof.training.loop import Outcome, train
from heatproof.training.options import Schedule

RESUME = Path(".resume")
# Set to 1 by whoever runs DVC and removes what `settle` keeps (tools/pipeline.py).
KEEPS = "STUDY_KEEPS_TRAININGS"

Listener = Callable[[Mapping[str, float], int], None]


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a model on a dataset (one cell).")
    parser.add_argument("--cell", required=True, help="a cell of params.yaml, <model>-<dataset>")
    train_cell(parser.parse_args().cell)


def train_cell(cell: str) -> None:
    """Train a cell as params.yaml says, and write its weights, history, metrics and timing.

    Raises:
        UserError: the cell is unknown, its data is missing, or its training diverged.
    """
    study = params.load()
    training, schedule = study.training_of(cell), study.schedule_of(cell)
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    used = {
        "seed": study.seed,
        "threads": study.threads,
        "budget": study.budget,
        "network": study.model_of(cell).network.model_dump(),
        "training": training.model_dump(),
        "schedule": schedule.model_dump(exclude={"training"}),
        "augmentation": study.dataset_of(cell).augmentation.model_dump(),
    }
    configure(study, cell, study.seed)
    with tracking.run(stage="train", cell=cell, params=used) as run:
        started = time.monotonic()
        bundle = bundle_of(study, cell, dataset, study.seed)
        network, outcome = trained(
            study,
            cell,
            dataset,
            study.seed,
            lambda numbers, epoch: run.log_metrics(numbers, step=epoch),
            bundle,
        )
        seconds = outcome.seconds_before + time.monotonic() - started
        metrics, timing = metrics_of(outcome, schedule), timing_of(outcome, seconds)
        weights.save(cell, network)
        tables.write_table(paths.history(cell), outcome.history)
        artifacts.write_metrics("train", cell, metrics)
        artifacts.write_timing("train", cell, timing)
        best = outcome.best
        run.log_metrics({f"best_{k}" if k in best else k: v for k, v in metrics.items()} | timing)
        run.log_artifact(paths.history(cell))
        run.log_figure(lambda: training_curves(outcome.history), "training_curves.png")
    settle(bundle)


def configure(study: params.Params, cell: str, seed: int) -> None:
    """Prepare the process for training a cell from `seed` (`runtime.configure`)."""
    runtime.configure(study.threads, seed, study.training_of(cell).mixed_precision, training=True)


def metrics_of(outcome: Outcome, schedule: Schedule) -> dict[str, float]:
    """Return what data/metrics/train/<cell>.json has of a training."""
    best = outcome.best
    return {
        "val_accuracy": best["val_accuracy"],
        "val_loss": best["val_loss"],
        "accuracy": best["accuracy"],
        "loss": best["loss"],
        "best_epoch": outcome.best_epoch,
        "epochs": schedule.epochs,
        "epochs_run": outcome.epochs,
        "steps": outcome.steps,
        "train_images": outcome.train_images,
        "validation_images": outcome.validation_images,
    }


def timing_of(outcome: Outcome, seconds: float) -> dict[str, float]:
    """Return what data/timing/train/<cell>.json has of a training that took `seconds`."""
    return {
        "train_seconds": round(seconds, 3),
        "images_per_second": round(outcome.train_images * outcome.epochs / seconds, 1),
    }


def bundle_of(
    study: params.Params, cell: str, dataset: Dataset, seed: int, variant: str = ""
) -> Bundle:
    """Return the file from which this training would go on if it was interrupted.

    It is outside of DVC's outputs, which DVC deletes before it runs a stage.
    """
    settings = {
        "seed": seed,
        "threads": study.threads,
        "model": study.model_of(cell).model_dump(mode="json", exclude={"schedules"}),
        "schedule": study.schedule_of(cell).model_dump(mode="json"),
        "dataset": study.dataset_of(cell).model_dump(mode="json", exclude={"fetch"}),
    }
    root = Path(__file__).resolve().parents[1]
    code = [Path(__file__)] + [
        root / "heatproof" / name
        for name in ("run/runtime.py", "datasets/split.py", "models", "training")
    ]
    key = key_of(settings, (dataset.train_images, dataset.train_labels), code)
    bundle = Bundle(RESUME / f"{cell}{variant and f'.{variant}'}.npz", key)
    if finished(bundle.path).exists() and not bundle.path.exists():
        finished(bundle.path).replace(bundle.path)
    return bundle


def settle(bundle: Bundle) -> None:
    """Put a training's bundle away: its results are written.

    DVC has yet to note them. Killed before, it deletes them and trains again; so the bundle is kept
    until then, where somebody removes it then, and the training ends as soon as it begins.
    """
    if os.environ.get(KEEPS) != "1":
        bundle.remove()
    elif bundle.path.exists():
        finished(bundle.path).parent.mkdir(exist_ok=True)
        bundle.path.replace(finished(bundle.path))


def finished(path: Path) -> Path:
    """Return where a bundle is kept whose training has written its results."""
    return path.parent / "finished" / path.name


def trained(
    study: params.Params,
    cell: str,
    dataset: Dataset,
    seed: int,
    listener: Listener,
    bundle: Bundle | None = None,
) -> tuple[keras.Model, Outcome]:
    """Build a cell's network and train it. Call `configure` with the same seed first.

    Args:
        study: the parameters.
        cell: whose network and schedule.
        dataset: what it is trained on.
        seed: of the validation split, the order, and random changes of the images.
        listener: is handed each epoch's numbers, and its number from 1.
        bundle: where to go on from, and to note each epoch in. To be removed by the caller when the
            results are written.

    Raises:
        UserError: the training diverged.
    """
    network = build_model(study, cell, dataset.train_images.shape[1:], len(dataset.class_names))
    outcome = train(
        network,
        dataset.train_images,
        dataset.train_labels,
        study.training_of(cell),
        study.schedule_of(cell),
        study.dataset_of(cell).augmentation,
        seed,
        listener=listener,
        bundle=bundle,
    )
    return network, outcome
