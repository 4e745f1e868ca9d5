"""Does a map's salience say how much its pixels matter? SaCo, group by group.

Wu et al. 2024, "On the Faithfulness of Vision Transformer Explanations"
(https://arxiv.org/abs/2404.01415), algorithm 1: the salience-guided faithfulness coefficient. An
image's pixels are divided into K groups of one size, from the most to the least salient, and each
group alone is replaced by the image's mean colour. The influence of a group is what the predicted
class's probability loses by that. Of every two groups the more salient one should have the larger
influence: where it has, the difference of their saliences counts for the map, else against it, as a
share of all differences. So it asks for more than an order. A map that claims large differences
where there are none pays for it, and each group is judged by itself, while deletion takes more and
more away.

What the numbers of a group come to is said here, since the paper leaves it open or for equal groups
only:

- A group's salience is its mean. With groups of one size that is the paper's sum, up to a factor;
  where the pixels cannot be divided evenly, a sum would make the larger group the more salient one.
- Pixels of equal salience are divided at random, by the seed and the same for every method, as in
  `faithfulness`. Groups of equal salience count nothing.
- A map that is the same everywhere claims no difference: 0, as the paper's algorithm gives.
- Equal influence counts for the map (the algorithm has "at least"), so that a network whose
  prediction never changes would give every map 1.
"""

from collections.abc import Iterator
from functools import partial
from typing import Annotated

import numpy as np
from pydantic import Field

from heatproof.attribution.core.method import Passes
from heatproof.config.schema import Block
from heatproof.statistics.softmax import softmax
from heatproof.trust.assessment import Assessment
from heatproof.trust.measure import Family, Measure, Result, by_measure
from heatproof.trust.perturbation import (
    PerturbedImages,
    Predict,
    marks,
    pixel_counts,
    pixel_order,
    predicted,
    replace,
    require_matching,
    tie_orders,
)


class SacoOptions(Block):
    """SaCo: groups of pixels, replaced one at a time."""

    groups: Annotated[int, Field(ge=2, le=1000)] = 10
    """Into how many groups an image’s pixels are divided, by salience."""


def take(assessment: Assessment, options: SacoOptions) -> Result:
    """Measure every map."""
    values = saco(
        assessment.predict,
        assessment.images,
        assessment.targets,
        assessment.maps,
        options.groups,
        assessment.seed,
    )
    return Result(by_measure({method: {"saco": each} for method, each in values.items()}))


def saco(
    predict: Predict,
    images: np.ndarray,
    targets: np.ndarray,
    maps: dict[str, np.ndarray],
    groups: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Measure how far the more salient pixels of maps are the more influential ones.

    For each image and method so many forward passes as there are groups.

    Args:
        predict: the network.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), the class that each map explains.
        maps: method -> float (n, height, width), signed: what speaks against the class comes last.
        groups: of each image's pixels; an image of fewer pixels has one group per pixel.
        seed: of the orders of pixels of equal salience (`tie_orders`).

    Returns:
        method -> float64 (n,) in [-1, 1], higher is better; 0 by chance, and of a map that is the
        same everywhere.

    Raises:
        ValueError: shapes do not match, or a map has NaN in it.
    """
    require_matching(images, maps, targets=targets)
    edges = pixel_counts(images.shape[1] * images.shape[2], groups)
    ties = tie_orders(images, seed)
    means = np.broadcast_to(images.mean(axis=(1, 2), keepdims=True), images.shape)
    orders = {method: pixel_order(each, ties) for method, each in maps.items()}
    start = _probabilities(predict(images), targets)
    passed = predicted(predict, images.shape[1:], _without_groups(images, means, orders, edges))
    found = {}
    for method, each in maps.items():
        influence = np.empty((len(images), len(edges) - 1))
        for row, (score, target) in enumerate(zip(start, targets, strict=True)):
            influence[row] = score - _probabilities(next(passed), target)
        found[method] = coefficient(salience(each, orders[method], edges), influence)
    return found


def salience(maps: np.ndarray, orders: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return each group's mean salience, float64 (n, groups), not rising.

    Args:
        maps: float (n, height, width).
        orders: int64 (n, height * width), pixels from the most to the least salient.
        edges: int64 (groups + 1,), rising, where in the order each group begins, and the end.
    """
    ordered = np.take_along_axis(maps.reshape(orders.shape).astype(np.float64), orders, axis=1)
    # Less the largest, so that the means of equal values are equal: zero to the last bit.
    above = np.add.reduceat(ordered - ordered[:, :1], edges[:-1], axis=1) / np.diff(edges)
    return ordered[:, :1] + above


def coefficient(salience: np.ndarray, influence: np.ndarray) -> np.ndarray:
    """Return SaCo of groups in the order of their salience (algorithm 1).

    Args:
        salience: float64 (n, groups), not rising.
        influence: float64 (n, groups), what the class's probability loses without each group.

    Returns:
        float64 (n,): the sum over pairs i < j of s_i - s_j, negative where the influence of i is
        below that of j, over the sum of their magnitudes; 0 where all saliences are equal.
    """
    first, second = np.triu_indices(salience.shape[1], k=1)
    weights = salience[:, first] - salience[:, second]
    signs = np.where(influence[:, first] >= influence[:, second], 1.0, -1.0)
    total = np.abs(weights).sum(axis=1)
    return np.divide((signs * weights).sum(axis=1), total, np.zeros(len(total)), where=total > 0)


def _probabilities(logits: np.ndarray, targets: np.ndarray | int) -> np.ndarray:
    """Return the probability of each row's target, or of one for all, float64 (m,)."""
    return softmax(logits.astype(np.float64))[np.arange(len(logits)), targets]


def _without_groups(
    images: np.ndarray, means: np.ndarray, orders: dict[str, np.ndarray], edges: np.ndarray
) -> Iterator[PerturbedImages]:
    # For each method and image, the image without each of its groups.
    count, channels = len(edges) - 1, images.shape[-1]
    group_of_rank = np.repeat(np.arange(count), np.diff(edges))
    for by_image in orders.values():
        for image, mean, order in zip(images, means, by_image, strict=True):
            group = np.empty(len(order), np.int64)
            group[order] = group_of_rank
            chosen = group == np.arange(count)[:, None]
            yield PerturbedImages(count, partial(_write, image, mean, chosen, channels))


def _write(
    image: np.ndarray, mean: np.ndarray, chosen: np.ndarray, channels: int, into: np.ndarray
) -> None:
    replace(image, mean, marks(chosen, channels), into)


FAMILY = Family(
    measures=(
        Measure(
            name="saco",
            label="SaCo",
            group="faithfulness",
            meaning="whether of two groups of pixels the more salient one has the larger influence "
            "on the class’s probability, each pair weighed by how far the saliences differ: 1 "
            "always, 0 by chance, −1 never (Wu et al. 2024)",
            reference="Wu et al. 2024, https://arxiv.org/abs/2404.01415",
            unit="1, from −1 to 1",
            better="higher",
            shown=True,
        ),
    ),
    take=take,
    options=SacoOptions,
    passes=lambda options, work: Passes(forward=work.images * work.maps * options.groups),
)
