"""LIME (Ribeiro et al. 2016, https://arxiv.org/abs/1602.04938).

An image is divided into superpixels; copies with some of them switched off are shown to the
network; a weighted linear model of which were on is fitted to the target's logit (equation 1, with
the `lime` package's kernel and ridge regression). A map shows each pixel its segment's coefficient.

What a segment that is off shows decides what the coefficient means. The `lime` package shows the
segment's own mean colour: then 60 % of a digit's segments, all of its background, stay as they are,
and whatever they say is lost. The fill here is the image, blurred widely, or one colour: on the
study's data every segment changes with it. Of the two, the linear model fits the blurred image
better: mean R² 0.80, 0.73 and 0.69 of mobilenet_v2 on mnist, fashion_mnist and cifar10, against
0.78, 0.61 and 0.60 with the training images' mean colour (20 images each, 600 samples). What stays
as it is nevertheless is counted: `idle_segments`.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from heatproof.attribution.core.baselines import blurred
from heatproof.attribution.core.method import Attribution, Method, Number
from heatproof.attribution.core.rows import by_image
from heatproof.attribution.perturbation import surrogate
from heatproof.attribution.perturbation.superpixels import superpixels
from heatproof.config.schema import Block

if TYPE_CHECKING:
    from heatproof.attribution.core.network import Network

GREY_LEVEL = 1 / 255  # a smaller change is none
REGRESSIONS_KEPT = 16  # numbers of segments whose regression is kept from one image to the next

# (segments, seed) -> the regression on what is on, its samples float32 (samples, segments).
Regressions = Callable[[int, int], surrogate.Regression]


class LimeOptions(Block):
    """explain.perturbation.lime of params.yaml.

    samples: perturbed copies per image. segments: superpixels aimed at. compactness: how much
    distance counts beside colour in dividing the image. kernel_width: how fast a copy's weight
    falls with the share of it that is off. ridge: the coefficients' penalty. fill: what a segment
    that is switched off shows; blur: how widely the image is blurred for that, as a share of its
    side. seeds: how many the stability is measured over, on the first stability_images images.
    """

    samples: Annotated[int, Field(ge=10, le=100_000)] = 1000
    segments: Annotated[int, Field(ge=2, le=1000)] = 40
    compactness: Annotated[float, Field(gt=0, le=1000)] = 20.0
    # At less, copies with half of their segments off would weigh nothing beside the whole image,
    # and rounding errors could not be told from a solution.
    kernel_width: Annotated[float, Field(ge=0.05, le=100)] = 0.25
    ridge: Annotated[float, Field(ge=1e-8, le=1000)] = 1.0
    fill: Literal["mean", "blurred", "black"] = "blurred"
    blur: Annotated[float, Field(gt=0, le=10)] = 0.25
    seeds: Annotated[int, Field(ge=2, le=100)] = 3
    stability_images: Annotated[int, Field(ge=0, le=1000)] = 4


def lime(
    network: "Network",
    images: np.ndarray,
    targets: np.ndarray,
    options: LimeOptions,
    colour: np.ndarray,
    seed: int,
) -> Attribution:
    """Attribute each target logit to superpixels.

    Args:
        network: the network to explain.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.
        options: see there.
        colour: float32 (channels,) in [0, 1], the training images' mean.
        seed: of what is switched off; the same for every image.

    Returns:
        maps float32 (n, height, width), signed: the logits that a pixel's segment adds. r2: the
        weighted share of the logit's variance that the linear model explains. segments; and
        idle_segments, how many of them show the same when they are off. stability: the mean
        correlation of the maps from each two seeds; NaN after the first `stability_images` images.
        NaN too where the logit does not change.
    """
    from threadpoolctl import threadpool_limits

    # Images of as many segments are shown with the same ones on.
    regressions = lru_cache(REGRESSIONS_KEPT)(partial(regression, options))
    rows = by_image(images, targets)
    fills = filled(rows.images, options, colour)
    maps = np.zeros(images.shape[:3], np.float32)
    numbers = {
        name: np.full(len(images), np.nan)
        for name in ("r2", "segments", "idle_segments", "stability")
    }
    # NumPy's threads have little to do in matrices this small, and get in TensorFlow's way.
    with threadpool_limits(1, user_api="blas"):
        for i, (image, fill) in enumerate(zip(rows.images, fills, strict=True)):
            shown = rows.of(i)
            seeds = [seed + k for k in range(options.seeds if i < options.stability_images else 1)]
            segments = superpixels(image, options.segments, options.compactness)
            fits = fitted(network, image, fill, segments, targets[shown], regressions, seeds)
            by_seed = np.stack([coefficients[segments] for coefficients, _ in fits])
            maps[shown] = np.moveaxis(by_seed[0], -1, 0)
            numbers["r2"][shown] = fits[0][1]
            numbers["segments"][shown] = count = segments.max() + 1
            changed = np.abs(fill - image).max(axis=-1) >= GREY_LEVEL
            numbers["idle_segments"][shown] = count - len(np.unique(segments[changed]))
            if len(seeds) > 1:
                numbers["stability"][shown] = agreement(by_seed)
    return Attribution(maps, numbers)


def regression(options: LimeOptions, segments: int, seed: int) -> surrogate.Regression:
    """Draw which of an image's segments are on, and make the regression on that ready."""
    samples = surrogate.draw(options.samples, segments, seed)
    weights = surrogate.proximity(samples, options.kernel_width)
    return surrogate.Regression(samples, weights, options.ridge)


def fitted(
    network: "Network",
    image: np.ndarray,
    fill: np.ndarray,
    segments: np.ndarray,
    targets: np.ndarray,
    regressions: Regressions,
    seeds: list[int],
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return for each seed what `surrogate.Regression.fit` gives for the targets' logits.

    All samples pass the network together, and all targets are read from the same passes.
    """
    count = int(segments.max()) + 1
    on = [regressions(count, seed) for seed in seeds]
    samples = np.concatenate([one.samples for one in on])
    values = logits(network, image, fill, segments, samples)[:, targets]
    return [one.fit(part) for one, part in zip(on, np.split(values, len(seeds)), strict=True)]


def logits(
    network: "Network", image: np.ndarray, fill: np.ndarray, segments: np.ndarray, on: np.ndarray
) -> np.ndarray:
    """Return an image's logits with some of its segments on, float32 (n, classes).

    Args:
        network: the network to explain.
        image: float32 (height, width, channels) in [0, 1], what a segment shows when it is on.
        fill: float32 like `image`, what it shows when it is off.
        segments: int64 (height, width), from 0 without a gap.
        on: float32 (n, segments), 0 or 1.
    """
    import tensorflow as tf

    def function(shown: Any, hidden: Any, member: Any, batch: Any) -> Any:
        # An image is a row here, since mixing colours over more axes takes TensorFlow twice as
        # long. A pixel is in one segment: its mask is that segment's 0 or 1 exactly.
        copies = hidden + tf.matmul(batch, member) * (shown - hidden)
        return network.logits_of(tf.reshape(copies, (-1, *network.image_shape)))

    compiled = network.compiled("lime", function)
    # Which of the values each segment covers, float32 (segments, height * width * channels).
    values = np.repeat(segments.ravel(), image.shape[-1])
    member = np.arange(on.shape[1])[:, None] == values
    whole = [
        tf.constant(array.astype(np.float32))
        for array in (image.reshape(1, -1), fill.reshape(1, -1), member)
    ]
    return network.in_batches(lambda batch: compiled(*whole, batch), on)


def filled(images: np.ndarray, options: LimeOptions, colour: np.ndarray) -> np.ndarray:
    """Return what the images show where they are switched off, float32 like `images`."""
    if options.fill == "blurred":
        return blurred(images, options.blur)
    return np.broadcast_to(colour if options.fill == "mean" else np.float32(0), images.shape)


def agreement(maps: np.ndarray) -> np.ndarray:
    """Return the mean Pearson correlation of each two maps, float64 (targets,).

    Args:
        maps: float (seeds, height, width, targets). Where a map is constant the result is NaN.
    """
    flat = maps.reshape(len(maps), -1, maps.shape[-1])
    flat = flat - flat.mean(axis=1, keepdims=True)
    norm = np.sqrt((flat**2).sum(axis=1, keepdims=True))
    flat = np.divide(flat, norm, out=np.full_like(flat, np.nan), where=norm > 0)
    pairs = combinations(flat, 2)
    return np.mean([(first * second).sum(axis=0) for first, second in pairs], axis=0)


METHODS = (
    Method(
        name="lime",
        label="LIME",
        family="surrogate",
        shows="the weights of a linear model of the network’s scores on copies of the image in "
        "which superpixels are switched off; the map is as reliable as that model’s fit",
        reference="Ribeiro et al. 2016",
        address="arXiv:1602.04938",
        options=LimeOptions,
        explain=lime,
        arguments=lambda options, context: {
            "options": options,
            "colour": context.mean_colour,
            "seed": context.seed,
        },
        cost="slow",
        numbers={
            "idle_segments": Number(
                label="idle superpixels", meaning="superpixels that look the same when switched off"
            ),
            "r2": Number(
                label="local R²",
                meaning="how much of the scores’ variance the linear model explains",
                caption="R² {:.2f}",
            ),
            "segments": Number(
                label="superpixels", meaning="how many superpixels the image was divided into"
            ),
            "stability": Number(
                label="stability",
                meaning="correlation of the maps of different random seeds: 1 is the same",
            ),
        },
        # Each image is otherwise explained once per seed to say how stable its map is.
        recomputing=lambda options: options.model_copy(update={"stability_images": 0}),
    ),
)
