"""Rescaling row by row gives what Keras' own gives, to the bit."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from heatproof.models.rescaling import Rescaling

CASES = {
    "a number for each channel": ([2.0, 3.1, 0.7], [0.5, -1.0, 0.2], 3),
    "one number": (1 / 0.3, -1.7, 3),
    "grey": ([2.0], [0.5], 1),
}


def image_batch(channels: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, 5, 4, channels)).astype(np.float32)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_the_same_bits_as_of_keras(case: str, dtype: str) -> None:
    scale, offset, channels = CASES[case]
    found = []
    for kind in (Rescaling, keras.layers.Rescaling):
        layer, x = kind(scale, offset, dtype=dtype), tf.constant(image_batch(channels), dtype)
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x)
        found.append((outputs.numpy(), tape.gradient(outputs, x, output_gradients=x).numpy()))
    for mine, other in zip(*found, strict=True):
        np.testing.assert_array_equal(mine, other)
        assert mine.dtype == dtype


def test_by_hand() -> None:
    images = np.arange(6, dtype=np.float32).reshape(1, 1, 2, 3)
    scaled = Rescaling([1.0, 10.0, 100.0], [0.0, 1.0, 2.0])(images)
    np.testing.assert_array_equal(scaled, [[[[0, 11, 202], [3, 41, 502]]]])


def test_no_factor_is_spread_over_so_short_an_axis_as_the_channels() -> None:
    layer = Rescaling([1.0, 2.0, 3.0], [0.0, 0.0, 0.0])
    traced = tf.function(layer).get_concrete_function(tf.TensorSpec((None, 5, 4, 3)))
    products = [op for op in traced.graph.get_operations() if op.type == "Mul"]
    assert [op.outputs[0].shape[-1] for op in products] == [4 * 3]
