"""GradientSHAP: expected gradients (Erion et al. 2019, https://arxiv.org/abs/1906.10670, eq. 2).

Integrated Gradients' attribution, (x - x') * the gradient on the way from x' to x, in expectation
over the starting point x', a training image, and over the point of the way. Its sum is in
expectation the logit less the mean logit of the training images; how far a finite sample is from
that is the method's additivity gap.
"""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from heatproof.attribution.core.additivity import ADDITIVITY_GAP
from heatproof.attribution.core.method import (
    Attribution,
    Context,
    EngineOptions,
    Library,
    Method,
    Passes,
)
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.sizes import AgainAtMost
from heatproof.attribution.libraries import shap_package
from heatproof.attribution.shapley.background import BackgroundOptions, shared_out


class GradientShapOptions(EngineOptions, BackgroundOptions):
    """Options of GradientSHAP."""

    samples: Annotated[int, Field(ge=2, le=100_000), AgainAtMost(20)] = 50
    """Points at which the gradient is taken, per image."""


def draws(background: int, samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw what is sampled: a starting point and a point of the way for each sample.

    Both are stratified, which leaves the expectation as it is and takes most of the variance: the
    starting points are dealt out so that none comes up more than once more than another, and the
    way is divided into as many equal parts as there are samples, with one point in each.

    Args:
        background: how many training images there are to start from.
        samples: how many to draw.
        seed: of the draws.

    Returns:
        int64 (samples,), indices of the training images; float32 (samples,), from 0 at the
        training image to 1 at the explained one.
    """
    random = np.random.default_rng(seed)
    rounds = -(-samples // background)
    starts = np.concatenate([random.permutation(background) for _ in range(rounds)])[:samples]
    return starts, ((np.arange(samples) + random.random(samples)) / samples).astype(np.float32)


def gradient_shap(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    background: np.ndarray,
    starts: np.ndarray,
    points: np.ndarray,
) -> Attribution:
    """Attribute each target logit to pixels.

    Args:
        background: float32 (m, height, width, channels) in [0, 1], training images.
        starts: int64 (samples,), from `draws`: the same for every image.
        points: float32 (samples,), from `draws` too.

    Returns:
        maps float32 (n, height, width), signed, in logits: summed over channels. numbers:
        `additivity_gap`, which the sample leaves.
    """
    import tensorflow as tf

    def function(pictures: Any, training: Any, picture: Any, start: Any, *rest: Any) -> Any:
        target, point = rest
        begin = tf.gather(training, start)
        way = tf.gather(pictures, picture) - begin
        inputs = begin + tf.reshape(point, (-1, 1, 1, 1)) * way
        # What equation 2 takes the expectation of.
        return tf.reduce_sum(way * network.gradients_of(inputs, target), axis=-1)

    compiled = network.compiled("gradient_shap", function)
    pictures, training = tf.constant(images), tf.constant(background)
    samples, step = len(points), network.batch_size
    maps = np.zeros(images.shape[:3])
    for first in range(0, len(images) * samples, step):  # a batch may hold several images' samples
        pair = np.arange(first, min(first + step, len(images) * samples))
        image, sample = np.divmod(pair, samples)
        parts = network.in_batches(
            lambda *batch: compiled(pictures, training, *batch),
            image, starts[sample], targets[image], points[sample],
        )  # fmt: skip
        shown, where = np.unique(image, return_index=True)
        maps[shown] += np.add.reduceat(parts, where, axis=0, dtype=np.float64)
    expected = network.logits(background).mean(axis=0, dtype=np.float64)
    return shared_out(network, images, targets, maps / samples, expected)


def _arguments(options: GradientShapOptions, context: Context) -> dict[str, np.ndarray]:
    background = context.background(options.background)
    starts, points = draws(len(background), options.samples, context.seed)
    return {"background": background, "starts": starts, "points": points}


def _of_library(options: GradientShapOptions, context: Context) -> dict[str, Any]:
    background = context.background(options.background)
    return {"background": background, "samples": options.samples, "seed": context.seed}


METHODS = (
    Method(
        name="gradient_shap",
        label="GradientSHAP",
        family="shapley",
        needs="gradients",
        also=("path",),
        shows="gradients averaged on random paths from training images to this one, times the "
        "difference: an estimate of each pixel’s Shapley value",
        reference="Erion et al. 2019; Lundberg & Lee 2017",
        address="arXiv:1906.10670",
        definition="The pixel’s difference from a training image times the logit’s gradient "
        "between the two, in expectation over training images and points of the line, summed "
        "over the colour channels.",
        equation="M = Σ_c E_(x′, t) (x_c − x′_c) ∂S/∂x_c (x′ + t (x − x′)) (eq. 2)",
        deviations="Training images and points are drawn stratified, which leaves the expectation "
        "as it is; the shap package draws them independently, and may add noise.",
        options=GradientShapOptions,
        explain=gradient_shap,
        arguments=_arguments,
        library=Library(shap_package.PACKAGE, shap_package.gradient_shap, _of_library),
        cost="slow",
        passes=lambda options, size: Passes(gradients=options.samples),
        numbers=ADDITIVITY_GAP,
    ),
)
