"""The smallest change of an image that makes the network predict another class.

Wachter, Mittelstadt and Russell 2017, https://arxiv.org/abs/1711.00399: of equation 2,

    arg min over x'  max over lambda  lambda * (how far f(x') is from the class) + d(x, x'),

with d as `change_size` has it. Only the ratios of its three weights count, since lambda is searched
for each image: it rises while the class is not reached and falls while it is. A step follows the
class' gradient and then applies the proximal operator of d (ISTA; for networks Chen et al. 2018,
https://arxiv.org/abs/1709.04114), so that what is not needed is zero and not merely small; pixels
stay in [0, 1]. The smallest change that reached the class is kept, and shortened along its line to
where it just does.

A network can be led to the class in many ways, and the way found is a local one: a shorter may
exist.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from heatproof.attribution.core import graph
from heatproof.attribution.core.network import Network, target_scores
from heatproof.counterfactuals.change_size import differences, proximal, size_of
from heatproof.counterfactuals.options import SearchOptions
from heatproof.statistics.softmax import softmax

# How the search moves, which is no part of what is searched. With 200 steps it ends within 5 % of
# the sizes that 1,600 steps find (8 images each of two trained networks), and half or twice these
# numbers change no mean size by more than 5 %.
FIRST_STEP = 0.5  # of the pixel with the largest gradient, of [0, 1]
LAST_STEP = 0.01  # as a share of the first; in between a half cosine
RATE = 0.05  # by which ln(lambda) rises or falls per step
HALVINGS = 10  # of the line that is shortened
SLACK = 1e-3  # in logits: kept from the boundary, so that rounding does not cross it
LARGEST = 1e9  # lambda stays within its first value times or by this

BATCH = 5  # images at a time: nearly as fast per image as more, and not much slower for one
LEVEL = 1 / 255


@dataclass(frozen=True)
class Counterfactuals:
    """What was found for n images. Where nothing was, the image is as it was.

    images: float32 (n, height, width, channels) in [0, 1]. success: bool (n,), whether the network
    predicts the target class of the float32 image, with the confidence asked for.
    survives_rounding: bool (n,), whether it still predicts it (with any confidence) when the image
    is rounded to 256 levels. confidence_before, confidence: float32 (n,), the target class'
    probability. l0: int64 (n,), pixels changed by half a level or more in some channel. l1, l2,
    linf: float32 (n,), norms of the change, pixels in [0, 1]. iterations: int64 (n,), steps after
    which the change was found; -1 where none was.
    """

    images: np.ndarray
    success: np.ndarray
    survives_rounding: np.ndarray
    confidence_before: np.ndarray
    confidence: np.ndarray
    l0: np.ndarray
    l1: np.ndarray
    l2: np.ndarray
    linf: np.ndarray
    iterations: np.ndarray


def search(
    network: Network, images: np.ndarray, targets: np.ndarray, options: SearchOptions
) -> Counterfactuals:
    """Look for each image's smallest change that makes the network predict its target class.

    Args:
        network: the network to ask, of two classes or more.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), the target class of each.
        options: what is small, and how sure the network has to be.

    Raises:
        FloatingPointError: a value is NaN or infinite.
    """
    weights = (options.l1, options.l2, options.total_variation)
    key = ("counterfactual", options.steps, *weights, options.confidence)
    function = network.compiled(key, _search_of(network, options))
    if len(images):
        changed, iterations = in_fixed_size_batches(network, function, images, targets)
    else:  # so many steps for nothing
        changed, iterations = images, np.zeros(0, np.int64)
    return _verified(network, images, changed, targets, iterations, options.confidence)


def in_fixed_size_batches(network: Network, function: Any, *arrays: np.ndarray) -> Any:
    """Apply a function as `Network.in_batches` does, in batches that all have the same size.

    A kernel's last bits depend on the size of the batch. Where they decide a sign, or which way a
    search continues from a step, an image's result would depend on how many are beside it.
    """
    count = len(arrays[0])
    size = min(BATCH, network.batch_size * 3 // 2)  # 5 of 10 images rather than 4 of 12
    missing = -count % size
    filled = [
        np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)])
        for array in arrays
    ]
    result = network.in_batches(function, *filled, size=size)
    return tuple(a[:count] for a in result) if isinstance(result, tuple) else result[:count]


def shortfall(logits: Any, targets: Any, confidence: float) -> Any:
    """Return by how many logits each row falls short of its target, float32 (n,); TensorFlow.

    Not positive where the target is predicted with `confidence`: its probability p is large enough
    if ln(p / (1 - p)) is, and that is its logit less the logarithm of the summed exponentials of
    the others. Unlike p itself it has a gradient however sure the network is.
    """
    others = logits - 1e9 * tf.one_hot(targets, logits.shape[-1], dtype=logits.dtype)
    wanted = tf.reduce_logsumexp(others, axis=-1) + math.log(confidence / (1 - confidence))
    if confidence < 0.5:  # then it does not make sure that the class is predicted
        wanted = tf.maximum(wanted, tf.reduce_max(others, axis=-1))
    return wanted - target_scores(logits, targets)


def _search_of(network: Network, options: SearchOptions) -> Any:
    weights = options.l1 + options.l2 + options.total_variation

    def short(images: Any, targets: Any) -> Any:
        logits = graph.value(network.model, images, network.model.output, in_loop=True)
        return shortfall(logits, targets, options.confidence) + SLACK

    def function(images: Any, targets: Any) -> tuple[Any, Any]:
        def step(number: Any, change: Any, dual: Any, strength: Any, best: Any) -> tuple:
            with tf.GradientTape() as tape:
                tape.watch(change)
                missing = short(images + change, targets)
            gradient = tape.gradient(
                missing, change, unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
            reached = missing <= 0
            size = size_of(change, options)
            smaller = reached & (size < best["size"])
            best = {
                "change": tf.where(_by_image(smaller), change, best["change"]),
                "size": tf.where(smaller, size, best["size"]),
                "iterations": tf.where(smaller, number, best["iterations"]),
            }
            # Logits have any scale, and gradients with them; a step has that of pixels.
            peak = tf.reduce_max(tf.abs(gradient), axis=[1, 2, 3], keepdims=True)
            share = tf.cast(number, tf.float32) / options.steps
            pace = FIRST_STEP * tf.maximum(0.5 + 0.5 * tf.cos(math.pi * share), LAST_STEP)
            strength = strength * tf.exp(tf.where(reached, -RATE, RATE))
            strength = tf.clip_by_value(strength, weights / LARGEST, weights * LARGEST)
            moved = change - pace * tf.math.divide_no_nan(gradient, peak)
            moved, dual = proximal(moved, dual, pace / _by_image(strength), options)
            change = tf.clip_by_value(images + moved, 0, 1) - images
            return number + 1, change, dual, strength, best

        each = tf.zeros_like(images[:, 0, 0, 0])
        nothing = tf.zeros_like(images)
        best = {
            "change": nothing,
            "size": each + np.float32(np.inf),
            "iterations": tf.fill(tf.shape(each), tf.constant(-1, tf.int64)),
        }
        # At this strength no pixel moves by L1; a step more and the one with the largest gradient
        # does, so that the search begins with the sparsest changes.
        state = (tf.constant(0, tf.int64), nothing, differences(nothing), each + weights, best)
        best = tf.while_loop(
            lambda number, *_: number < options.steps, step, state, parallel_iterations=1
        )[-1]

        def shortened(share: Any) -> Any:
            return tf.clip_by_value(images + _by_image(share) * best["change"], 0, 1)

        def halve(low: Any, high: Any) -> tuple:
            middle = (low + high) / 2
            reached = short(shortened(middle), targets) <= 0
            return tf.where(reached, low, middle), tf.where(reached, middle, high)

        between = (each, each + 1)
        high = tf.while_loop(lambda *_: True, halve, between, maximum_iterations=HALVINGS)[1]
        return shortened(high), best["iterations"]

    return function


def _by_image(values: Any) -> Any:
    return tf.reshape(values, [-1, 1, 1, 1])


def _verified(
    network: Network,
    images: np.ndarray,
    changed: np.ndarray,
    targets: np.ndarray,
    iterations: np.ndarray,
    confidence: float,
) -> Counterfactuals:
    """Ask the network of the images as they are stored, and measure how far they are."""
    rows = np.arange(len(images))
    before = softmax(network.logits(images))[rows, targets]
    reached, predicted = _named(network, changed, targets)
    success = (iterations >= 0) & predicted & (reached >= confidence)
    changed = np.where(success[:, None, None, None], changed, images)
    rounded = (np.round(changed * 255) / 255).astype(np.float32)
    difference = (changed - images).astype(np.float64)
    flat = np.abs(difference).reshape(len(images), np.prod(images.shape[1:], dtype=int))
    return Counterfactuals(
        images=changed,
        success=success,
        survives_rounding=success & _named(network, rounded, targets)[1],
        confidence_before=before.astype(np.float32),
        confidence=np.where(success, reached, before).astype(np.float32),
        l0=(np.abs(difference).max(axis=-1) >= LEVEL / 2).sum(axis=(1, 2)).astype(np.int64),
        l1=flat.sum(axis=1).astype(np.float32),
        l2=np.sqrt((flat**2).sum(axis=1)).astype(np.float32),
        linf=flat.max(axis=1, initial=0).astype(np.float32),
        iterations=np.where(success, iterations, -1),
    )


def _named(
    network: Network, images: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the target's probability, and whether it is what the network predicts, (n,) both."""
    logits = network.logits(images)
    return softmax(logits)[np.arange(len(images)), targets], logits.argmax(axis=1) == targets
