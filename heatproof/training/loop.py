"""Training one network on one dataset."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras
import numpy as np

from heatproof.datasets.options import Augmentation
from heatproof.datasets.split import train_validation_split
from heatproof.models import memory
from heatproof.run import runtime
from heatproof.run.errors import UserError
from heatproof.storage.images import Images
from heatproof.training import augmentation as changes
from heatproof.training import presets
from heatproof.training import schedule as schedules
from heatproof.training.balance import BalancedAccuracy, WeightedCrossentropy, class_weights
from heatproof.training.batches import Batches, for_fit, read_errors_raised
from heatproof.training.checkpoints import Checkpoint, Resume
from heatproof.training.features import Features
from heatproof.training.lookahead import Lookahead
from heatproof.training.options import Schedule, Training
from heatproof.training.progress import TrainingProgress

# Validation only infers, so its batches may be larger than a training's; but with 500 images
# efficient_cnn took half a GiB more than with 100, and more than its training steps do. Fewer where
# so many would not fit.
VALIDATION_BATCH = 100
# Keras needs some 2 ms of Python for each call of its compiled step. How many values the layers may
# give in a call, of all its images, so that this hardly counts and Ctrl-C is still heard at once.
CALL_VALUES, MAX_STEPS = 4 * 10**7, 20
BALANCED = "balanced_accuracy"  # where classes are balanced, epochs are chosen by it
COLUMNS = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


@dataclass(frozen=True)
class Outcome:
    """What a training gave, beside the weights that now stand in the network.

    history: columns with one value per epoch: epoch (from 1), loss, accuracy, val_loss,
    val_accuracy, learning_rate (at the epoch's end), and val_balanced_accuracy where classes are
    balanced. best_epoch: whose weights were kept. epoch_chosen: whether by the validation images;
    the last epoch's are kept where these are too few. train_images: different ones. passes: of
    images through the network in training steps, or for features that are kept.
    seconds_before: what an interrupted training had taken already.
    """

    history: dict[str, np.ndarray]
    best_epoch: int
    train_images: int
    validation_images: int
    steps: int
    passes: int
    epoch_chosen: bool
    seconds_before: float = 0.0

    @property
    def epochs(self) -> int:
        """How many epochs were run."""
        return len(self.history["epoch"])

    @property
    def best(self) -> dict[str, float]:
        """What the history says of the best epoch."""
        return {name: float(self.history[name][self.best_epoch - 1]) for name in COLUMNS}


def train(
    network: keras.Model,
    images: Images | Features,
    labels: np.ndarray,
    training: Training,
    schedule: Schedule,
    augmentation: Augmentation,
    seed: int,
    listener: Callable[[Mapping[str, float], int], None] = lambda numbers, epoch: None,
    checkpoint: Checkpoint | None = None,
    parts: tuple[np.ndarray, np.ndarray] | None = None,
    chooses_epoch: bool = True,
) -> Outcome:
    """Train `network` in place, and leave the weights of its best epoch in it.

    Args:
        network: gives logits (n, classes) of float32 images in [0, 1].
        images: uint8 (n, height, width, channels), in memory or in a file; or what the network
            takes in their place, float32 (n, ...).
        labels: int64 (n,), class indices.
        training: the optimiser and all that does not depend on the budget.
        schedule: how long, how fast, on how many images.
        augmentation: how images are changed, if the schedule says so.
        seed: of split, order, and random changes.
        listener: is handed each epoch's numbers, and its number from 1.
        checkpoint: where to resume from, and to write each epoch to, if anywhere.
        parts: two int64 arrays of indices, which images are trained on, each in an epoch as often
            as it is listed, and which validate; None to split off a validation part here,
            stratified by class, and train on as many as the schedule says.
        chooses_epoch: whether an epoch is chosen by the images to validate with, where they are
            enough, and training stopped; else they only show how it went.

    Raises:
        UserError: the loss, or a weight, is no number any more.
    """
    chosen, held_out = rows_used(labels, training, schedule, seed, parts)
    classes = network.output_shape[-1]
    if schedule.augment:
        augmentation = presets.filled_in(augmentation, *images.shape[1:3])
    batches = Batches(
        images,
        labels,
        classes,
        schedule.batch_size,
        seed=seed,
        mixup_alpha=(augmentation.mixup_alpha or 0.0) if schedule.augment else 0.0,
        alternating=schedule.augment and augmentation.flip == "alternating",
        rows=chosen,
        balanced=training.balance == "sampling",
    )
    at_once = min(VALIDATION_BATCH, memory.images_at_once(network))
    if runtime.compiles() is False:  # on a GPU it is other memory
        memory.require_room(network, batches.batch_size)
    validation = Batches(images, labels, classes, at_once, rows=held_out)
    model = _augmented(network, augmentation, seed) if schedule.augment else network
    model.compile(
        optimizer=schedules.optimizer(training, schedule, schedule.epochs * len(batches)),
        loss=_loss(training, labels[chosen], classes),
        metrics=_metrics(training, classes),
        jit_compile=runtime.compiles(),
        steps_per_execution=steps_at_once(network, batches.batch_size, training.lookahead_steps),
    )
    state = checkpoint.read() if checkpoint else None
    done = state.epochs if state else 0
    watched = _watched(training, len(held_out), network.name) if chooses_epoch else None
    watchers = schedules.callbacks(training, schedule, watched)
    callbacks = [
        keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: batches.start_epoch(epoch)
        ),
        keras.callbacks.TerminateOnNaN(),
        TrainingProgress(network.name, schedule.epochs, len(batches), listener, done),
        *watchers,
    ]
    if training.lookahead_steps:
        callbacks.insert(0, Lookahead(training.lookahead_steps, schedule.epochs, len(batches)))
    if checkpoint:
        callbacks.append(Resume(checkpoint, state, watchers))
    served, validated = for_fit(batches, validation)
    with read_errors_raised(batches, validation):
        seen = model.fit(
            served,
            validation_data=validated,
            initial_epoch=schedule.epochs if state and state.stopped else done,
            epochs=schedule.epochs,
            callbacks=callbacks,
            verbose=0,
            shuffle=False,  # Batches orders them itself
        ).history
    earlier = state.history if state else {}
    columns = dict.fromkeys((*COLUMNS, watched or COLUMNS[0]))
    numbers = {n: [*earlier.get(n, ()), *seen.get(n, ())] for n in columns}
    epochs = len(numbers["loss"])
    finite = all(np.isfinite(values).all() for values in network.get_weights())
    if not (finite and math.isfinite(numbers["loss"][-1])):
        if checkpoint:
            checkpoint.remove()
        what = "loss" if finite else "weights"
        raise UserError(
            f"the {what} of {network.name} became infinite or no number in epoch {epochs}: "
            f"learning_rate = {schedule.learning_rate} is probably too high; lower it in the "
            "model's schedule in params.yaml"
        )
    return Outcome(
        history={
            "epoch": np.arange(1, epochs + 1),
            **{name: np.array(numbers[name], np.float64) for name in columns},
        },
        best_epoch=int(np.argmax(numbers[watched])) + 1 if watched else epochs,
        train_images=len(np.unique(chosen)),
        validation_images=len(held_out),
        steps=epochs * len(batches),
        passes=epochs * len(batches) * batches.batch_size,
        epoch_chosen=watched is not None,
        seconds_before=state.seconds if state else 0.0,
    )


def rows_used(
    labels: np.ndarray,
    training: Training,
    schedule: Schedule,
    seed: int,
    parts: tuple[np.ndarray, np.ndarray] | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return which images are trained on, as many as the schedule says, and which validate."""
    if parts:
        return parts
    chosen, held_out = train_validation_split(labels, training.validation_fraction, seed)
    if schedule.train_images != "all":
        chosen = chosen[: schedule.train_images]
    return chosen, held_out


def _watched(training: Training, images: int, name: str) -> str | None:
    """Return what epochs are chosen by, as the history calls it; None, with a reason, by nothing.

    Args:
        training: how the network is trained.
        images: how many there are to validate with.
        name: of the network, to be printed.
    """
    if images < training.min_validation_images:
        print(
            f"{name}: {images} validation images, fewer than training.min_validation_images = "
            f"{training.min_validation_images}: too few to choose an epoch by, so training does "
            "not stop early, and the last epoch's weights are kept",
            flush=True,
        )
        return None
    return "val_accuracy" if training.balance == "none" else f"val_{BALANCED}"


def _loss(training: Training, labels: np.ndarray, classes: int) -> keras.losses.Loss:
    options = {"from_logits": True, "label_smoothing": training.label_smoothing}
    if training.balance == "class_weights":
        return WeightedCrossentropy(class_weights(labels, classes), **options)
    return keras.losses.CategoricalCrossentropy(**options)


def _metrics(training: Training, classes: int) -> list[keras.metrics.Metric]:
    accuracy = keras.metrics.CategoricalAccuracy(name="accuracy")
    if training.balance == "none":
        return [accuracy]
    return [accuracy, BalancedAccuracy(classes, BALANCED)]


def steps_at_once(network: keras.Model, batch_size: int, divisor: int = 0) -> int:
    """Return how many steps shall be taken without going back to Python: 1 if not small.

    Only on TensorFlow: there the steps of a call are one compiled loop. divisor: 0, or after how
    many steps Python must have its turn.
    """
    if runtime.backend() != "tensorflow":
        return 1
    values = memory.activation_bytes(network) // 4
    most = int(np.clip(CALL_VALUES // (values * batch_size), 1, MAX_STEPS))
    return divisor if 0 < divisor <= most else math.gcd(divisor, most)


def _augmented(network: keras.Model, augmentation: Augmentation, seed: int) -> keras.Model:
    """Put the random changes before the network; both share their weights."""
    inputs = keras.Input(network.input_shape[1:])
    x = inputs
    for layer in changes.layers(augmentation, seed):
        x = layer(x)
    return keras.Model(inputs, network(x), name=network.name)
