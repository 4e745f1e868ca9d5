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


def assert_close(found: np.ndarray, expected: np.ndarray, relative: float = 1e-4) -> None:
    """Fail where maps differ by more than a share of the greatest magnitude of each."""
    scale = np.abs(expected).max(axis=tuple(range(1, expected.ndim)), keepdims=True)
    assert scale.min() > 0
    np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=relative)
