"""Training a network once more, in the course of a derivation: as its cell is trained, resumable.

A derivation may train several times. Each training has a checkpoint of its own, which stays until
the derivation is written, so that one that was interrupted takes finished trainings from there.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras
import numpy as np

import heatproof
from heatproof.datasets.parts import served_rows, training_parts
from heatproof.derived.task import Task
from heatproof.evaluation import inference
from heatproof.run.errors import UserError
from heatproof.storage import resuming
from heatproof.storage.images import selected
from heatproof.training import runs
from heatproof.training.checkpoints import Checkpoint, key_of
from heatproof.training.loop import Outcome, train
from heatproof.training.options import Schedule


class _Reached(Exception):
    """A training has come to the epoch whose weights are wanted."""


def retrain(
    task: Task,
    network: keras.Model,
    part: str,
    *,
    seed: int | None = None,
    without: Sequence[int] = (),
    chooses_epoch: bool = True,
    **changes: Any,
) -> Outcome:
    """Train a network in place, as the derived cell's `root` is trained.

    Args:
        task: whose.
        network: images to logits.
        part: what this training is called among those of the derivation.
        seed: of order and random changes; the run's if None.
        without: classes that are neither trained on nor validated with.
        chooses_epoch: whether the weights of the best epoch are kept, as ever.
        changes: what differs from the cell's schedule; None changes nothing.

    Raises:
        UserError: the training diverged, or does not fit into memory.
    """
    rows, held_out = (
        each[~np.isin(task.data.train_labels[each], list(without))]
        for each in (served_rows(task.run, task.data), training_parts(task.run, task.data)[1])
    )
    return train(
        network,
        task.data.train_images,
        task.data.train_labels,
        task.run.training,
        schedule_of(task, **changes),
        task.run.augmentation,
        task.run.seed if seed is None else seed,
        checkpoint=_checkpoint(task).of_part(part),
        parts=(rows, held_out),
        chooses_epoch=chooses_epoch,
    )


def schedule_of(task: Task, **changes: Any) -> Schedule:
    """Return the schedule of a derived cell's `root`, with changes; None changes nothing."""
    schedule = task.run.schedule
    assert schedule is not None, "the way's options were checked when params.yaml was read"
    given = {name: value for name, value in changes.items() if value is not None}
    return schedule.model_copy(update={"head": None} | given)


def weights_after(task: Task, network: keras.Model, epochs: int) -> list[np.ndarray]:
    """Return the weights that a network's training has after its first epochs.

    Args:
        task: of whose `root` it is.
        network: as its training begins; it is trained.
        epochs: 0 for those that it has.

    Raises:
        UserError: as `retrain`.
    """
    if epochs == 0:
        return network.get_weights()
    schedule = schedule_of(task)

    def listen(numbers: Any, epoch: int) -> None:
        # Stopping by any rule of the schedule would change the learning rates of these epochs.
        if epoch == epochs:
            raise _Reached

    with suppress(_Reached):
        train(
            *(network, task.data.train_images, task.data.train_labels, task.run.training),
            *(schedule, task.run.augmentation, task.run.seed),
            listener=listen,
            checkpoint=_checkpoint(task).of_part("rewind"),
            parts=(served_rows(task.run, task.data), training_parts(task.run, task.data)[1]),
        )
    return network.get_weights()


def validation_logits(task: Task, network: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    """Return a network's logits of the validation part, float32 (n, classes), and its labels.

    Raises:
        UserError: there is none, of a saved network.
    """
    rows = training_parts(task.run, task.data)[1]
    if not len(rows):
        raise UserError(
            f"{task.run.cell}: there are no validation images, since nobody knows what a saved "
            "network was trained on; derive from a trained one"
        )
    images = selected(task.data.train_images, rows)
    forward = inference.compiled_forward(network, len(images))
    return inference.logits(forward, images), task.data.train_labels[rows]


def joined_histories(outcomes: Sequence[Outcome]) -> dict[str, np.ndarray]:
    """Return the histories of trainings that followed one another, their epochs counted through."""
    columns = {
        name: np.concatenate([outcome.history[name] for outcome in outcomes])
        for name in outcomes[0].history
    }
    return columns | {"epoch": np.arange(1, len(columns["epoch"]) + 1)}


def batches_of(task: Task, images: int, size: int = 100) -> Callable[[], Any]:
    """Return a function that yields so many training images in batches, float32 in [0, 1]."""
    rows = training_parts(task.run, task.data)[0][:images]

    def batches() -> Any:
        for start in range(0, len(rows), size):
            yield task.data.train_images[rows[start : start + size]].astype(np.float32) / 255

    return batches


def _checkpoint(task: Task) -> Checkpoint:
    root = Path(heatproof.__file__).parent
    given = (task.data.train_labels, task.data.validation, task.data.groups, task.data.moments)
    key = key_of(
        task.run.model_dump(mode="json"),
        task.data.train_images,
        [*(each for each in given if each is not None), *task.origin.get_weights()],
        [root / name for name in (*runs.CODE, "derived")],
    )
    resuming.reopen_checkpoint(task.run.name)
    return Checkpoint(resuming.checkpoint_path(task.run.name), key)
