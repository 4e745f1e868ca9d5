"""Descent on pixels, for images that are sought: Adam (Kingma & Ba 2014), kept within [0, 1].

Gradients of the regularisers are written out: where more than two gradients meet at a tensor,
TensorFlow adds them in any order.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

FIRST, SECOND, TINY = 0.9, 0.999, 1e-8  # as published
GREY, POWER = 0.5, 6  # of the alpha-norm: Mahendran & Vedaldi 2015, section 3.1


def sizes(steps: int, first: float) -> np.ndarray:
    """Return the steps' sizes, which shrink linearly, float32 (steps,)."""
    return (first * (1 - np.arange(steps) / steps)).astype(np.float32)


def start(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Return the image that a search starts from, grey with some noise, float32 in [0, 1]."""
    noisy = np.random.default_rng(seed).normal(GREY, 0.1, shape)
    return np.clip(noisy, 0, 1).astype(np.float32)


def descend(images: Any, loss_of: Callable[[Any], Any], step_sizes: Any, weights: Any) -> Any:
    """Take steps of Adam in TensorFlow, for use inside a compiled function.

    Args:
        images: float32 (n, height, width, channels) in [0, 1], where it starts.
        loss_of: images -> (n,), each image's own.
        step_sizes: float32 (steps,).
        weights: float32 (2,) or longer, of the total variation and of the alpha-norm.

    Returns:
        the images it ends at.
    """

    def step(number: Any, images: Any, first: Any, second: Any) -> tuple[Any, ...]:
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = loss_of(images)
        gradient = tape.gradient(loss, images, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        gradient += weights[0] * roughness_gradient(images) + weights[1] * norm_gradient(images)
        first = FIRST * first + (1 - FIRST) * gradient
        second = SECOND * second + (1 - SECOND) * gradient**2
        count = tf.cast(number + 1, tf.float32)
        mean = first / (1 - FIRST**count)
        spread = tf.sqrt(second / (1 - SECOND**count))
        moved = images - step_sizes[number] * mean / (spread + TINY)
        return number + 1, tf.clip_by_value(moved, 0.0, 1.0), first, second

    count, none = tf.shape(step_sizes)[0], tf.zeros_like(images)
    begin = (tf.constant(0), images, none, none)
    return tf.while_loop(lambda number, *_: number < count, step, begin, parallel_iterations=1)[1]


def roughness_gradient(images: Any) -> Any:
    """Return the gradient of the mean over pixels of squared differences of neighbours (beta = 2).

    Mahendran & Vedaldi 2015, equation 4.
    """
    down = 2 * (images[:, 1:] - images[:, :-1])
    right = 2 * (images[:, :, 1:] - images[:, :, :-1])
    total = (
        tf.pad(down, [[0, 0], [1, 0], [0, 0], [0, 0]])
        - tf.pad(down, [[0, 0], [0, 1], [0, 0], [0, 0]])
        + tf.pad(right, [[0, 0], [0, 0], [1, 0], [0, 0]])
        - tf.pad(right, [[0, 0], [0, 0], [0, 1], [0, 0]])
    )
    return total / float(np.prod(images.shape[1:]))


def norm_gradient(images: Any) -> Any:
    """Return the gradient of the mean sixth power of twice the distance from grey."""
    return 2 * POWER * (2 * (images - GREY)) ** (POWER - 1) / float(np.prod(images.shape[1:]))


def relative_error(found: Any, wanted: Any) -> Any:
    """Return |found - wanted|² / |wanted|² of each image, (n,); 0 where nothing is wanted."""
    axes = list(range(1, len(wanted.shape)))
    return tf.math.divide_no_nan(
        tf.reduce_sum((found - wanted) ** 2, axes), tf.reduce_sum(wanted**2, axes)
    )
