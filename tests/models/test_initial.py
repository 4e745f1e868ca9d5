"""Weights that a training starts from: whitened patches are white, identities hand on."""

import keras
import numpy as np
import pytest

from heatproof.models import initial
from heatproof.run.errors import UserError


def images(count: int = 300) -> np.ndarray:
    """Pictures whose neighbouring pixels are alike, and whose colours are too."""
    generator = np.random.default_rng(4)
    coarse = generator.uniform(0, 256, (count, 5, 5, 1)).repeat(2, axis=1).repeat(2, axis=2)
    return np.clip(coarse + generator.normal(0, 20, (count, 10, 10, 3)), 0, 255).astype(np.uint8)


def network(filters: int, size: int = 2) -> keras.Model:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((10, 10, 3), name="image")
    x = keras.layers.Rescaling(4.0, -2.0)(inputs)
    x = keras.layers.Conv2D(filters, size, name="first")(x)
    x = keras.layers.Conv2D(filters + 2, 3, padding="same", name="second")(x)
    return keras.Model(inputs, x, name="tiny")


def test_whitened_patches_are_uncorrelated_and_of_one_variance() -> None:
    model = network(24)
    bias = model.get_layer("first").bias.numpy()
    initial.whiten(model, images())
    first = keras.Model(model.input, model.get_layer("first").output)
    found = np.asarray(first(images().astype(np.float32) / 255)) - bias
    flat = found.reshape(-1, 24)
    # The moment about zero, not about the mean: the paper's covariance leaves the mean in.
    moments = flat[:, :12].T @ flat[:, :12] / len(flat)
    np.testing.assert_allclose(moments, np.eye(12), atol=0.02)
    np.testing.assert_allclose(flat[:, 12:], -flat[:, :12], rtol=1e-4, atol=1e-4)


def test_the_largest_eigenvalue_comes_first_and_the_kernel_is_trained_no_further() -> None:
    model = network(24)
    initial.whiten(model, images())
    kernel = model.get_layer("first").kernel.numpy()
    # What varies most is divided by most.
    lengths = np.linalg.norm(kernel.reshape(12, 24), axis=0)
    assert (np.diff(lengths[:12]) >= -1e-5).all() and lengths[11] > 3 * lengths[0]
    trained = [variable.path for variable in model.trainable_variables]
    assert not any("first/kernel" in path for path in trained)
    assert any("first/bias" in path for path in trained)


@pytest.mark.parametrize(("filters", "pairs"), [(6, 3), (30, 12)])
def test_other_numbers_of_filters(filters: int, pairs: int) -> None:
    model = network(filters)
    before = model.get_layer("first").kernel.numpy()
    initial.whiten(model, images())
    after = model.get_layer("first").kernel.numpy()
    np.testing.assert_array_equal(after[..., pairs : 2 * pairs], -after[..., :pairs])
    np.testing.assert_array_equal(after[..., 2 * pairs :], before[..., 2 * pairs :])
    assert not np.isclose(after[..., 0], before[..., 0]).any()


def test_no_convolution_to_whiten_is_refused() -> None:
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)), name="flat")
    with pytest.raises(UserError, match=r"training\.whitening of flat: .*whitening: false"):
        initial.whiten(model, images())


def test_convolutions_hand_on_their_input_where_they_have_filters_enough() -> None:
    model = network(4, size=3)
    random = model.get_layer("second").kernel.numpy()
    initial.hand_on(model)
    second = model.get_layer("second")
    given = np.random.default_rng(0).normal(size=(2, 8, 8, 4)).astype(np.float32)
    found = np.asarray(second(given))
    np.testing.assert_array_equal(found[..., :4], given)
    np.testing.assert_array_equal(second.kernel.numpy()[..., 4:], random[..., 4:])
    few = network(2, size=3)
    before = few.get_layer("first").kernel.numpy()
    initial.hand_on(few)
    np.testing.assert_array_equal(few.get_layer("first").kernel.numpy(), before)
