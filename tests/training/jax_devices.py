"""A training divided among four devices: run by `test_jax.py`, which gives JAX so many.

Not collected by itself: Keras takes one backend a process, and JAX its devices when it starts.
"""

from pathlib import Path

import keras
import numpy as np
import pytest

from heatproof.config import params
from heatproof.run import runtime
from heatproof.training import devices, runs
from heatproof.training.checkpoints import Checkpoint
from tests.small_cell import write_params
from tests.training.test_checkpoints import Interrupted
from tests.training.test_loop import PLAIN, planned, run
from tests.training.test_schedule import training

CELL = "simple_cnn-digits"
# Of losses and weights after three epochs on one device and four, whose sums are of another order.
APART = 1e-4


def tiny() -> keras.Model:
    """Return a network with all that has a state, and a mean over the batch."""
    runtime.configure(threads=2, seed=3)
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(4, 3, activation="relu", use_bias=False)(inputs)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.Dropout(0.3, seed=4)(keras.layers.Flatten()(x))
    return keras.Model(inputs, keras.layers.Dense(2)(x), name="tiny")


def trained(count: int, **options) -> list[np.ndarray]:
    """Train on so many devices, the validation part in batches that do not divide among them."""
    there = keras.distribution.list_devices()
    assert len(there) == 4
    assert devices.divide(16, there[:count]) == count
    augmentation = PLAIN.model_copy(update={"brightness": 0.2})
    plan = planned(augment=True, epochs=3, batch_size=16)
    settings = training(validation_fraction=0.15)
    model, outcome = run(tiny(), plan, settings, augmentation=augmentation, **options)
    assert outcome.validation_images % 4, "or all of them would divide"
    kernel = model.layers[1].kernel.value
    assert len(kernel.devices()) == count and kernel.is_fully_replicated
    return [*outcome.history.values(), *model.get_weights()]


def test_weights_are_those_of_one_device_but_for_the_order_of_sums() -> None:
    one, four = trained(1), trained(4)
    for first, second in zip(one, four, strict=True):
        np.testing.assert_allclose(first, second, rtol=APART, atol=APART)
    for first, second in zip(four, trained(4), strict=True):
        np.testing.assert_array_equal(first, second)


def test_an_interrupted_training_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    def stop(numbers, epoch: int) -> None:
        raise Interrupted

    whole = trained(4)
    checkpoint = Checkpoint(tmp_path / "cell.npz", "key")
    with pytest.raises(Interrupted):
        trained(4, checkpoint=checkpoint, listener=stop)
    for one, other in zip(whole, trained(4, checkpoint=checkpoint), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_batch_is_divided_and_one_that_cannot_be_is_computed_by_all() -> None:
    assert devices.divide(16) == 4
    divided = keras.distribution.distribution()
    assert isinstance(divided, devices.DividedBatches)
    assert divided.get_data_layout((16, 8, 8, 1)).axes[0] == divided.batch_dim_name
    assert divided.get_data_layout((6, 8, 8, 1)).axes == (None,) * 4


@pytest.mark.parametrize(("batch_size", "count"), [(64, 4), (50, 2), (9, 3), (7, 1)])
def test_as_many_devices_train_as_divide_a_batch(batch_size: int, count: int, capsys) -> None:
    assert devices.divide(batch_size) == count
    told = f"{count} of 4 devices train: batches of {batch_size} images do not divide evenly"
    assert (told in capsys.readouterr().out) == (count < 4)
    assert (keras.distribution.distribution() is None) == (count == 1)


def test_a_run_is_trained_on_all_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_params(CELL)
    runs.configure(params.load().run(CELL))
    distribution = keras.distribution.distribution()
    assert distribution is not None and distribution.num_model_replicas == 4
    keras.distribution.set_distribution(None)
