"""How much an explanation changes when the image hardly does.

Sensitivity under small noise is that of Yeh et al. 2019, "On the (In)fidelity and Sensitivity of
Explanations" (https://arxiv.org/abs/1901.09392), definition 2 (equation 5), the maximum estimated
from random draws as there, and divided by the map's own length so that methods of different units
can be compared. Beside the maximum stands the mean (Bhatt et al. 2020,
https://arxiv.org/abs/2005.00631, section 3). The same is measured under a shift by one pixel, after
which a map should have moved with the image.

Lower is better, but it is not enough: a map that is the same for every image scores 0.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated

import numpy as np
from pydantic import Field

from heatproof.config.schema import Block
from heatproof.trust.assessment import Assessment
from heatproof.trust.measure import Family, Measure, Result, by_measure
from heatproof.trust.similarity import Maps, Similarities

# Images float32 (n, height, width, channels) -> maps of them; of a slow method, of the first ones.
ExplainImages = Callable[[np.ndarray], Maps]

# Down, up, right, left: by how many pixels the image moves.
SHIFTS = ((1, 0), (-1, 0), (0, 1), (0, -1))


class RobustnessOptions(Block):
    """Noise that is too little to see."""

    samples: Annotated[int, Field(ge=1, le=1000)]
    """Noisy copies of an image."""
    radius: Annotated[float, Field(gt=0, le=1)]
    """The noise is uniform in [-radius, radius]."""


def take(assessment: Assessment, options: RobustnessOptions) -> Result:
    """Measure every method under noise and under a shift."""
    images, originals, seed = assessment.images, assessment.originals, assessment.seed
    explain = partial(assessment.explained, assessment.model, seed=seed)
    noise = noise_sensitivity(explain, images, originals, options.radius, options.samples, seed)
    shift = shift_sensitivity(explain, images, originals)
    return Result(by_measure(noise) | by_measure(shift))


def noise_sensitivity(
    explain: ExplainImages,
    images: np.ndarray,
    originals: Maps,
    radius: float,
    samples: int,
    seed: int,
) -> Similarities:
    """Measure how far maps move when uniform noise is added to the image.

    Args:
        explain: what made the originals.
        images: float32 (n, height, width, channels) in [0, 1].
        originals: method -> float (at least as many rows as `explain` gives, height, width), the
            maps of the images as they are.
        radius: the noise is uniform in [-radius, radius]; the noisy image is clipped to [0, 1].
        samples: noisy copies of each image. The noise is drawn from the seed alone, the same for
            every image.
        seed: of the noise.

    Returns:
        method -> `sensitivity_max` and `sensitivity_mean`, float64 (rows,), at least 0: the
        distance of the noisy copy's map from the original, as a share of the original's length;
        NaN where the original is zero everywhere.
    """
    random = np.random.default_rng(seed)
    changes = []
    for _ in range(samples):
        noise = random.uniform(-radius, radius, images.shape[1:]).astype(np.float32)
        maps = explain(np.clip(images + noise, 0, 1))
        changes.append({m: relative_change(each, originals[m]) for m, each in maps.items()})
    return _max_and_mean(changes, "sensitivity")


def shift_sensitivity(
    explain: ExplainImages,
    images: np.ndarray,
    originals: Maps,
) -> Similarities:
    """Measure how far maps move, beyond the shift itself, when the image is shifted by one pixel.

    The image is moved down, up, right and left, its edge repeated where it left a gap. Each map is
    moved back before it is compared, and the outermost pixels, which the shifted image does not all
    show, are left out.

    Args:
        explain: what made the originals.
        images: float32 (n, height, width, channels) in [0, 1], at least 3 x 3 pixels.
        originals: method -> float (at least as many rows as `explain` gives, height, width).

    Returns:
        method -> `shift_max` and `shift_mean`, float64 (rows,), at least 0, over the four shifts:
        as in `noise_sensitivity`.
    """
    changes = []
    for shift in SHIFTS:
        maps = explain(shifted(images, shift))
        changes.append(
            {
                method: relative_change(_inner(each, shift), _inner(originals[method], (0, 0)))
                for method, each in maps.items()
            }
        )
    return _max_and_mean(changes, "shift")


def shifted(images: np.ndarray, shift: tuple[int, int]) -> np.ndarray:
    """Return images moved down and right by at most one pixel each, the edge repeated.

    Args:
        images: (n, height, width, channels).
        shift: rows down and columns right, from -1 to 1.
    """
    down, right = shift
    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    return padded[:, 1 - down : 1 - down + height, 1 - right : 1 - right + width].copy()


def _inner(maps: np.ndarray, shift: tuple[int, int]) -> np.ndarray:
    """Return all but the outermost pixels of maps moved back by a shift."""
    down, right = shift
    height, width = maps.shape[1:]
    return maps[:, 1 + down : height - 1 + down, 1 + right : width - 1 + right]


def _max_and_mean(changes: list[dict[str, np.ndarray]], name: str) -> Similarities:
    """Return maximum and mean over noisy or shifted copies, each method -> float64 (rows,)."""
    return {
        method: {
            f"{name}_max": np.max([each[method] for each in changes], axis=0),
            f"{name}_mean": np.mean([each[method] for each in changes], axis=0),
        }
        for method in changes[0]
    }


def relative_change(maps: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """Return |map - original| / |original| of each pair, Euclidean lengths (Yeh et al. 2019).

    Args:
        maps: float (rows, height, width).
        originals: float (at least as many rows, height, width).

    Returns:
        float64 (rows,), at least 0; NaN where the original is zero everywhere.
    """
    before = originals[: len(maps)].astype(np.float64)
    distance, length = (np.sqrt((each**2).sum(axis=(1, 2))) for each in (maps - before, before))
    return np.divide(distance, length, out=np.full(len(before), np.nan), where=length > 0)


_measure = partial(
    Measure,
    group="robustness",
    reference="this project",
    unit="1, as a share of the map’s length",
    better="lower",
)

FAMILY = Family(
    measures=(
        _measure(
            name="sensitivity_max",
            label="Noise, max",
            meaning="how far the map moves under small noise, as a share of its length, at most "
            "(max-sensitivity, Yeh et al. 2019)",
            reference="Yeh et al. 2019, https://arxiv.org/abs/1901.09392",
            shown=True,
        ),
        _measure(
            name="sensitivity_mean",
            label="Noise, mean",
            meaning="the same on average",
            reference="Bhatt et al. 2020, https://arxiv.org/abs/2005.00631",
        ),
        _measure(
            name="shift_max",
            label="Shift, max",
            meaning="the same at most when the image moves by one pixel and the map is moved back",
        ),
        _measure(
            name="shift_mean",
            label="Shift, mean",
            meaning="the same on average over four directions",
            shown=True,
        ),
    ),
    take=take,
    options=RobustnessOptions,
    passes=lambda options, work: work.explain * (options.samples + 1),
)
