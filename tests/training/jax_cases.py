"""What training on JAX has to do beside the contract of every loop: run by `test_jax.py`.

Not collected by itself: Keras takes one backend a process, and here it has to be JAX.
"""

import keras
import numpy as np

from heatproof.run import runtime
from tests.training.test_loop import PLAIN, planned, run


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
