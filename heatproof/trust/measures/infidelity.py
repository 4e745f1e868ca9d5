"""Does a map predict how the logit moves? Infidelity with optimal scaling.

Yeh et al. 2019, "On the (In)fidelity and Sensitivity of Explanations"
(https://arxiv.org/abs/1901.09392), Definition 2.1 (equation 1), with the optimal scaling of its
appendix and of the authors' code. Two families of perturbations, as there:

- Squares moved to a baseline. The map predicts the sum of its values in the square: what those
  pixels contribute to the logit. Made for maps in logits: gradient × input, Integrated Gradients,
  SHAP, LRP.
- Small noise on every pixel. The map predicts the sum of its values times the pixels' moves: how
  steeply the logit depends on them. Made for gradients.

A map has one value for all channels of a pixel, so the noise is grey: it moves them together.
"""

from collections.abc import Iterator
from functools import partial
from typing import Annotated

import numpy as np
from pydantic import Field

from heatproof.attribution.core.method import Passes
from heatproof.attribution.core.sizes import Auto, by_size
from heatproof.config.schema import Block
from heatproof.statistics.threads import by_rows
from heatproof.trust.assessment import Assessment
from heatproof.trust.measure import BASELINES, Family, Measure, Result, by_variant
from heatproof.trust.perturbation import (
    PerturbedImages,
    Predict,
    marks,
    predicted,
    replace,
    require_matching,
)
from heatproof.trust.random_perturbations import Perturbations, draw

# What the noise is called beside the baselines' names.
NOISE = "noise"

# Changes of the logit below this share of it are single precision's own.
MIN_CHANGE = 1e-5

NUMBERS = ("infidelity", "infidelity_scaling")


class InfidelityOptions(Block):
    """Squares that are covered, and noise that is added."""

    samples: Annotated[Auto | Annotated[int, Field(ge=2, le=100_000)], by_size(100, 50)]
    """How many squares, and how many noises."""
    noise: Annotated[float, Field(gt=0, le=1)]
    """Standard deviation of the noise, of an image in [0, 1]."""


def take(assessment: Assessment, options: InfidelityOptions) -> Result:
    """Measure every map under squares of every baseline and under noise."""
    images = assessment.images
    drawn = draw(images.shape[1:3], options.samples, options.noise, assessment.seed)
    changes = assessment.common(
        "infidelity",
        lambda: np.moveaxis(
            logit_changes(
                assessment.predict, images, assessment.targets, assessment.baselines, drawn
            ),
            1, 0,
        ),
    )  # fmt: skip
    names = (*assessment.baselines, NOISE)
    by_name = dict(zip(names, np.moveaxis(changes, 0, 1), strict=True))
    return Result(by_variant(infidelity(images, assessment.maps, by_name, drawn)))


def logit_changes(
    predict: Predict,
    images: np.ndarray,
    targets: np.ndarray,
    baselines: dict[str, np.ndarray],
    drawn: Perturbations,
) -> np.ndarray:
    """Return how far the target's logit falls under each perturbation, f(x) - f(x - I).

    It is the same for all maps of an image: a forward pass for each sample with each baseline and
    with noise.

    Args:
        predict: the network.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), the class that each map explains.
        baselines: name -> float32 like `images`; none is called "noise".
        drawn: the perturbations.

    Returns:
        float64 (baselines and noise, n, samples), in logits; NaN of an image that they do not
        change.

    Raises:
        ValueError: shapes do not match, or a baseline is called "noise".
    """
    require_matching(images, baselines=baselines, targets=targets)
    if NOISE in baselines:
        raise ValueError(f"no baseline may be called {NOISE!r}")
    start = predict(images)[np.arange(len(images)), targets].astype(np.float64)
    passed = predicted(predict, images.shape[1:], _perturbed(images, baselines, drawn))
    changes = np.empty((len(baselines) + 1, len(images), len(drawn.squares)))
    for row, score in enumerate(start):
        for each in changes[:, row]:
            each[:] = score - next(passed)[:, targets[row]]
            if np.sqrt((each**2).mean()) < MIN_CHANGE * max(1.0, abs(score)):
                each[:] = np.nan
    return changes


def infidelity(
    images: np.ndarray,
    maps: dict[str, np.ndarray],
    changes: dict[str, np.ndarray],
    drawn: Perturbations,
) -> dict[str, dict[str, dict[str, np.ndarray]]]:
    """Measure how well maps predict the change of the target's logit under perturbations.

    Args:
        images: float32 (n, height, width, channels) in [0, 1].
        maps: method -> float (n, height, width), signed.
        changes: perturbation (a baseline's name, or "noise") -> float64 (n, samples), see
            `logit_changes`.
        drawn: the perturbations.

    Returns:
        perturbation -> method -> float64 (n,) each:
        `infidelity`, from 0 (predicts every change) to 1 (as good as a map of zeros); lower is
        better. `infidelity_scaling`, the best factor for the map, in changes of the logit per
        change predicted: 1 for a map in logits that is right, negative for one that predicts the
        opposite. NaN where the perturbations do not change the logit; the scaling also where the
        map predicts no change at all.

    Raises:
        ValueError: shapes do not match.
    """
    require_matching(images, maps=maps)
    inside = drawn.squares.reshape(len(drawn.squares), -1).astype(np.float64)
    # To all channels once: to add along so short an axis takes several times as long.
    draws = np.repeat(drawn.noise, images.shape[-1], axis=-1)

    def of_images(some: np.ndarray, rows: np.ndarray) -> np.ndarray:
        found = np.empty((len(rows), len(changes), len(NUMBERS), len(maps)))
        for image, row, into in zip(some, rows, found, strict=True):
            own = np.array([each[row].ravel() for each in maps.values()], np.float64)
            expected = _expected(image, own.reshape(len(maps), inside.shape[1]), inside, draws)
            for numbers, (name, each) in zip(into, changes.items(), strict=True):
                numbers[:] = scaled_infidelity(expected[name == NOISE], each[row])
        return found

    # Images are shared out among the cores; NumPy's threads have little to do in matrices this
    # small. Imported here: a machine that only trains reads the options above without it.
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        found = by_rows(of_images, images, np.arange(len(images)))
    return {
        name: {
            method: {what: found[:, i, k, j] for k, what in enumerate(NUMBERS)}
            for j, method in enumerate(maps)
        }
        for i, name in enumerate(changes)
    }


def _expected(
    image: np.ndarray, maps: np.ndarray, squares: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the changes that maps of an image, float64 (maps, pixels), predict: I · φ.

    Of all maps at once: one product of matrices, float64 (maps, samples), for squares, float64
    (samples, pixels), and one for noise, float32 (samples, height, width, channels).
    """
    channels = image.shape[-1]
    # I of equation 1: what is taken from each pixel, clipping included. A map's value is of all
    # channels, so it meets their mean.
    moves = image + noise
    np.subtract(image, np.clip(moves, 0, 1, out=moves), out=moves)
    wide = np.repeat(maps / channels, channels, axis=1)
    return maps @ squares.T, wide @ moves.reshape(len(noise), -1).astype(np.float64).T


def scaled_infidelity(expected: np.ndarray, changes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each map's infidelity, after the best scaling, and that scaling.

    The best factor is E[expected · change] / E[expected²]. Were it used where it is negative, a
    map and its negative would be equally good. There the best factor that keeps the map's sign is
    0, so the infidelity is that of a map of zeros.

    Args:
        expected: float64 (maps, samples), I · φ.
        changes: float64 (samples,), f(x) - f(x - I), in logits.

    Returns:
        float64 (maps,) each: E[(scaling · expected - change)²] / E[change²] in [0, 1], scaling not
        below 0; and the best factor, whatever its sign. NaN where they are undefined
        (`infidelity`).
    """
    undefined = np.full(len(expected), np.nan)
    size = changes @ changes
    if not size > 0:
        return undefined, undefined
    power = (expected**2).sum(axis=1)
    scaling = np.divide(expected @ changes, power, out=undefined, where=power > 0)
    left = ((scaling[:, None] * expected - changes) ** 2).sum(axis=1)
    return np.where(scaling > 0, left / size, 1.0), scaling


def _perturbed(
    images: np.ndarray, baselines: dict[str, np.ndarray], drawn: Perturbations
) -> Iterator[PerturbedImages]:
    # Of each image with every baseline in the squares, then with noise.
    channels, samples = images.shape[-1], len(drawn.squares)
    marked, noise = marks(drawn.squares, channels), np.repeat(drawn.noise, channels, axis=-1)
    for row, image in enumerate(images):
        for baseline in baselines.values():
            yield PerturbedImages(samples, partial(replace, image, baseline[row], marked))
        yield PerturbedImages(samples, partial(_add_noise, image, noise))


def _add_noise(image: np.ndarray, noise: np.ndarray, into: np.ndarray) -> None:
    np.clip(np.add(image, noise, out=into), 0, 1, out=into)


_measure = partial(
    Measure,
    group="faithfulness",
    reference="Yeh et al. 2019, https://arxiv.org/abs/1901.09392",
    per_baseline=True,
)

FAMILY = Family(
    measures=(
        _measure(
            name="infidelity",
            label="Infidelity",
            meaning="how badly the map predicts what covering a square does to the score, at its "
            "best scale: 0 is perfect, 1 no better than a map of zeros (Yeh et al. 2019)",
            unit="1, as a share of the score’s mean squared change",
            better="lower",
            shown=True,
        ),
        _measure(
            name="infidelity_scaling",
            label="Infidelity’s scale",
            meaning="the factor at which the map predicts best",
            unit="logits per change predicted",
            better=None,
        ),
    ),
    take=take,
    options=InfidelityOptions,
    # The same for every map: taken with the first family of methods.
    passes=lambda options, work: Passes(
        forward=work.images * options.samples * (len(BASELINES) + 1) if work.first else 0
    ),
)
