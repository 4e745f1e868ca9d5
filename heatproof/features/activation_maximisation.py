"""Activation maximisation: images that classes and filters prefer to any that exist.

Gradient ascent on the image (Erhan, Bengio, Courville and Vincent 2009, "Visualizing higher-layer
features of a deep network"; for classes Simonyan et al. 2013, https://arxiv.org/abs/1312.6034,
equation 1), kept within [0, 1], with total variation against noise (Mahendran and Vedaldi 2015,
https://arxiv.org/abs/1412.0035, equation 4 with beta = 1) and random shifts against patterns that
work at one place only (Mordvintsev et al. 2015, "Inceptionism").

A class's image maximises its logit. A filter's maximises the value before activation at the middle
cell of its map: after ReLU a filter that is silent at first would have no gradient. All images of
a layer climb together, in one compiled loop. tf-keras-vis' ActivationMaximization does one step a
call, clips only the last image, and draws its shifts from NumPy's global generator.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from heatproof.attribution.core import graph
from heatproof.attribution.core.activation_layers import LOGITS, before_activation
from heatproof.attribution.core.geometry import feature_axes
from heatproof.attribution.core.network import Network
from heatproof.features.options import MaximisationOptions


@dataclass(frozen=True)
class Preferred:
    """What a layer's channels prefer.

    images: float32 (n, height, width, channels) in [0, 1]. reached: float32 (n,), the highest
    value of the channel anywhere in the image, before activation; for classes the logit.
    """

    images: np.ndarray
    reached: np.ndarray


def maximise(
    network: Network, layer: str, channels: np.ndarray, options: MaximisationOptions, seed: int
) -> Preferred:
    """Climb to the images that some channels of a layer prefer.

    Args:
        network: the network to inspect.
        layer: the name of an activated feature map, or LOGITS.
        channels: int64 (n,), of the layer; classes, if it is LOGITS.
        options: how. Its `layers` is not read.
        seed: of the first image and the shifts, which are the same for every channel.

    Raises:
        FloatingPointError: a value is NaN or infinite.
    """
    random = np.random.default_rng(seed)
    grey = random.normal(0.5, options.noise, network.image_shape)
    start = np.clip(grey, 0, 1).astype(np.float32)
    jitter = _max_jitter(network, layer, options.jitter)
    shifts = random.integers(-jitter, jitter + 1, (options.steps, 2)).astype(np.int32)
    sizes = options.step_size * (1 - np.arange(options.steps) / options.steps)
    climb = network.compiled(("maximise", layer), _climb_of(network, layer), autograph=True)

    def function(images: Any, batch_channels: Any) -> Any:
        return climb(
            images,
            batch_channels,
            shifts,
            sizes.astype(np.float32),
            np.float32(options.total_variation),
        )

    starts = np.broadcast_to(start, (len(channels), *start.shape))
    return Preferred(*network.in_batches(function, starts, channels))


def _max_jitter(network: Network, layer: str, wanted: int) -> int:
    """Return by how much an image may be shifted before another cell is in the middle."""
    if layer == LOGITS:
        return wanted
    jump = min(axis.jump for axis in feature_axes(network.model, layer))
    return int(np.clip(np.ceil(jump / 2) - 1, 0, wanted))


def _climb_of(network: Network, layer: str) -> Any:
    def values(images: Any, channels: Any, chosen: Any) -> Any:
        """Return each image's own channel at `chosen` of its map, (n,)."""
        wanted = before_activation(network.model, layer)
        output = graph.value(network.model, images, wanted, in_loop=True)
        output = chosen(output) if len(output.shape) == 4 else output
        return tf.reduce_sum(output * tf.one_hot(channels, output.shape[-1]), axis=-1)

    def climb(images: Any, channels: Any, shifts: Any, sizes: Any, smoothing: Any) -> Any:
        for step in tf.range(tf.shape(sizes)[0]):
            with tf.GradientTape() as tape:
                tape.watch(images)
                score = values(tf.roll(images, shifts[step], axis=[1, 2]), channels, _middle)
            gradient = tape.gradient(
                score, images, unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
            # Logits and activations have any scale; a step has the one that was asked for.
            scale = tf.sqrt(tf.reduce_mean(gradient**2, axis=[1, 2, 3], keepdims=True))
            direction = tf.math.divide_no_nan(gradient, scale) - smoothing * _roughness(images)
            images = tf.clip_by_value(images + sizes[step] * direction, 0.0, 1.0)
        reached = values(images, channels, lambda output: tf.reduce_max(output, axis=[1, 2]))
        return images, reached

    return climb


def _middle(output: Any) -> Any:
    return output[:, output.shape[1] // 2, output.shape[2] // 2]


def _roughness(images: Any) -> Any:
    """Return the gradient of the total variation, the sum of |differences| of neighbours.

    Written out: four gradients that meet at a tensor would be added in any order.
    """
    down = tf.sign(images[:, 1:] - images[:, :-1])
    right = tf.sign(images[:, :, 1:] - images[:, :, :-1])
    return (
        tf.pad(down, [[0, 0], [1, 0], [0, 0], [0, 0]])
        - tf.pad(down, [[0, 0], [0, 1], [0, 0], [0, 0]])
        + tf.pad(right, [[0, 0], [0, 0], [1, 0], [0, 0]])
        - tf.pad(right, [[0, 0], [0, 0], [0, 1], [0, 0]])
    )
