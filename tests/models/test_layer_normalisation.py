"""Layer normalisation with its gradient written out: the numbers of Keras' own."""

import keras
import numpy as np
import pytest

from heatproof.models.layer_normalisation import LayerNormalization, serves


@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False, "epsilon": 0.5}])
def test_outputs_and_gradients_are_those_of_keras(options) -> None:
    import tensorflow as tf

    random = np.random.default_rng(0)
    x = tf.constant(random.normal(1, 2, (3, 5, 4)).astype(np.float32))
    found = []
    for kind in (LayerNormalization, keras.layers.LayerNormalization):
        layer = kind(**options)
        layer.build(x.shape)
        draw = np.random.default_rng(1)
        layer.set_weights([draw.normal(0, 1, weight.shape) for weight in layer.get_weights()])
        assert serves(layer, x)
        weights = [weight.value for weight in layer.weights]
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x)
            loss = tf.reduce_sum(tf.sin(outputs))
        found.append([outputs, *tape.gradient(loss, [x, *weights])])
    for mine, other in zip(*found, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        LayerNormalization(axis=1), LayerNormalization(axis=(1, 2)),
        LayerNormalization(rms_scaling=True), LayerNormalization(dtype="mixed_bfloat16"),
    ],
)  # fmt: skip
def test_anything_else_is_left_to_keras(layer) -> None:
    x = np.random.default_rng(0).normal(0, 1, (2, 3, 4)).astype(np.float32)
    outputs = np.asarray(layer(x), np.float32)
    assert not serves(layer, keras.ops.convert_to_tensor(x))
    own = keras.layers.LayerNormalization.from_config(layer.get_config())
    np.testing.assert_allclose(outputs, np.asarray(own(x), np.float32), atol=1e-2)
