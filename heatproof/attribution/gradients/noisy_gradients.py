"""SmoothGrad and VarGrad: mean and variance of the gradient at noisy copies of the image.

SmoothGrad: Smilkov et al. 2017, https://arxiv.org/abs/1706.03825, section 3.1. VarGrad: Adebayo et
al. 2018, https://arxiv.org/abs/1810.03292, section 2 and appendix B.

The noise is drawn from the seed alone, so every image gets the same, and both methods too. Its
standard deviation is a share of the range that pixels can have, [0, 1]. The papers take it of the
range that the image's own pixels have, which leaves an image of one colour without noise. Noisy
pixels may leave [0, 1].

A gradient jumps where a ReLU's input, or the difference of two that are pooled, passes zero. In
single precision a rounding error of the network's decides now and then on which side a copy is: of
50 copies one, whose gradient is then off by some percent, and the map of its 50th part, up to 6e-3
of its largest value (resnet18 at 32 pixels, random weights, against double precision); at 224
pixels half of the copies are (efficientnet_lite0, ResNet50: up to 1e-2). How the moments are
accumulated does not matter: of the same single-precision gradients they are right to 3e-7. So
small images' gradients are computed in double precision, which costs three times as much. At 224
pixels as many inputs lie so close to zero that the last bit of a pixel decides, and a map is not
defined to better than that.
"""

from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from heatproof.attribution.core.copies import gradients_at, slices
from heatproof.attribution.core.method import (
    PER_BRIGHTNESS,
    Attribution,
    Context,
    EngineOptions,
    Library,
    Method,
    Passes,
)
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.sizes import AUTO, AgainAtMost, Auto, by_size
from heatproof.attribution.libraries import tf_keras_vis
from heatproof.config.schema import Block

Precision = Literal["single", "double"]
DOUBLE_COST = 3  # times a gradient in single precision


class NoiseOptions(Block):
    """Options of gradients over noisy copies."""

    samples: Annotated[int, Field(ge=2, le=100_000), AgainAtMost(20)] = 50
    """Noisy copies of each image."""
    noise: Annotated[float, Field(gt=0, le=1)] = 0.15
    """Standard deviation of the noise, of an image in [0, 1]."""
    precision: Annotated[Auto | Precision, by_size("double", "single")] = AUTO
    """Of the network’s arithmetic. `double` takes three times as long; a ReLU’s input close to zero
    is then on its right side."""


class SmoothGradOptions(EngineOptions, NoiseOptions):
    """Of SmoothGrad, which tf-keras-vis has too: in single precision."""


def smoothgrad(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    samples: int,
    noise: float,
    precision: Precision,
    seed: int,
) -> Attribution:
    """Attribute each target logit to pixels: the mean gradient of noisy copies of the image.

    The gradients are averaged with their signs, so what points now up, now down cancels. The
    magnitude is taken of the mean, and of the colour channels the largest, as in saliency.

    Not negative: change of the logit per unit of the pixel.
    """
    mean, _ = _both_maps(network, images, targets, samples, noise, precision, seed)
    return Attribution(mean)


def vargrad(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    samples: int,
    noise: float,
    precision: Precision,
    seed: int,
) -> Attribution:
    """Attribute each target logit to pixels: the variance of the gradient over noisy copies.

    It is the variance of the samples themselves (divided by their number), and of the colour
    channels the largest.

    Not negative: the square of saliency's unit.
    """
    _, variance = _both_maps(network, images, targets, samples, noise, precision, seed)
    return Attribution(variance)


def _both_maps(
    network: Network, images: np.ndarray, targets: np.ndarray, *options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return SmoothGrad's maps and VarGrad's, which with the same options need the same passes."""

    def compute() -> tuple[np.ndarray, np.ndarray]:
        mean, variance = moments(network, images, targets, *options)
        both = np.abs(mean).max(axis=-1), variance.max(axis=-1)
        return both[0].astype(np.float32), both[1].astype(np.float32)

    return network.shared(("noisy_gradients", *options), compute, images, targets)


def moments(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    samples: int,
    noise: float,
    precision: Precision,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance over the samples of d logit[target] / d image.

    Returns:
        two float64 arrays like `images`: the mean of the signed gradients, and their variance (the
        mean square distance from it).
    """
    import tensorflow as tf

    computing = network.double if precision == "double" else network

    def function(draws: Any, batch: Any, batch_targets: Any) -> tuple[Any, Any]:
        batch, draws = (tf.cast(each, computing.dtype) for each in (batch, draws))
        gradients = gradients_at(computing, batch[None] + draws[:, None], batch_targets)
        mean = tf.reduce_mean(gradients, axis=0)
        return mean, tf.reduce_sum(tf.square(gradients - mean), axis=0)

    compiled = network.compiled(("noisy_gradients", precision), function)
    random = np.random.default_rng(seed)
    mean, squares, before = np.zeros(images.shape), np.zeros(images.shape), 0
    for part, size in slices(computing, samples):
        count = part.stop - part.start
        draws = noise * random.standard_normal((count, *network.image_shape), np.float32)
        part_mean, part_squares = network.in_batches(
            partial(compiled, tf.constant(draws)), images, targets, size=size
        )
        # Chan et al. 1979, eq. 2.1: squares of distances from a mean can be joined, where a
        # difference of two sums of squares would lose its digits.
        distance, total = part_mean - mean, before + count
        mean += distance * (count / total)
        squares += part_squares + distance**2 * (before * count / total)
        before = total
    return mean, squares / samples


def _arguments(options: NoiseOptions, context: Context) -> dict[str, Any]:
    return {**dict(options), "seed": context.seed}


def _passes(options: NoiseOptions, _size: tuple[int, int]) -> Passes:
    return Passes(gradients=options.samples * (DOUBLE_COST if options.precision == "double" else 1))


METHODS = (
    Method(
        name="smoothgrad",
        label="SmoothGrad",
        family="noise",
        needs="gradients",
        shows="the magnitude of the gradient averaged over noisy copies of the image: saliency "
        "without its fine speckle, which averages out",
        reference="Smilkov et al. 2017",
        address="arXiv:1706.03825",
        definition="The mean of the logit’s gradients at copies of the image with Gaussian noise, "
        "its magnitude, of the colour channels the largest.",
        equation="M = max_c |1/n Σ_k ∂S/∂x_c (x + ε_k)|, ε_k ~ N(0, σ²)",
        deviations="The noise is a share of the range that pixels can have, [0, 1]; in the "
        "paper of the range that the image’s own pixels have.",
        options=SmoothGradOptions,
        explain=smoothgrad,
        arguments=_arguments,
        library=Library(
            tf_keras_vis.PACKAGE,
            tf_keras_vis.smoothgrad,
            lambda options, context: {
                "samples": options.samples,
                "noise": options.noise,
                "seed": context.seed,
            },
        ),
        unit=PER_BRIGHTNESS,
        signed=False,
        cost="slow",
        passes=_passes,
    ),
    Method(
        name="vargrad",
        label="VarGrad",
        family="noise",
        needs="gradients",
        shows="how much the gradient varies between noisy copies of the image: where the score’s "
        "dependence on a pixel is unstable, often along edges",
        reference="Adebayo et al. 2018",
        address="arXiv:1810.03292",
        definition="The variance of the logit’s gradients over copies of the image with Gaussian "
        "noise, of the colour channels the largest.",
        equation="M = max_c Var_k(∂S/∂x_c (x + ε_k)), ε_k ~ N(0, σ²)",
        deviations="The noise is a share of the range that pixels can have, as SmoothGrad’s here.",
        options=NoiseOptions,
        explain=vargrad,
        arguments=_arguments,
        unit=f"({PER_BRIGHTNESS})²",
        signed=False,
        cost="slow",
        passes=_passes,
    ),
)
