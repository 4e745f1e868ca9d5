"""Does an attribution depend on what was learned? Weights made random, layer by layer.

Adebayo et al. 2018, "Sanity Checks for Saliency Maps" (https://arxiv.org/abs/1810.03292), section
3.1. A map that stays the same when the network has forgotten everything tells nothing of what it
had learned: lower is better. The smooth variant is of Hedström et al. 2024, "Sanity Checks
Revisited" (https://arxiv.org/abs/2401.06465); the efficient one is `randomised_entropy`.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from heatproof.attribution.core.sizes import Auto, by_size
from heatproof.config.schema import Block
from heatproof.models.graphs import copied
from heatproof.statistics.bootstrap import known_mean
from heatproof.trust.assessment import Assessment
from heatproof.trust.measure import Family, Overall, Result, by_measure, similarity_measure
from heatproof.trust.random_weights import Step, randomise_top_down
from heatproof.trust.similarity import Maps, Similarities, similarities

if TYPE_CHECKING:
    import keras

# A network, images float32 (n, height, width, channels) -> maps of them under that network.
Explainer = Callable[["keras.Model", np.ndarray], Maps]


class RandomisationOptions(Block):
    """How weights are made random."""

    steps: Annotated[int, Field(ge=1, le=1000)]
    """In how many steps the layers are made random."""
    smooth_samples: Annotated[Auto | Annotated[int, Field(ge=1, le=1000)], by_size(5, 3)]
    """Noisy copies of the image over which each map of the smooth variant is a mean."""
    smooth_noise: Annotated[float, Field(gt=0, le=1)]
    """Standard deviation of that noise."""


def take(assessment: Assessment, options: RandomisationOptions) -> Result:
    """Measure how maps change when the network forgets what it has learned."""
    top_down = assessment.top_down(options.steps)
    one_by_one = assessment.one_by_one(options.steps)
    last = top_down[-1].similarity
    mean_of_layers = {
        method: {
            name: np.mean([step.similarity[method][name] for step in one_by_one], axis=0)
            for name in numbers
        }
        for method, numbers in last.items()
    }
    smoothed = smooth(
        assessment.model,
        assessment.images,
        assessment.explained_fast,
        options.smooth_samples,
        options.smooth_noise,
        assessment.seed,
    )
    steps = {"cascade": top_down, "independent": one_by_one}
    return Result(
        by_measure(last, "randomised_")
        | by_measure(mean_of_layers, "independent_")
        | by_measure(smoothed, "smooth_"),
        metrics={name: curve(taken) for name, taken in steps.items()},
        per_image={
            f"{name}/{place}/{number}/{method}": values
            for name, taken in steps.items()
            for place, step in enumerate(taken)
            for method, numbers in step.similarity.items()
            for number, values in numbers.items()
        },
    )


def overall(some: Result, per_image: dict[str, np.ndarray]) -> Overall:
    """Return the mean similarities of more images at the same steps; see `Family.overall`."""
    metrics = {name: [dict(step) for step in steps] for name, steps in some.metrics.items()}
    for name, values in per_image.items():
        steps, place, number, method = name.split("/")
        step = metrics[steps][int(place)]
        step[number] = step[number] | {method: known_mean(values)}
    return {}, metrics


def smooth(
    model: "keras.Model",
    images: np.ndarray,
    explain: Explainer,
    samples: int,
    noise: float,
    seed: int,
) -> Similarities:
    """Compare maps averaged over noisy copies of the image, all layers random (smooth MPRT).

    Hedström et al. 2024, "Sanity Checks Revisited" (https://arxiv.org/abs/2401.06465): averaging
    takes the noise out of the maps, which would make two of them unlike for the wrong reason. The
    maps are averaged with their signs; their magnitudes are taken when they are compared.

    Args:
        model: a trained functional network; a copy is randomised, as at the end of `cascade`.
        images: float32 (n, height, width, channels) in [0, 1].
        explain: (network, images) -> maps, asked of each of the two networks.
        samples: noisy copies of each image, at least 1.
        noise: the noise's standard deviation, as a share of the range of pixels. It is drawn from
            the seed alone, the same for every image and both networks.
        seed: of the noise and of the random weights.
    """
    changed = copied(model)
    for _ in randomise_top_down(changed, seed):
        pass
    before, after = (
        averaged(partial(explain, network), images, samples, noise, seed)
        for network in (model, changed)
    )
    return similarities(before, after)


def averaged(
    explain: Callable[[np.ndarray], Maps],
    images: np.ndarray,
    samples: int,
    noise: float,
    seed: int,
) -> Maps:
    """Return each method's mean map, float64 (rows, height, width), over noisy copies.

    The arguments are those of `smooth`. Noisy pixels may leave [0, 1], as in SmoothGrad.
    """
    random = np.random.default_rng(seed)
    sums: Maps = {}
    for _ in range(samples):
        draw = noise * random.standard_normal(images.shape[1:], np.float32)
        for method, maps in explain(images + draw).items():
            sums[method] = sums.get(method, 0.0) + maps.astype(np.float64)
    return {method: total / samples for method, total in sums.items()}


def curve(steps: list[Step]) -> list[dict[str, Any]]:
    """Give the mean similarity after each step of randomisation, by method."""
    return [
        {"layers": len(step.layers), "layer": step.layers[-1]}
        | {
            number: {
                method: known_mean(values[number]) for method, values in step.similarity.items()
            }
            for number in ("spearman", "ssim")
        }
        for step in steps
    ]


FAMILY = Family(
    measures=(
        similarity_measure(
            name="randomised_spearman",
            label="Random weights",
            meaning="all layers random: rank correlation of the sizes of the map’s values with the "
            "trained network’s map, from −1 to 1; far from 0, the map hardly depends on what was "
            "learned (Adebayo et al. 2018)",
            shown=True,
        ),
        similarity_measure(
            name="randomised_ssim",
            label="Random weights, SSIM",
            meaning="all layers random: structural similarity (SSIM) with the trained network’s "
            "map",
        ),
        similarity_measure(
            name="independent_spearman",
            label="One layer random",
            meaning="mean over layers made random one at a time: rank correlation of the sizes of "
            "the map’s values with the trained network’s map",
        ),
        similarity_measure(
            name="independent_ssim",
            label="One layer random, SSIM",
            meaning="mean over layers made random one at a time: structural similarity (SSIM) with "
            "the trained network’s map",
        ),
        similarity_measure(
            name="smooth_spearman",
            label="Random weights, smooth",
            meaning="all layers random, both maps averaged over noisy copies of the image first: "
            "rank correlation of the sizes of the map’s values with the trained network’s map "
            "(sMPRT, Hedström et al. 2024)",
            reference="Hedström et al. 2024, https://arxiv.org/abs/2401.06465",
        ),
        similarity_measure(
            name="smooth_ssim",
            label="Random weights, smooth, SSIM",
            meaning="the same by structural similarity (SSIM) with the trained network’s map "
            "(sMPRT)",
            reference="Hedström et al. 2024, https://arxiv.org/abs/2401.06465",
        ),
    ),
    take=take,
    needs="layers",
    options=RandomisationOptions,
    passes=lambda options, work: (
        work.explain * (2 * options.steps) + work.explain_fast * (2 * options.smooth_samples)
    ),
    overall=overall,
)
