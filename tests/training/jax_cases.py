"""What the loop on JAX has to do beside the contract of every loop: run by `test_on_device.py`.

Not collected by itself: Keras takes one backend a process, and here it has to be JAX.
"""

from functools import cache

import keras
import numpy as np
import pytest

from heatproof.run import runtime
from heatproof.training import on_device
from heatproof.training.batches import Batches
from heatproof.training.schedule import optimizer
from tests.training.test_loop import PLAIN, halves, planned, run
from tests.training.test_schedule import training

BATCH = 16


def network() -> keras.Model:
    """Return a network with all that has a state, and a penalty on its weights."""
    runtime.configure(threads=2, seed=1)
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2")(inputs)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.Dropout(0.3, seed=4)(keras.layers.Flatten()(x))
    return keras.Model(inputs, keras.layers.Dense(2)(x), name="tiny")


def compiled() -> keras.Model:
    model = network()
    model.compile(
        # Not Adam, which makes whole steps of the rounding in a gradient of next to nothing.
        optimizer=optimizer(training(optimizer="sgd", weight_decay=0.01), planned(), 12),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
    )
    return model


def data() -> tuple[Batches, Batches]:
    """Return batches that are mixed, and a validation part whose last batch is not full."""
    images, labels = halves()
    return (
        Batches(images[:96], labels[:96], 2, BATCH, seed=3, mixup_alpha=0.4),
        Batches(images[96:], labels[96:], 2, 10),
    )


@cache
def fitted(steps_at_once: int | None) -> tuple[keras.Model, dict[str, list[float]]]:
    model, (batches, validation) = compiled(), data()
    start = keras.callbacks.LambdaCallback(on_epoch_begin=lambda e, logs: batches.start_epoch(e))
    return model, on_device.fit(model, batches, validation, [start], 0, 2, steps_at_once)


def test_it_gives_what_keras_own_loop_gives() -> None:
    """Which takes a batch at a time from the host: same order, mixing, dropout, penalty, rate."""
    model, (batches, validation) = compiled(), data()
    start = keras.callbacks.LambdaCallback(on_epoch_begin=lambda e, logs: batches.start_epoch(e))
    expected = model.fit(batches, validation_data=validation, epochs=2, callbacks=[start],
                         verbose=0, shuffle=False).history  # fmt: skip
    ours, seen = fitted(None)
    assert seen.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(seen[name], values, rtol=1e-4, err_msg=name)
    for a, b in zip(ours.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("steps_at_once", [1, 4])
def test_many_steps_a_dispatch_give_what_single_ones_give(steps_at_once: int) -> None:
    (model, seen), (whole, expected) = fitted(steps_at_once), fitted(None)
    for name, values in expected.items():
        np.testing.assert_allclose(seen[name], values, rtol=1e-5, err_msg=name)
    for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_callbacks_are_called_after_each_dispatch() -> None:
    model, (batches, validation) = compiled(), data()
    told: list[int] = []
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: told.append(batch)
    )
    on_device.fit(model, batches, validation, [watch], 0, 2, 4)
    assert told == [3, 5, 3, 5]


def test_half_precision_learns_and_keeps_whole_weights() -> None:
    runtime.configure(threads=2, seed=3, mixed_precision=True)
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.Dense(2, dtype="float32")(keras.layers.Flatten()(x))
    model, outcome = run(keras.Model(inputs, x, name="tiny"))
    assert model.layers[1].compute_dtype == "bfloat16"
    assert {w.dtype for w in model.get_weights()} == {np.dtype("float32")}
    assert outcome.best["val_accuracy"] == 1.0
    runtime.configure(threads=2, seed=3)
    assert keras.layers.Dense(1).compute_dtype == "float32"


def test_random_changes_differ_from_step_to_step_and_repeat() -> None:
    changes = PLAIN.model_copy(update={"shift_pixels": 2, "brightness": 0.2})
    plain, changed, again = (
        run(plan=planned(augment=augment, epochs=2), augmentation=changes)[1].history["loss"]
        for augment in (False, True, True)
    )
    assert (plain != changed).all()
    np.testing.assert_array_equal(changed, again)
