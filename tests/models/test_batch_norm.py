"""The fused batch normalisation gives what Keras' own gives."""

import keras
import numpy as np
import pytest

from heatproof.models.batch_norm import BatchNormalization

MOMENTUM, EPSILON = 0.9, 1e-3


def pair(channels: int) -> tuple[keras.Layer, keras.Layer]:
    """Return ours and Keras' layer with the same weights, none of them a start value."""
    random = np.random.default_rng(0)
    made = [
        kind(momentum=MOMENTUM, epsilon=EPSILON, name="bn")
        for kind in (BatchNormalization, keras.layers.BatchNormalization)
    ]
    weights = [random.uniform(0.5, 2, channels) for _ in range(4)]
    for layer in made:
        layer.build((None, 4, 4, channels))
        layer.set_weights(weights)
    return made[0], made[1]


def images(count: int = 6, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(1).normal(2, 3, (count, 4, 4, channels)).astype(np.float32)


@pytest.mark.parametrize("training", [True, False])
def test_outputs_and_moving_statistics_are_those_of_keras(training: bool) -> None:
    ours, theirs = pair(3)
    x = images()
    for _ in range(3):
        mine, other = (np.asarray(layer(x, training=training)) for layer in (ours, theirs))
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)
    moved = not np.allclose(ours.moving_mean, pair(3)[0].moving_mean)
    assert moved == training


def test_in_training_it_normalises_and_keeps_the_biased_variance() -> None:
    layer = BatchNormalization(momentum=0.0, epsilon=1e-6)
    x = images()
    out = np.asarray(layer(x, training=True))
    np.testing.assert_allclose(out.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(out.std(axis=(0, 1, 2)), 1, atol=1e-4)
    np.testing.assert_allclose(layer.moving_variance, x.var(axis=(0, 1, 2)), rtol=1e-5)


def test_gradients_are_those_of_keras() -> None:
    import tensorflow as tf

    x, wanted = tf.constant(images()), tf.constant(images()[::-1].copy())
    found = []
    for layer in pair(3):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_mean((layer(x, training=True) - wanted) ** 2)
        found.append(tape.gradient(loss, [x, layer.gamma.value, layer.beta.value]))
    for mine, other in zip(*found, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-5)


def test_a_frozen_layer_keeps_its_statistics() -> None:
    ours, theirs = pair(3)
    ours.trainable = theirs.trainable = False
    x = images()
    np.testing.assert_allclose(ours(x, training=True), theirs(x, training=True), rtol=1e-5)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_weights_serve_a_network_with_keras_own_layer(tmp_path) -> None:
    def network(kind: type) -> keras.Model:
        inputs = keras.Input((4, 4, 3))
        return keras.Model(inputs, kind(name="bn")(inputs))

    ours, theirs = network(BatchNormalization), network(keras.layers.BatchNormalization)
    ours.set_weights([w + 1 for w in ours.get_weights()])
    ours.save_weights(tmp_path / "x.weights.h5")
    theirs.load_weights(tmp_path / "x.weights.h5")
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("scale", [True, False])
def test_half_precision_is_normalised_by_float32_statistics(scale: bool) -> None:
    policy = keras.DTypePolicy("mixed_bfloat16")
    options = {"momentum": MOMENTUM, "epsilon": EPSILON, "scale": scale, "dtype": policy}
    ours, theirs = (
        kind(**options) for kind in (BatchNormalization, keras.layers.BatchNormalization)
    )
    x = keras.ops.cast(images(64), "bfloat16")
    mine, other = ours(x, training=True), theirs(x, training=True)
    assert mine.dtype == other.dtype == "bfloat16"
    mine, other = (keras.ops.convert_to_numpy(keras.ops.cast(y, "float32")) for y in (mine, other))
    np.testing.assert_allclose(mine, other, rtol=0.02, atol=0.02)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
