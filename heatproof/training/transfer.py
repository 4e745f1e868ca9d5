"""Training a network with a pretrained backbone: what follows it first, then its last layers.

While the backbone is frozen its features of an image stay the same, so they are computed once, of
each training image or of some random changes of it, and the classifier is trained on them in
seconds. Then the last convolutions are trained with it, at a rate of their own; batch
normalisation keeps its ImageNet statistics and weights throughout (few images would replace them
by worse ones). If no epoch of that validates better than the classifier alone, that is kept.
"""

import dataclasses
from collections.abc import Callable, Mapping

import keras
import numpy as np

from heatproof.datasets.options import Augmentation
from heatproof.storage.images import Images
from heatproof.training import augmentation as changes
from heatproof.training import features, presets
from heatproof.training.checkpoints import Checkpoint
from heatproof.training.loop import BALANCED, Outcome, rows_used, train
from heatproof.training.options import Head, Schedule, Training

# Where a backbone's feature maps become one number each: the classifier's first layer.
POOLED = ("global_average", "global_max")


def train_in_phases(
    network: keras.Model,
    images: Images,
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
    """Train what follows the backbone, then the backbone's last layers with it; see `loop.train`.

    The history has the epochs of both, one after the other.

    Raises:
        UserError: the loss, or a weight, is no number any more.
    """
    head = schedule.head
    assert head is not None, "there is nothing to train first"
    used = rows_used(labels, training, schedule, seed, parts)
    made = changes.layers(presets.filled_in(augmentation, *images.shape[1:3]), seed)
    made = made if schedule.augment else []
    copies = head.copies if made else 1
    # Of an image that comes several times in an epoch features are computed once.
    first = {row: place for place, row in enumerate(dict.fromkeys(used[0].tolist()))}
    different, places = np.array(list(first)), np.array([first[row] for row in used[0].tolist()])
    count = copies * len(different)
    alone = train(
        _classifier(network),
        features.kept(
            [
                *[features.Part(_extractor(network), images, different, made)] * copies,
                features.Part(_extractor(network), images, used[1]),
            ],
            checkpoint.of_part("features") if checkpoint else None,
        ),
        np.concatenate([np.tile(labels[different], copies), labels[used[1]]]),
        training,
        _as_schedule(head),
        augmentation,
        seed,
        listener=listener,
        checkpoint=checkpoint.of_part("head") if checkpoint else None,
        parts=(
            np.concatenate([copy * len(different) + places for copy in range(copies)]),
            np.arange(count, count + len(used[1])),
        ),
        chooses_epoch=chooses_epoch,
    )
    alone = dataclasses.replace(alone, train_images=len(different), passes=count)
    if not schedule.epochs:
        return alone
    before = network.get_weights()
    freeze(network, head.trained_layers)
    try:
        together = train(
            *(network, images, labels, training, schedule, augmentation, seed),
            listener=lambda numbers, epoch: listener(numbers, epoch + alone.epochs),
            checkpoint=checkpoint,
            parts=used,
            chooses_epoch=chooses_epoch,
        )
    finally:
        for layer in network.layers:
            layer.trainable = True
    return _joined(network, before, alone, together)


def freeze(network: keras.Model, trained_layers: int | str) -> None:
    """Leave a network only its last layers to train, and no batch normalisation.

    Args:
        network: with one of POOLED after its backbone.
        trained_layers: how many of the convolutions before that are trained, or "all"; what
            follows it is in any case.
    """
    names = [layer.name for layer in network.layers]
    first = names.index(_pooled(network).name)
    convolutions = [i for i in range(first) if hasattr(network.layers[i], "kernel_size")]
    kept = len(convolutions) if trained_layers == "all" else int(trained_layers)
    since = convolutions[-kept:][0] if kept and convolutions else first
    for place, layer in enumerate(network.layers):
        normalises = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = place >= since and not normalises


def _pooled(network: keras.Model) -> keras.layers.Layer:
    return next(layer for layer in network.layers if layer.name in POOLED)


def _as_schedule(head: Head) -> Schedule:
    return Schedule(
        epochs=head.epochs,
        batch_size=head.batch_size,
        learning_rate=head.learning_rate,
        decay=head.decay,
    )


def _extractor(network: keras.Model) -> keras.Model:
    """Return the backbone as a network of its own, which gives features of images."""
    return keras.Model(network.inputs[0], _pooled(network).output, name=network.name)


def _classifier(network: keras.Model) -> keras.Model:
    """Return the layers after the backbone as a network of their own, with the same weights."""
    pooled = _pooled(network)
    x = features = keras.Input(pooled.output.shape[1:])
    after = network.layers[network.layers.index(pooled) + 1 :]
    for layer in after:
        x = layer(x)
    return keras.Model(features, x, name=f"{network.name}_classifier")


def _joined(
    network: keras.Model, before: list[np.ndarray], alone: Outcome, together: Outcome
) -> Outcome:
    """Join both phases; put the weights before the second back, if none of its epochs is better."""
    history = {
        name: np.concatenate([alone.history[name], together.history[name]])
        for name in together.history
    }
    history["epoch"] = np.arange(1, len(history["epoch"]) + 1)
    watched = f"val_{BALANCED}" if f"val_{BALANCED}" in history else "val_accuracy"
    first, second = (
        outcome.history[watched][outcome.best_epoch - 1] for outcome in (alone, together)
    )
    best = alone.epochs + together.best_epoch
    if together.epoch_chosen and first >= second:
        network.set_weights(before)
        best = alone.best_epoch
    return dataclasses.replace(
        together,
        history=history,
        best_epoch=best,
        steps=alone.steps + together.steps,
        passes=alone.passes + together.passes,
        seconds_before=alone.seconds_before + together.seconds_before,
    )
