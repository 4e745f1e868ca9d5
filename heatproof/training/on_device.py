"""The training loop on JAX: the data stay on the device, and an epoch is one dispatch.

What `Model.fit` does a batch at a time, from images on the host, is here a compiled loop over the
steps of an epoch, from images that were brought to the device once, as bytes. Order, mixing and the
random changes are those of `batches` and `augmentation`; callbacks are Keras' own and ours, called
after each dispatch where `fit` calls them after each batch.

On a CPU a dispatch is one step: there XLA computes convolutions within a loop without its fast
kernels (mnist_cnn on two cores, 640 images and 6,000 to validate: 140 s an epoch, 13 s without).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from heatproof.training.batches import Batches

# Trainable variables, the others (moving statistics, random states), and the optimiser's.
State = tuple[list[jax.Array], list[jax.Array], list[jax.Array]]
# Of some steps, by name: rows (steps, batch) and, where images are mixed, other and share.
Plan = dict[str, np.ndarray]


def fit(
    model: keras.Model,
    batches: Batches,
    validation: Batches,
    callbacks: Sequence[keras.callbacks.Callback],
    first: int,
    epochs: int,
    steps_at_once: int | None = None,
) -> dict[str, list[float]]:
    """Train a compiled model in place, as `model.fit` does.

    Args:
        model: compiled with an optimiser and `keras.losses.CategoricalCrossentropy` of logits.
        batches: what it is trained on.
        validation: what it is measured on after each epoch.
        callbacks: as for `model.fit`; on_train_batch_end is called once per dispatch, with the
            number of its last step. A change that one makes to the model or its optimiser counts
            from the next epoch on.
        first: the number, from 0, of the first epoch to run.
        epochs: the number of the last one, from 1.
        steps_at_once: steps per dispatch; None for all of an epoch, on a CPU for one.

    Returns:
        The numbers of each epoch run here, in order: loss, accuracy, val_loss, val_accuracy and
        what callbacks add to them.
    """
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    images, labels = jnp.asarray(batches.images), jnp.asarray(batches.labels, jnp.int32)
    run, measure = _compiled_steps(model, batches.classes), _Validation(model, validation)
    steps_at_once = steps_at_once or (1 if _on_cpu() else len(batches))
    history = keras.callbacks.History()
    listeners = [*callbacks, history]
    for callback in listeners:
        callback.set_model(model)
    model.stop_training = False
    for callback in listeners:
        callback.on_train_begin()
    for epoch in range(first, epochs):
        for callback in listeners:
            callback.on_epoch_begin(epoch, {})
        state, seen = _state(model), []
        for last, plan in _plans(batches, steps_at_once):
            state, numbers = run(state, images, labels, plan)
            seen.append(np.asarray(numbers, np.float64))
            for callback in listeners:
                callback.on_train_batch_end(last, _means(seen))
        _put_back(model, state)
        logs = _means(seen) | measure(state)
        for callback in listeners:
            callback.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    for callback in listeners:
        callback.on_train_end()
    return history.history


def _plans(batches: Batches, steps_at_once: int) -> Iterator[tuple[int, Plan]]:
    """Say which images each step of the epoch takes, and the number of each dispatch's last step.

    Yields:
        rows: int32 (steps, batch), places among the images. Where images are mixed, other: int32
        (steps, batch), places within the batch, and share: float32 (steps,).
    """
    size = batches.batch_size
    for start in range(0, len(batches), steps_at_once):
        steps = range(start, min(start + steps_at_once, len(batches)))
        rows = batches.order[start * size : (steps[-1] + 1) * size]
        plan = {"rows": rows.reshape(-1, size).astype(np.int32)}
        if batches.mixup_alpha:
            shares, others = zip(*map(batches.mixing, steps), strict=True)
            plan |= {"share": np.stack(shares), "other": np.stack(others).astype(np.int32)}
        yield steps[-1], plan


def _compiled_steps(model: keras.Model, classes: int) -> Callable[..., tuple[State, jax.Array]]:
    """Return a function (state, images, labels, plan) -> new state, loss and accuracy of each step.

    Images are uint8 (n, height, width, channels), labels int32 (n,); the numbers are float32
    (steps, 2).
    """
    smoothing = model.loss.label_smoothing

    def run(
        state: State, images: jax.Array, labels: jax.Array, plan: Plan
    ) -> tuple[State, jax.Array]:
        def step(state: State, one: Plan) -> tuple[State, jax.Array]:
            trainable, others, optimizer = state
            x = images[one["rows"]].astype(jnp.float32) / 255
            y = jax.nn.one_hot(labels[one["rows"]], classes)
            if "share" in one:
                share, other = one["share"], one["other"]
                x, y = (share * each + (1 - share) * each[other] for each in (x, y))

            def loss_of(trainable: list[jax.Array]) -> tuple[jax.Array, tuple[Any, jax.Array]]:
                logits, changed, penalties = model.stateless_call(
                    trainable, others, x, training=True, return_losses=True
                )
                loss = jnp.mean(_cross_entropy(y, logits, smoothing)) + sum(penalties)
                hit = logits.argmax(axis=-1) == y.argmax(axis=-1)
                return loss, (changed, jnp.stack([loss, hit.mean()]))

            gradient = jax.grad(loss_of, has_aux=True)
            gradients, (others, numbers) = gradient(trainable)
            trainable, optimizer = model.optimizer.stateless_apply(optimizer, gradients, trainable)
            return (trainable, others, optimizer), numbers

        return _looped(step, state, plan)

    # On a CPU callbacks may hold views of the old state, which must not be overwritten.
    return jax.jit(run, donate_argnums=() if _on_cpu() else (0,))


class _Validation:
    """Loss and accuracy on images that were brought to the device once."""

    def __init__(self, model: keras.Model, batches: Batches) -> None:
        count, size, steps = len(batches.rows), batches.batch_size, len(batches)
        # The last batch is filled up with the first image, which then counts for nothing.
        rows = np.full(steps * size, batches.rows[0])
        rows[:count] = batches.rows
        shape = (1, steps, size) if not _on_cpu() else (steps, 1, size)
        self.images = jnp.asarray(batches.images[rows].reshape(*shape, *batches.images.shape[1:]))
        self.labels = jnp.asarray(batches.labels[rows].reshape(shape), jnp.int32)
        self.counts = jnp.asarray((np.arange(steps * size) < count).reshape(shape), jnp.float32)
        smoothing = model.loss.label_smoothing

        def measure(
            state: State, images: jax.Array, labels: jax.Array, counts: jax.Array
        ) -> jax.Array:
            trainable, others, _ = state

            def step(penalty: jax.Array, batch: Sequence[jax.Array]) -> tuple[jax.Array, jax.Array]:
                x, labels, counts = batch
                logits, _, penalties = model.stateless_call(
                    trainable, others, x.astype(jnp.float32) / 255, training=False,
                    return_losses=True,
                )  # fmt: skip
                y = jax.nn.one_hot(labels, batches.classes)
                losses = _cross_entropy(y, logits, smoothing)
                hits = logits.argmax(axis=-1) == labels
                sums = jnp.stack([jnp.sum(losses * counts), jnp.sum(hits * counts)])
                return jnp.asarray(sum(penalties), jnp.float32), sums

            penalty, sums = _looped(step, jnp.float32(0), (images, labels, counts))
            return jnp.append(sums.sum(axis=0), penalty)

        self.measure, self.count = jax.jit(measure), count

    def __call__(self, state: State) -> dict[str, float]:
        dispatches = zip(self.images, self.labels, self.counts, strict=True)
        sums = np.array([self.measure(state, *each) for each in dispatches], np.float64)
        loss, hits, _ = sums.sum(axis=0) / self.count
        return {"val_loss": float(loss + sums[0, 2]), "val_accuracy": float(hits)}


def _on_cpu() -> bool:
    return jax.default_backend() == "cpu"


def _looped(step: Callable[..., Any], carried: Any, plan: Any) -> tuple[Any, Any]:
    """Do what `jax.lax.scan` does; a single step without a loop around it."""
    if len(jax.tree.leaves(plan)[0]) > 1:
        return jax.lax.scan(step, carried, plan)
    carried, result = step(carried, jax.tree.map(lambda values: values[0], plan))
    return carried, jax.tree.map(lambda value: value[None], result)


def _cross_entropy(y: jax.Array | np.ndarray, logits: jax.Array, smoothing: float) -> jax.Array:
    """Return each image's loss, float32 (n,), as `keras.losses.CategoricalCrossentropy` has it."""
    return keras.losses.categorical_crossentropy(
        y, logits, from_logits=True, label_smoothing=smoothing
    )


def _means(seen: Sequence[np.ndarray]) -> dict[str, float]:
    """Average loss and accuracy over the epoch's steps so far, which have equally many images."""
    loss, accuracy = np.concatenate(seen).mean(axis=0)
    return {"loss": float(loss), "accuracy": float(accuracy)}


def _state(model: keras.Model) -> State:
    return (
        [variable.value for variable in model.trainable_variables],
        [variable.value for variable in model.non_trainable_variables],
        [variable.value for variable in model.optimizer.variables],
    )


def _put_back(model: keras.Model, state: State) -> None:
    variables = (
        model.trainable_variables, model.non_trainable_variables, model.optimizer.variables
    )  # fmt: skip
    for kind, values in zip(variables, state, strict=True):
        for variable, value in zip(kind, values, strict=True):
            variable.assign(value)
