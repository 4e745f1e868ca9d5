"""Remove and debias: does the network need what a map marks, where the hole cannot be seen?

ROAD: Rong et al. 2022 (https://arxiv.org/abs/2202.00449). Pixels are removed in the map's order as
for deletion, the most relevant first (MoRF) and the least relevant first (LeRF), and filled in from
those that are left (`imputation`). A hole of one colour has an edge, and by its shape a network can
tell the class of what was removed, or be led away from it; both orders then measure the shape too,
and need not agree on which method is better. Filled in, there is little of a shape.

Where a removed pixel can be guessed from its neighbours nothing is removed: on smooth images, and
with maps of scattered pixels, MoRF falls late, whatever the network needs. So ROAD stands beside
deletion and insertion, and is not in their place.

The paper follows the accuracy over thousands of images; of the few that are assessed here, the
class's probability, as a share of what it is for the whole image. Ties have the orders that
deletion gives them (`faithfulness`).
"""

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from heatproof.attribution.core.method import Passes
from heatproof.attribution.core.sizes import AUTO, Auto, by_size
from heatproof.config.schema import Block, Count
from heatproof.statistics.bootstrap import known_mean
from heatproof.statistics.softmax import softmax
from heatproof.trust.assessment import Assessment
from heatproof.trust.controls import CONTROLS
from heatproof.trust.imputation import imputed
from heatproof.trust.measure import Family, Measure, Overall, Result, by_measure
from heatproof.trust.perturbation import (
    PerturbedImages,
    Predict,
    own_random,
    pixel_order,
    predicted,
    require_matching,
    tie_orders,
)
from heatproof.trust.target_scores import chance

ORDERS = ("morf", "lerf")
# What removed pixels become; the fixed value is the image's mean colour, as in the paper's code.
LINEAR, FIXED = "linear", "fixed"
IMPUTATIONS = (LINEAR, FIXED)


class RoadOptions(Block):
    """Remove and debias (ROAD)."""

    steps: Annotated[Auto | Annotated[int, Field(ge=1, le=100)], by_size(9, 3)] = AUTO
    """How many shares of the pixels are removed, evenly spaced: 9 are 10 % to 90 %."""
    images: Annotated[Auto | Count, by_size(20, 2)] = AUTO
    """Of so many of the assessed images, the first: to fill in large ones takes long."""
    noise: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Standard deviation of what is added to a pixel that is filled in, of an image in [0, 1]."""


def take(assessment: Assessment, options: RoadOptions) -> Result:
    """Measure every map; the methods’ mean curves are among the metrics."""
    few = assessment.first(options.images)
    shares = removed_shares(options.steps)
    curves = road_curves(
        assessment.predict,
        assessment.images[few],
        assessment.targets[few],
        {method: each[few] for method, each in assessment.maps.items()},
        shares,
        options.noise,
        assessment.seed,
    )
    of_images = {
        f"{imputation}/{order}/{method}": each
        for imputation, by_order in curves.items()
        for order, by_method in by_order.items()
        for method, each in by_method.items()
        if method not in CONTROLS
    }
    metrics = {"road": {"shares": shares} | _means(of_images)}
    return Result(by_measure(numbers_of(curves[LINEAR])), metrics=metrics, per_image=of_images)


def overall(some: Result, per_image: dict[str, np.ndarray]) -> Overall:
    """Return the mean curves of more images than some; see `Family.overall`."""
    return {}, {"road": {"shares": some.metrics["road"]["shares"]} | _means(per_image)}


def _means(of_images: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the mean curves of each imputation, order and method, named `a/b/c` here."""
    means: dict[str, Any] = {name: {order: {} for order in ORDERS} for name in IMPUTATIONS}
    for name, curves in of_images.items():
        imputation, order, method = name.split("/")
        means[imputation][order][method] = known_means(curves)
    return means


def removed_shares(steps: int) -> list[float]:
    """Return the shares of the pixels that are removed: so many, evenly between none and all."""
    return [round(step / (steps + 1), 6) for step in range(1, steps + 1)]


def road_curves(
    predict: Predict,
    images: np.ndarray,
    targets: np.ndarray,
    maps: dict[str, np.ndarray],
    shares: list[float],
    noise: float,
    seed: int,
) -> dict[str, dict[str, dict[str, np.ndarray]]]:
    """Follow the target's probability while pixels are removed in the order of each map.

    Args:
        predict: the network.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), the class that each map explains.
        maps: method -> float (n, height, width), signed.
        shares: of the pixels that are removed, each above 0 and below 1.
        noise: standard deviation of what is added where pixels are filled in linearly; drawn from
            image and seed, so that it is the same for every map. The result is clipped to [0, 1].
        seed: of the noise, and of the order of pixels of equal relevance.

    Returns:
        imputation -> order -> method -> float64 (n, shares): the probability as a share of that of
        the whole image. `linear` is ROAD's; `fixed` replaces by the image's mean colour. NaN for an
        image of which the network gives the target no more than chance.

    Raises:
        ValueError: shapes do not match, or a map has NaN in it.
    """
    # Imported here: a machine that only trains reads the options above without it.
    from threadpoolctl import threadpool_limits

    require_matching(images, maps, targets=targets)
    logits = predict(images).astype(np.float64)
    start = softmax(logits)[np.arange(len(images)), targets]
    start = np.where(start >= chance(logits.shape[1]), start, np.nan)
    raw = np.empty((len(maps), len(images), len(IMPUTATIONS), len(ORDERS), len(shares)))
    with threadpool_limits(1, user_api="blas"):  # its threads are slower here, and change bits
        blocks = _blocks(images, maps, shares, noise, seed)
        passed = predicted(predict, images.shape[1:], blocks)
        for of_method in raw if len(images) else ():
            for row, target in enumerate(targets):
                probabilities = softmax(next(passed).astype(np.float64))[:, target]
                of_method[row] = probabilities.reshape(of_method[row].shape) / start[row]
    return {
        imputation: {
            order: {method: raw[k, :, i, j] for k, method in enumerate(maps)}
            for j, order in enumerate(ORDERS)
        }
        for i, imputation in enumerate(IMPUTATIONS)
    }


def numbers_of(curves: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, np.ndarray]]:
    """Turn order -> method -> float64 (n, shares) to the measures, method -> name -> float64 (n,).

    `road_morf` and `road_lerf`, the means over the shares, and `road_gap`, the second less the
    first.
    """
    found = {}
    for method in curves["morf"]:
        morf, lerf = (curves[order][method].mean(axis=1) for order in ORDERS)
        found[method] = {"road_morf": morf, "road_lerf": lerf, "road_gap": lerf - morf}
    return found


def known_means(curve: np.ndarray) -> list[float]:
    """Average float64 (n, shares) over the images that have a curve; NaN where none has."""
    return [known_mean(each) for each in curve.T]


def _blocks(
    images: np.ndarray, maps: dict[str, np.ndarray], shares: list[float], noise: float, seed: int
) -> Iterator[PerturbedImages]:
    """Give, for each method and image, the images of both imputations, both orders, all shares."""
    pixels = images.shape[1] * images.shape[2]
    # A pixel is left in any case, from which the others are filled in.
    counts = [min(round(share * pixels), pixels - 1) for share in shares]
    ties = tie_orders(images, seed)
    draws = [
        noise * own_random(image, seed + 1).standard_normal(image.shape, np.float32)
        for image in images
    ]
    for each in maps.values():
        most, least = pixel_order(each, ties), pixel_order(each, ties[:, ::-1])[:, ::-1]
        for row, image in enumerate(images):
            write = partial(_write, image, (most[row], least[row]), counts, draws[row])
            yield PerturbedImages(len(IMPUTATIONS) * len(ORDERS) * len(shares), write)


def _write(
    image: np.ndarray,
    orders: tuple[np.ndarray, np.ndarray],
    counts: list[int],
    noise: np.ndarray,
    into: np.ndarray,
) -> None:
    into = into.reshape(len(IMPUTATIONS), len(ORDERS), len(counts), *image.shape)
    mean = image.mean(axis=(0, 1))
    for j, order in enumerate(orders):
        for k, count in enumerate(counts):
            removed = np.zeros(order.size, bool)
            removed[order[:count]] = True
            removed = removed.reshape(image.shape[:2])
            filled = np.clip(imputed(image, removed) + noise, 0, 1)
            into[0, j, k] = np.where(removed[..., None], filled, image)
            into[1, j, k] = np.where(removed[..., None], mean, image)


_measure = partial(
    Measure,
    group="faithfulness",
    reference="Rong et al. 2022, https://arxiv.org/abs/2202.00449",
    unit="1, as a share of the whole image’s",
)

FAMILY = Family(
    measures=(
        _measure(
            name="road_morf",
            label="ROAD, MoRF",
            meaning="the class’s mean probability, as a share of its start, while the most "
            "relevant pixels are removed and filled in from those that are left (Rong et al. 2022)",
            better="lower",
        ),
        _measure(
            name="road_lerf",
            label="ROAD, LeRF",
            meaning="the same while the least relevant pixels are removed first (ibid.)",
            better="higher",
        ),
        _measure(
            name="road_gap",
            label="ROAD",
            meaning="LeRF less MoRF with removed pixels filled in from their neighbours, so that "
            "no hole’s shape gives the class away (Rong et al. 2022)",
            better="higher",
            shown=True,
        ),
    ),
    take=take,
    options=RoadOptions,
    passes=lambda options, work: Passes(
        forward=min(work.images, options.images)
        * work.maps
        * len(IMPUTATIONS)
        * len(ORDERS)
        * options.steps
    ),
    overall=overall,
)
