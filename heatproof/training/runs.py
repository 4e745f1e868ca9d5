"""Training a run of params.yaml: its network, its data, and where it resumes from."""

from collections.abc import Callable, Mapping
from pathlib import Path

import keras

import heatproof
from heatproof.config.runs import Run
from heatproof.datasets.parts import served_rows, training_parts
from heatproof.models.build import build_model, set_initial_weights
from heatproof.run import runtime
from heatproof.run.errors import UserError
from heatproof.storage import resuming
from heatproof.storage.records import Dataset
from heatproof.training import devices
from heatproof.training.checkpoints import Checkpoint, key_of
from heatproof.training.loop import Outcome, train
from heatproof.training.transfer import train_in_phases

# Whose code decides what a training gives, and with it whether a checkpoint is of the same one.
CODE = ("run/runtime.py", "datasets/split.py", "datasets/parts.py", "models", "training")


def configure(run: Run) -> None:
    """Prepare the process for training a run (`runtime.configure`).

    Raises:
        UserError: its network is a saved one.
    """
    if run.schedule is None:
        raise UserError(
            f"{run.name}: models.{run.model} is a saved network, which is never trained; "
            f"`dvc repro open@{run.name}` opens it"
        )
    runtime.configure(run.threads, run.seed, run.training.mixed_precision, training=True)
    devices.divide(run.schedule.batch_size)


def train_run(
    run: Run,
    dataset: Dataset,
    listener: Callable[[Mapping[str, float], int], None] = lambda numbers, epoch: None,
    checkpoint: Checkpoint | None = None,
    check: Callable[[keras.Model], object] = lambda network: None,
) -> tuple[keras.Model, Outcome]:
    """Build a run's network and train it. Call `configure` first.

    Args:
        run: what is trained, and how.
        dataset: what it is trained on, its labels as the run has them (`labels.with_labels_of`).
        listener: is handed each epoch's numbers, and its number from 1.
        checkpoint: where to resume from, and to write each epoch to.
        check: is handed the network before it is trained, and may refuse it.

    Raises:
        UserError: the training diverged, its step does not fit into memory, or the weights that it
            starts from are missing.
    """
    network = build_model(run, dataset.train_images.shape[1:], len(dataset.class_names))
    check(network)
    set_initial_weights(run, network, dataset.train_images)
    assert run.schedule is not None, "`configure` was called before"
    trained = train if run.schedule.head is None else train_in_phases
    parts = served_rows(run, dataset), training_parts(run, dataset)[1]
    outcome = trained(
        network,
        dataset.train_images,
        dataset.train_labels,
        run.training,
        run.schedule,
        run.augmentation,
        run.seed,
        listener=listener,
        checkpoint=checkpoint,
        parts=parts,
        # Whoever has one image of a class has no hundreds to validate with: no epoch is chosen
        # (Oliver et al. 2018, https://arxiv.org/abs/1804.09170, section 4.6).
        chooses_epoch=run.train_images_per_class is None,
    )
    return network, outcome


def checkpoint_of(run: Run, dataset: Dataset) -> Checkpoint:
    """Return the file from which this training would resume if it was interrupted."""
    root = Path(heatproof.__file__).parent
    key = key_of(
        run.model_dump(mode="json"),
        dataset.train_images,
        [
            part
            for part in (dataset.train_labels, dataset.validation, dataset.groups, dataset.moments)
            if part is not None
        ],
        [root / name for name in CODE],
    )
    resuming.reopen_checkpoint(run.name)
    return Checkpoint(resuming.checkpoint_path(run.name), key)


def metrics_of(outcome: Outcome, run: Run) -> dict[str, float]:
    """Return what data/metrics/train/<run>.json has of a training."""
    best, schedule = outcome.best, run.schedule
    assert schedule is not None
    return {
        "val_accuracy": best["val_accuracy"],
        "val_loss": best["val_loss"],
        "accuracy": best["accuracy"],
        "loss": best["loss"],
        "best_epoch": outcome.best_epoch,
        "epoch_chosen": outcome.epoch_chosen,
        "epochs": schedule.epochs + (schedule.head.epochs if schedule.head else 0),
        "epochs_run": outcome.epochs,
        "steps": outcome.steps,
        "train_images": outcome.train_images,
        "validation_images": outcome.validation_images,
    }


def timing_of(outcome: Outcome, seconds: float) -> dict[str, float]:
    """Return what data/timing/train/<run>.json has of a training that took `seconds`."""
    return {
        "train_seconds": round(seconds, 3),
        "images_per_second": round(outcome.passes / seconds, 1),
    }
