"""Can a map be made to lie? What is left of it after a change that nobody sees.

The search is in `trust.manipulation`, after Ghorbani et al. 2019
(https://arxiv.org/abs/1710.10547) and Dombrowski et al. 2019 (https://arxiv.org/abs/1906.07983). It
is made for the methods whose map is one function of the image with a gradient (`Method.tensor_map`)
and whose maps do not take many passes. Beside it stands what random signs of the same ε do, the
worst of as many draws: where noise moves a map as far, it is not the search that shows anything.

That no way was found to move a map says little: another search may find one. And nothing is said of
the methods for which there is no search, which are not safe for that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from heatproof.attribution.core.blocks import IMAGES
from heatproof.attribution.core.method import GRADIENTS, Passes, UnsupportedNetwork
from heatproof.attribution.core.sizes import AUTO, Auto, by_size
from heatproof.attribution.core.smooth import smooth_forward
from heatproof.config.schema import Block
from heatproof.statistics.bootstrap import known_mean
from heatproof.trust.assessment import Assessment
from heatproof.trust.manipulation import Moved, Subject, random_signs, search, worst
from heatproof.trust.measure import Family, Measure, Overall, Result, Work, by_measure

Epsilon = Annotated[float, Field(gt=0, le=1)]
ATTACK, NOISE = "attack", "noise"
SPEARMAN = {ATTACK: "manipulated_spearman", NOISE: "noise_spearman"}


def _ascending(epsilons: list[float]) -> list[float]:
    """Leave out what is there twice, which would be measured and shown twice."""
    return sorted(set(epsilons))


class ManipulationOptions(Block):
    """Changes of an image that move its map and leave its prediction."""

    images: Annotated[Auto | Annotated[int, Field(ge=1, le=IMAGES)], by_size(4, 2)] = AUTO
    """Of so many of the assessed images, the first."""
    epsilons: Annotated[
        list[Epsilon], Field(min_length=1, max_length=10), AfterValidator(_ascending)
    ]
    """By how much a value of an image in [0, 1] may change; the measure is of the largest."""
    steps: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Steps of the search, and draws of noise."""
    tolerance: Annotated[float, Field(gt=0, le=1)] = 0.05
    """How far the predicted class’s probability may move."""
    beta: Annotated[float, Field(gt=0, le=1000)] = 10.0
    """Of the softplus in the place of ReLU, in the network that shows the directions."""


@dataclass(frozen=True)
class Tried:
    """What a method's maps came to: by the search, and by noise; rows are image by image of each ε.

    originals: float32 (images, height, width).
    """

    originals: np.ndarray
    attack: Moved
    noise: Moved


def take(assessment: Assessment, options: ManipulationOptions) -> Result:
    """Try every method whose map has a gradient; examples are among the curves."""
    few = assessment.first(options.images)
    if not few.stop:
        return Result({})
    tried: dict[str, Tried] = {}
    reasons: dict[str, str] = {}
    assessment.network.load(assessment.model)
    for method in assessment.tensor_maps:
        try:
            tried[method] = _tried(assessment, method, few.stop, options)
        except (UnsupportedNetwork, LookupError) as unserved:
            reasons[method] = str(unserved)
    if not tried:
        return Result({}, metrics={"not_manipulated": reasons} if reasons else {})
    values = {
        method: {SPEARMAN[ATTACK]: each.attack.similarity, SPEARMAN[NOISE]: each.noise.similarity}
        for method, each in tried.items()
    }
    epsilons = options.epsilons
    last = slice(-len(next(iter(tried.values())).originals), None)  # rows of the largest ε
    metrics: dict[str, Any] = {
        "epsilons": epsilons,
        "images": few.stop,
        "tolerance": options.tolerance,
        ATTACK: {m: by_epsilon(each.attack, len(epsilons)) for m, each in tried.items()},
        NOISE: {m: by_epsilon(each.noise, len(epsilons)) for m, each in tried.items()},
    }
    return Result(
        by_measure({m: {n: v[last] for n, v in each.items()} for m, each in values.items()}),
        examples(assessment, tried),
        {"manipulation": metrics} | ({"not_manipulated": reasons} if reasons else {}),
    )


def overall(some: Result, _per_image: dict[str, np.ndarray]) -> Overall:
    """Return what was found: all images that are tried are in the first block."""
    return some.curves, some.metrics


def _tried(assessment: Assessment, method: str, few: int, options: ManipulationOptions) -> Tried:
    network, epsilons = assessment.network, np.array(options.epsilons)
    images = np.concatenate([assessment.images[:few]] * len(epsilons))
    targets = np.concatenate([assessment.targets[:few]] * len(epsilons))
    each = np.repeat(epsilons, few)

    def explain(given: np.ndarray) -> np.ndarray:
        return assessment.methods[method](network, given, targets[: len(given)]).maps

    subject = Subject(network, explain, images, targets)
    tensor_map = partial(
        assessment.tensor_maps[method], network, smooth_forward(network.model, options.beta)
    )
    count, tolerance, seed = options.steps + 1, options.tolerance, assessment.seed
    key = method, options.beta
    found = search(subject, tensor_map, each, options.steps, tolerance, seed, key)
    noise = worst(subject, random_signs(images, each, count, seed), tolerance, count)
    return Tried(explain(images[:few]), found, noise)


def by_epsilon(moved: Moved, epsilons: int) -> list[float]:
    """Return the mean similarity of the rows of each ε; NaN where none has one."""
    return [known_mean(each) for each in np.split(moved.similarity, epsilons)]


def examples(assessment: Assessment, tried: Mapping[str, Tried]) -> dict[str, np.ndarray]:
    """Return an example of each method: the image whose map moved by the median, at the largest ε.

    Returns:
        `manipulation/<what>/<method>` -> array. `row`: int64 (1,), which of the assessed images.
        `before`, `image`: float32 (height, width, channels), the image and the changed one.
        `original`, `moved`:
        float32 (height, width), the maps. `numbers`: float64 (3,), the rank correlation of the
        two, and the class's probability before and after.
    """
    found = {}
    for method, each in tried.items():
        count = len(each.originals)
        similarity = each.attack.similarity[-count:]
        if np.isnan(similarity).all():
            continue
        order = np.argsort(similarity)[: np.count_nonzero(~np.isnan(similarity))]
        row = int(order[(len(order) - 1) // 2])
        place = row - count  # within the largest ε
        before = float(assessment.rows.confidence[row])
        numbers = (similarity[row], before, each.attack.probability[place])
        found |= {
            f"manipulation/row/{method}": np.array([row]),
            f"manipulation/before/{method}": assessment.images[row],
            f"manipulation/image/{method}": each.attack.images[place],
            f"manipulation/original/{method}": each.originals[row],
            f"manipulation/moved/{method}": each.attack.maps[place],
            f"manipulation/numbers/{method}": np.array(numbers, np.float64),
        }
    return found


def _passes(options: ManipulationOptions, work: Work) -> Passes:
    # A step is two gradients of the map, one of the probability, and a map with its prediction; a
    # draw of noise the last two.
    rows = min(options.images, work.images) * len(options.epsilons) * work.tensor_maps
    return Passes(forward=2, gradients=5) * (rows * (options.steps + 1))


_measure = partial(
    Measure,
    group="robustness",
    unit="1, from −1 to 1",
    better="higher",
    controls=(),  # no control has a gradient, or asks the network
)

FAMILY = Family(
    measures=(
        _measure(
            name=SPEARMAN[ATTACK],
            label="Manipulated",
            meaning="how much of the map’s order is left, by rank correlation, after a change of "
            "the image that is too small to see, leaves the prediction, and was searched for to "
            "move the map (Ghorbani et al. 2019)",
            reference="Ghorbani et al. 2019, https://arxiv.org/abs/1710.10547; Dombrowski et al. "
            "2019, https://arxiv.org/abs/1906.07983",
            shown=True,
        ),
        _measure(
            name=SPEARMAN[NOISE],
            label="Noise of that size",
            meaning="the same after random changes of the same size, the worst of as many draws "
            "as the search had steps",
            reference="this project",
        ),
    ),
    take=take,
    options=ManipulationOptions,
    needs=GRADIENTS,
    passes=_passes,
    overall=overall,
)
