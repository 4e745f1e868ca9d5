"""Gradients the slow way, to compare with: one image at a time, of the network as it was built."""

import keras
import numpy as np
import tensorflow as tf


def gradients(model: keras.Model, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return d logit[target] / d image, float64 (n, height, width, channels)."""
    found = []
    for image, target in zip(images, targets, strict=True):
        with tf.GradientTape() as tape:
            pixels = tf.constant(image[None])
            tape.watch(pixels)
            score = model(pixels, training=False)[0, int(target)]
        found.append(tape.gradient(score, pixels).numpy()[0])
    return np.array(found, np.float64)


def double_gradients(model: keras.Model, images: np.ndarray, target: int) -> np.ndarray:
    """Return d logit[target] / d image, float64 like `images`, all computed in float64."""

    def doubled(layer: keras.layers.Layer) -> keras.layers.Layer:
        return type(layer).from_config(layer.get_config() | {"dtype": "float64"})

    image = keras.Input(model.input_shape[1:], dtype="float64")  # a float32 one would round pixels
    copy = keras.models.clone_model(model, input_tensors=image, clone_function=doubled)
    copy.set_weights(model.get_weights())
    with tf.GradientTape() as tape:
        pixels = tf.constant(images, tf.float64)
        tape.watch(pixels)
        score = copy(pixels, training=False)[:, int(target)]
    found = tape.gradient(score, pixels).numpy()
    assert found.dtype == np.float64
    return found


def assert_close(found: np.ndarray, expected: np.ndarray, relative: float = 1e-4) -> None:
    """Fail where maps differ by more than a share of the greatest magnitude of each."""
    scale = np.abs(expected).max(axis=tuple(range(1, expected.ndim)), keepdims=True)
    assert scale.min() > 0
    np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=relative)
