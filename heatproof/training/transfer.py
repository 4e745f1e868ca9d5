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
from heatproof.models import memory
from heatproof.storage.formats import load_arrays, write_arrays
from heatproof.storage.images import Images
from heatproof.training import augmentation as changes
from heatproof.training import presets
from heatproof.training.checkpoints import Checkpoint
from heatproof.training.loop import BALANCED, Outcome, rows_used, train
from heatproof.training.options import Head, Schedule, Training

# Where a backbone's feature maps become one number each: the classifier's first layer.
POOLED = ("global_average", "global_max")
_LARGEST_BATCH = 32
_FEATURES = "features of an unfinished training"


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
) -> Outcome:
    """Train what follows the backbone, then the backbone's last layers with it; see `loop.train`.

    The history has the epochs of both, one after the other.

    Raises:
        UserError: the loss, or a weight, is no number any more.
    """
    head = schedule.head
    assert head is not None, "there is nothing to train first"
    used = rows_used(labels, training, schedule, seed, parts)
    pooled = _pooled(network)
    made = changes.layers(presets.resolved(augmentation, *images.shape[1:3]), seed)
    made = made if schedule.augment else []
    copies = head.copies if made else 1
    features = _kept(
        checkpoint.of_part("features") if checkpoint else None,
        lambda: _features(network, pooled, images, used, made, copies),
    )
    count = copies * len(used[0])
    alone = train(
        _classifier(network, pooled),
        features,
        np.concatenate([np.tile(labels[used[0]], copies), labels[used[1]]]),
        training,
        _as_schedule(head),
        augmentation,
        seed,
        listener=listener,
        checkpoint=checkpoint.of_part("head") if checkpoint else None,
        parts=(np.arange(count), np.arange(count, len(features))),
    )
    alone = dataclasses.replace(alone, train_images=len(used[0]))
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


def _classifier(network: keras.Model, pooled: keras.layers.Layer) -> keras.Model:
    """Return the layers after the backbone as a network of their own, with the same weights."""
    x = features = keras.Input(pooled.output.shape[1:])
    after = network.layers[network.layers.index(pooled) + 1 :]
    for layer in after:
        x = layer(x)
    return keras.Model(features, x, name=f"{network.name}_classifier")


def _features(
    network: keras.Model,
    pooled: keras.layers.Layer,
    images: Images,
    parts: tuple[np.ndarray, np.ndarray],
    made: list[keras.layers.Layer],
    copies: int,
) -> np.ndarray:
    """Return float32 (copies * training images + validation images, channels), in this order."""
    extractor = keras.Model(network.inputs[0], pooled.output)
    size = min(_LARGEST_BATCH, memory.images_at_once(extractor))
    rows = [(chosen, True) for chosen in [parts[0]] * copies] + [(parts[1], False)]
    total, done = sum(len(each) for each, _ in rows), 0
    features = np.empty((total, pooled.output.shape[-1]), np.float32)
    print(f"{network.name}: features of {total:,} images, once", flush=True)
    for chosen, changed in rows:
        for start in range(0, len(chosen), size):
            batch = images[chosen[start : start + size]].astype(np.float32) / 255
            for layer in made if changed else ():
                batch = layer(batch, training=True)
            given = keras.ops.convert_to_numpy(extractor.predict_on_batch(batch))
            features[done : done + len(given)] = given
            done += len(given)
    return features


def _kept(place: Checkpoint | None, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """Return what was computed before an interruption, or compute it."""
    made_by = f"{_FEATURES} {place.key}" if place else ""
    if place and place.path.exists():
        try:
            return load_arrays(place.path, made_by)["features"]
        except Exception:  # whatever it is that the file makes of its reader
            print(f"{place.path}: of another training, or damaged; computing it again", flush=True)
    features = compute()
    if place:
        write_arrays(place.path, {"features": features}, made_by)
    return features


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
        seconds_before=alone.seconds_before + together.seconds_before,
    )
