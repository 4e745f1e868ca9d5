"""What training on JAX has to do beside the contract of every loop: run by `test_jax.py`.

Not collected by itself: Keras takes one backend a process, and here it has to be JAX.
"""

import os
from pathlib import Path

import keras
import numpy as np
import pytest

from heatproof.run import runtime
from heatproof.storage import weights
from heatproof.training.checkpoints import Checkpoint
from heatproof.training.loop import train
from tests.models import networks
from tests.training.test_checkpoints import Interrupted
from tests.training.test_loop import PLAIN, planned, run
from tests.training.test_schedule import training


def halved() -> keras.Model:
    """Return a network in half precision, with all that has a state."""
    runtime.configure(threads=2, seed=3, mixed_precision=True)
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.Dropout(0.3, seed=4)(keras.layers.Flatten()(x))
    return keras.Model(inputs, keras.layers.Dense(2, dtype="float32")(x), name="tiny")


def test_half_precision_with_random_changes_learns_and_resumes_to_the_same_bytes(tmp_path) -> None:
    augmentation = PLAIN.model_copy(update={"brightness": 0.2})

    def trained(**options) -> tuple[keras.Model, list[np.ndarray]]:
        plan = planned(augment=True, epochs=3)
        settings = training(lookahead_steps=3, bias_rate=4.0)
        model, outcome = run(halved(), plan, settings, augmentation, **options)
        return model, [*outcome.history.values(), *model.get_weights()]

    def stop(numbers, epoch: int) -> None:
        raise Interrupted

    model, whole = trained()
    assert model.layers[1].compute_dtype == "bfloat16"
    assert {w.dtype for w in model.get_weights()} == {np.dtype("float32")}
    assert whole[4].max() == 1.0, "its accuracy on the validation images"
    checkpoint = Checkpoint(tmp_path / "cell.npz", "key")
    with pytest.raises(Interrupted):
        trained(checkpoint=checkpoint, listener=stop)
    for one, other in zip(whole, trained(checkpoint=checkpoint)[1], strict=True):
        np.testing.assert_array_equal(one, other)
    runtime.configure(threads=2, seed=3)
    assert keras.layers.Dense(1).compute_dtype == "float32"


@pytest.mark.parametrize("name", os.environ.get("TRAINED", "").split())
def test_it_trains_what_tensorflow_is_to_read(name: str) -> None:
    """Weights and logits after a step are written for `test_jax.py`."""
    folder = Path(os.environ["TRAINED_TO"])
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (40, 32, 32, 3), dtype=np.uint8), np.arange(40) % 10
    trained = networks.network(name, (32, 32, 3))
    plan = planned(decay="constant", epochs=1, batch_size=10, learning_rate=0.001)
    train(trained, images, labels, training(validation_fraction=0.25), plan, PLAIN, 0)
    weights.write(folder / f"{name}.weights.h5", trained, "")
    logits = trained.predict_on_batch(images.astype(np.float32) / 255)
    np.savez(folder / f"{name}.npz", images=images, logits=logits)
