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

from functools import partial
from itertools import combinations
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from heatproof.attribution.core.baselines import blurred
from heatproof.attribution.core.masking import masked_logits
from heatproof.attribution.core.method import (
    Attribution,
    EngineOptions,
    Library,
    Method,
    Number,
    Passes,
)
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.rows import by_image
from heatproof.attribution.core.sizes import AUTO, SMALL, AgainAtMost, Auto, Sized, by_size
from heatproof.attribution.libraries import lime_package
from heatproof.attribution.libraries.serving import version

GREY_LEVEL = 1 / 255  # a smaller change is none


def _smoothing(side: float) -> float:
    """In large images segments would follow the grain, fall apart, and be merged to a few.

    Of shapes on a ground of patches of 4 of 224 pixels, 40 segments became 1 to 4, and 31 to 36
    with this; of photographs 26 to 36, and 30 to 36.
    """
    return 0.0 if side <= SMALL else side / 75


class LimeOptions(EngineOptions):
    """explain.perturbation.lime of params.yaml."""

    samples: Annotated[
        Auto | Annotated[int, Field(ge=10, le=100_000)], by_size(1000, 200), AgainAtMost(100)
    ] = AUTO
    """Perturbed copies per image."""
    segments: Annotated[int, Field(ge=2, le=1000)] = 40
    """Superpixels aimed at."""
    compactness: Annotated[float, Field(gt=0, le=1000)] = 20.0
    """How much distance counts beside colour in dividing the image (SLIC, in Lab colours): larger
    is squarer."""
    smoothing: Annotated[Auto | Annotated[float, Field(ge=0, le=100)], Sized(_smoothing)] = AUTO
    """Standard deviation, in pixels, of the Gaussian by which the image is blurred before it is
    divided."""
    # At less, copies with half of their segments off would weigh nothing beside the whole image,
    # and rounding errors could not be told from a solution.
    kernel_width: Annotated[float, Field(ge=0.05, le=100)] = 0.25
    """How fast a copy’s weight falls with the share of it that is off."""
    ridge: Annotated[float, Field(ge=1e-8, le=1000)] = 1.0
    """The penalty on the coefficients."""
    fill: Literal["mean", "blurred", "black"] = "blurred"
    """What a segment that is switched off shows."""
    blur: Annotated[float, Field(gt=0, le=10)] = 0.25
    """How widely the image is blurred for that: standard deviation, as a share of its side."""
    seeds: Annotated[int, Field(ge=2, le=100)] = 3
    """Seeds over which the stability is measured."""
    stability_images: Annotated[int, Field(ge=0, le=1000)] = 4
    """On how many images it is."""


def lime(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    options: LimeOptions,
    colour: np.ndarray,
    seed: int,
) -> Attribution:
    """Attribute each target logit to superpixels.

    Args:
        colour: float32 (channels,) in [0, 1], the training images' mean.
        seed: of what is switched off; the same for every image.

    Returns:
        maps: the logits that a pixel's segment adds. r2: the weighted share of the logit's variance
        that the linear model explains. segments; and idle_segments, how many of them show the same
        when they are off. stability: the mean correlation of the maps from each two seeds; NaN
        after the first `stability_images` images. NaN too where the logit does not change.
    """
    from threadpoolctl import threadpool_limits

    rows = by_image(images, targets)
    fills = filled(rows.images, options, colour)
    maps = np.zeros(images.shape[:3], np.float32)
    numbers = {
        name: np.full(len(images), np.nan)
        for name in ("r2", "segments", "idle_segments", "stability")
    }
    if network.progress is not None:  # the first images take longer than the others
        again = (options.seeds - 1) * min(options.stability_images, len(rows.images))
        network.progress.expect(options.samples * (len(rows.images) + again))
    # NumPy's threads have little to do in matrices this small, and get in TensorFlow's way.
    with threadpool_limits(1, user_api="blas"):
        for i, (image, fill) in enumerate(zip(rows.images, fills, strict=True)):
            shown = rows.of(i)
            seeds = [seed + k for k in range(options.seeds if i < options.stability_images else 1)]
            segments = superpixels(image, options.segments, options.compactness, options.smoothing)
            count = int(segments.max()) + 1
            on = np.concatenate([draw(options.samples, count, each) for each in seeds])
            masks = partial(_masks, on, segments)
            logits = masked_logits(network, image[None], fill[None], masks, len(on))[0]
            by_seed = (np.split(each, len(seeds)) for each in (on, logits[:, targets[shown]]))
            fits = [
                fitted(samples, values, options) for samples, values in zip(*by_seed, strict=True)
            ]
            maps_by_seed = np.stack([coefficients[segments] for coefficients, _ in fits])
            maps[shown] = np.moveaxis(maps_by_seed[0], -1, 0)
            numbers["r2"][shown] = fits[0][1]
            numbers["segments"][shown] = count
            changed = np.abs(fill - image).max(axis=-1) >= GREY_LEVEL
            numbers["idle_segments"][shown] = count - len(np.unique(segments[changed]))
            if len(seeds) > 1:
                numbers["stability"][shown] = agreement(maps_by_seed)
    return Attribution(maps, numbers)


def of_library(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    options: LimeOptions,
    colour: np.ndarray,
    seed: int,
) -> Attribution:
    """Attribute each target logit to superpixels by the `lime` package, at the same settings.

    r2 and segments are the package's; of its stability, and what stays as it is, it says nothing.
    """
    maps = np.zeros(images.shape[:3], np.float32)
    numbers = {name: np.full(len(images), np.nan) for name in ("r2", "segments")}
    segment = partial(
        superpixels,
        segments=options.segments, compactness=options.compactness, smoothing=options.smoothing,
    )  # fmt: skip
    for row, fill in enumerate(filled(images, options, colour)):
        maps[row], numbers["r2"][row], segments = lime_package.explained(
            network, images[row], int(targets[row]), fill, segment,
            options.samples, options.kernel_width, options.ridge, seed,
        )  # fmt: skip
        numbers["segments"][row] = segments.max() + 1
    return Attribution(maps, numbers, engine=version(lime_package.PACKAGE))


def _masks(on: np.ndarray, segments: np.ndarray, part: slice) -> np.ndarray:
    """Show for each pixel whether its segment is on, float32 (samples, height, width)."""
    return on[part][:, segments]


def superpixels(
    image: np.ndarray, segments: int, compactness: float, smoothing: float = 0.0
) -> np.ndarray:
    """Divide an image by SLIC (Achanta et al. 2012, https://doi.org/10.1109/TPAMI.2012.120).

    A grey image is divided as one of three equal channels, as the `lime` package does: in Lab
    colours, so that `compactness` means the same for grey images and coloured ones. Segments that
    fall apart are merged with their neighbours: an image of noise may be one segment.

    Returns:
        int64 (height, width), the number of each pixel's segment, from 0 without a gap.
    """
    from skimage.segmentation import slic

    coloured = np.broadcast_to(image, (*image.shape[:2], 3))
    segmented = slic(
        coloured, n_segments=segments, compactness=compactness, sigma=smoothing, start_label=0
    )
    return np.unique(segmented, return_inverse=True)[1].reshape(segmented.shape)


def draw(samples: int, segments: int, seed: int) -> np.ndarray:
    """Draw which segments are on, float32 (samples, segments), 0 or 1; all are in the first sample.

    Bit for bit what the `lime` package draws from the same seed.
    """
    drawn = np.random.RandomState(seed % 2**32).randint(0, 2, samples * segments)
    drawn = drawn.reshape(samples, segments).astype(np.float32)
    drawn[0] = 1
    return drawn


def fitted(
    samples: np.ndarray, values: np.ndarray, options: LimeOptions
) -> tuple[np.ndarray, np.ndarray]:
    """Fit values, float (samples, targets), by a sum over the segments that are on.

    A sample counts by sqrt(exp(-d² / width²)), d its cosine distance to the sample that is all
    ones, which is 1 - sqrt(share of segments that are on).

    Returns:
        coefficients, float64 (segments, targets), and the weighted share of the values' variance
        that they explain (R²), float64 (targets,): at most 1, NaN where the values do not vary.
    """
    samples = samples.astype(np.float64)
    weights = np.exp(-(((1 - np.sqrt(samples.mean(axis=1))) / options.kernel_width) ** 2) / 2)
    # From the first sample's: values that do not vary become zeros, and not rounding errors.
    values = values.astype(np.float64) - values[0]
    shares = weights / weights.sum()
    on, value = samples - shares @ samples, values - shares @ values  # no penalty on w₀ of eq. 1
    weighed = on.T * weights
    penalty = options.ridge * np.eye(on.shape[1])
    coefficients = np.linalg.solve(weighed @ on + penalty, weighed @ value)
    left, all_of_it = weights @ (value - on @ coefficients) ** 2, weights @ value**2
    varies = values.any(axis=0) & (all_of_it > 0)
    return coefficients, 1 - np.divide(left, all_of_it, np.full_like(left, np.nan), where=varies)


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
        needs="predictions",
        shows="the weights of a linear model of the network’s scores on copies of the image in "
        "which superpixels are switched off; the map is as reliable as that model’s fit",
        reference="Ribeiro et al. 2016",
        address="arXiv:1602.04938",
        definition="The coefficients of a weighted ridge regression from which superpixels of a "
        "copy are on to the logit of the copy.",
        equation="M = argmin_w Σ_z π(z) (S(z) − w₀ − w·z)² + λ |w|² (eq. 1), π(z) = "
        "exp(−d(z)²/width²)",
        deviations="All superpixels are fitted by ridge regression, as in the authors’ program; "
        "the paper chooses K of them by Lasso. What is off shows the blurred image, and "
        "not its own mean colour, as in their program; superpixels are SLIC’s, in their program "
        "Quickshift’s; the score is the logit, theirs the probability.",
        options=LimeOptions,
        explain=lime,
        arguments=lambda options, context: {
            "options": options,
            "colour": context.mean_colour,
            "seed": context.seed,
        },
        library=Library(lime_package.PACKAGE, of_library),
        cost="slow",
        passes=lambda options, size: Passes(forward=options.samples),
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
