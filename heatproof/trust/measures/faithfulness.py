"""Does the network need what a map marks? Pixels taken away, and put back, in the map's order.

Deletion and insertion: Petsiuk et al. 2018, RISE (https://arxiv.org/abs/1806.07421), section 4.2.
Pixel-flipping from the most and from the least relevant pixel: Samek et al. 2017
(https://arxiv.org/abs/1509.06321), section III. Deleting the most relevant first (MoRF) is
deletion. Deleting the least relevant first (LeRF) goes through the same images as insertion, the
other way round: without its k least relevant pixels, an image shows its n - k most relevant ones.
So one set of forward passes gives all of it.

Pixels that tie have no order of their own, and many do: a class activation map is zero over half of
the image. What is wanted is the mean over all their orders. It has no closed form, since a network
is not linear in what is gone. To take them away at once, with a straight line in between, is no way
out: the line gives scores that no image has, so that a map gains in insertion, and loses in
deletion, by every tie. So the mean over images stands for it: each draws one order of its own, the
same for all methods, from its pixels and the seed. And of tied pixels those that go first when the
most relevant are deleted go first, too, when the least relevant are. So the draw cancels in the
gap: that of a constant map is 0, as it is over all orders.

A large image has fewer steps with `auto`, since they are most of the passes that measuring takes.
Of a pretrained efficientnet_lite0 at 192 pixels (15 methods, 4 images, three baselines) areas from
4 steps correlate with those from 8 at 0.97 to 0.99 over images and methods, and the methods' order
by their means at 0.82 to 1.00, 0.94 on average; probabilities' areas differ by 0.02, of 0.08 to
0.19 between methods.

What is followed is the class's probability and its logit. Softmax does not change when the same
number is added to all logits, so a logit by itself has no zero to be a share of; here it is taken
over the mean of the image's logits (the centred log-ratio of the probabilities). For the predicted
class that is never negative, whatever the network's logits are. Both are divided by what they are
for the unperturbed image, so every curve of an image is 1 there, for every baseline.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Annotated

import numpy as np
from pydantic import Field

from heatproof.attribution.core.method import Passes
from heatproof.attribution.core.sizes import Auto, by_size
from heatproof.config.schema import Block
from heatproof.trust.assessment import Assessment
from heatproof.trust.measure import BASELINES, Family, Measure, Overall, Result, by_variant
from heatproof.trust.perturbation import (
    PerturbedImages,
    Predict,
    path_marks,
    pixel_counts,
    pixel_order,
    predicted,
    replace,
    require_matching,
    tie_orders,
)
from heatproof.trust.target_scores import chance, target_scores

# A start below this is no scale to divide by. In logits over their mean: 0.1 says that the class
# is held for a tenth more likely than the classes' geometric mean, which is next to nothing.
# A probability has to be at least chance's, 1 / classes.
MIN_LOGIT = 0.1

PATHS = ("deletion", "insertion")
SCORES = ("logit", "probability")
STORED_CURVES = ("deletion_probability", "insertion_probability")

# baseline -> method -> what it is called -> an array whose first axis is the images.
Measured = dict[str, dict[str, dict[str, np.ndarray]]]


class FaithfulnessOptions(Block):
    """Deletion and insertion."""

    steps: Annotated[Auto | Annotated[int, Field(ge=2, le=10_000)], by_size(16, 4)]
    """In how many steps all pixels are taken away, or put in."""


@dataclass(frozen=True)
class DeletionInsertion:
    """What deletion and insertion give, by baseline and method.

    values: float64 (n,) each: `deletion_logit` and `deletion_probability` (lower is better),
        `insertion_logit` and `insertion_probability` (higher is better), the areas under the
        curves over the share of pixels; `morf_lerf_gap` (higher is better), the area between LeRF
        and MoRF of the logit. 1 is what the whole image has. An image on which the network does
        not favour the target (`MIN_LOGIT`) is NaN there.
    curves: float32 (n, points) each: the first four, before the area is taken. They begin with the
        whole image in deletion, and end with it in insertion.
    fractions: float64 (points,), the share of pixels deleted or inserted, from 0 to 1.
    """

    values: Measured
    curves: Measured
    fractions: np.ndarray


def take(assessment: Assessment, options: FaithfulnessOptions) -> Result:
    """Measure every map under every baseline; the mean curves of the probability are stored."""
    measured = faithfulness(
        assessment.predict,
        assessment.images,
        assessment.targets,
        assessment.maps,
        assessment.baselines,
        options.steps,
        assessment.seed,
    )
    of_images = {
        f"curve/{name}/{baseline}/{method}": each[name]
        for baseline, by_method in measured.curves.items()
        for method, each in by_method.items()
        for name in STORED_CURVES
    }
    fractions = {"fractions": measured.fractions.astype(np.float32)}
    curves = {name: _mean(each) for name, each in of_images.items()}
    return Result(by_variant(measured.values), curves | fractions, per_image=of_images)


def overall(some: Result, per_image: dict[str, np.ndarray]) -> Overall:
    """Return the mean curves of more images than some; see `Family.overall`."""
    curves = {name: _mean(each) for name, each in per_image.items()}
    return curves | {"fractions": some.curves["fractions"]}, {}


def faithfulness(
    predict: Predict,
    images: np.ndarray,
    targets: np.ndarray,
    maps: dict[str, np.ndarray],
    baselines: dict[str, np.ndarray],
    steps: int,
    seed: int,
) -> DeletionInsertion:
    """Measure by deletion and insertion how faithful maps are to the network.

    For each image, method and baseline 2 (steps - 1) forward passes; what is not perturbed at all
    or altogether is the same for every method, and is passed once.

    Args:
        predict: the network.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), the class that each map explains.
        maps: method -> float (n, height, width), signed: what speaks against the class comes last.
        baselines: name -> float32 like `images`, what a pixel is replaced by.
        steps: how many, evenly spaced (`pixel_counts`).
        seed: of the orders of pixels of equal relevance (`tie_orders`).

    Raises:
        ValueError: shapes do not match, a map has NaN in it, or there is no step.
    """
    require_matching(images, maps, baselines, targets)
    counts = pixel_counts(images.shape[1] * images.shape[2], steps)
    logits = predict(images)
    start = target_scores(logits, targets)
    scale = np.where(start >= (MIN_LOGIT, chance(logits.shape[1])), start, np.nan)
    ends = [target_scores(predict(each), targets) for each in baselines.values()]
    both = len(baselines), len(PATHS)
    raw = np.empty((len(maps), len(images), *both, len(counts), len(SCORES)))
    ties = tie_orders(images, seed)
    blocks = _both_paths(images, maps, baselines, counts[1:-1], ties)
    passed = predicted(predict, images.shape[1:], blocks)
    for of_method in raw if len(images) else ():
        logits = [next(passed) for _ in images]
        between = target_scores(np.concatenate(logits), np.repeat(targets, [*map(len, logits)]))
        of_method[..., 1:-1, :] = between.reshape(len(images), *both, -1, len(SCORES))
    deletion, insertion = np.moveaxis(raw, 3, 0)
    deletion[..., 0, :] = insertion[..., -1, :] = start[:, None]
    deletion[..., -1, :] = insertion[..., 0, :] = np.stack(ends, axis=1)
    raw /= scale[:, None, None, None, :]
    fractions = counts / counts[-1]
    values: Measured = {name: {} for name in baselines}
    curves: Measured = {name: {} for name in baselines}
    for (i, method), (j, name) in product(enumerate(maps), enumerate(baselines)):
        by_name = _by_name(raw[i, :, j])
        curves[name][method] = {what: c.astype(np.float32) for what, c in by_name.items()}
        values[name][method] = _areas(by_name, fractions)
    return DeletionInsertion(values, curves, fractions)


def _both_paths(
    images: np.ndarray,
    maps: dict[str, np.ndarray],
    baselines: dict[str, np.ndarray],
    counts: np.ndarray,
    ties: np.ndarray,
) -> Iterator[PerturbedImages]:
    # For each method and image, of each baseline deletion's images, then insertion's.
    size = len(baselines) * len(PATHS) * len(counts)
    empty = [np.stack(each) for each in zip(*baselines.values(), strict=True)]
    for each in maps.values():
        # Inserted last among ties is what was deleted first.
        orders = np.stack([pixel_order(each, ties), pixel_order(each, ties[:, ::-1])], axis=1)
        for image, removed, both in zip(images, empty, orders, strict=True):
            yield PerturbedImages(size, partial(_write, image, removed, both, counts))


def _write(
    image: np.ndarray,
    baselines: np.ndarray,
    orders: np.ndarray,
    counts: np.ndarray,
    into: np.ndarray,
) -> None:
    deleted, inserted = (path_marks(order, counts, image.shape[-1]) for order in orders)
    paths = into.reshape(len(baselines), len(PATHS), len(counts), *image.shape)
    replace(image, baselines, deleted, paths[:, 0])
    replace(image, baselines, ~inserted, paths[:, 1])


def _by_name(curves: np.ndarray) -> dict[str, np.ndarray]:
    return {
        f"{way}_{score}": curves[:, i, :, j]
        for (i, way), (j, score) in product(enumerate(PATHS), enumerate(SCORES))
    }


def _areas(curves: dict[str, np.ndarray], fractions: np.ndarray) -> dict[str, np.ndarray]:
    # Over the share of pixels, and by trapezoids: neither more steps nor more pixels make it grow.
    areas = {what: np.trapezoid(curve, fractions, axis=1) for what, curve in curves.items()}
    areas["morf_lerf_gap"] = areas["insertion_logit"] - areas["deletion_logit"]
    return areas


def _mean(curves: np.ndarray) -> np.ndarray:
    """Average curves (n, points) over the images that have one; NaN where none has."""
    known = curves[~np.isnan(curves).any(axis=1)]
    if not len(known):
        return np.full(curves.shape[1], np.nan, np.float32)
    return known.mean(axis=0).astype(np.float32)


_measure = partial(
    Measure,
    group="faithfulness",
    reference="Petsiuk et al. 2018, https://arxiv.org/abs/1806.07421",
    unit="1, as a share of the whole image’s",
    per_baseline=True,
)

FAMILY = Family(
    measures=(
        _measure(
            name="deletion_probability",
            label="Deletion",
            meaning="the area under the class’s probability, as a share of its start, while the "
            "most relevant pixels are taken away first (Petsiuk et al. 2018)",
            better="lower",
            shown=True,
        ),
        _measure(
            name="insertion_probability",
            label="Insertion",
            meaning="the same while they are put back first (ibid.)",
            better="higher",
            shown=True,
        ),
        _measure(
            name="deletion_logit",
            label="Deletion, logit",
            meaning="deletion by the class’s logit over the mean of all logits",
            better="lower",
        ),
        _measure(
            name="insertion_logit",
            label="Insertion, logit",
            meaning="insertion by the class’s logit over the mean of all logits",
            better="higher",
        ),
        _measure(
            name="morf_lerf_gap",
            label="MoRF–LeRF gap",
            meaning="the area between taking the least and the most relevant pixels first: what "
            "the map’s order is worth, with the damage that any removal does left out (Samek et "
            "al. 2017)",
            reference="Samek et al. 2017, https://arxiv.org/abs/1509.06321",
            better="higher",
            shown=True,
        ),
    ),
    take=take,
    options=FaithfulnessOptions,
    passes=lambda options, work: Passes(
        forward=work.images * work.maps * len(BASELINES) * 2 * (options.steps - 1)
    ),
    overall=overall,
)
