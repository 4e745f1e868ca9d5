"""Maps that explain nothing, to stand in every table beside the methods.

None of them uses the network. A measure that prefers one of them to most methods does not, on that
cell, measure what a method knows of the network.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from heatproof.trust.perturbation import own_random

CENTRE_WIDTH = 0.25  # the Gaussian's standard deviation as a share of the image's side


@dataclass(frozen=True)
class Control:
    """A control's name in a table, its name within a sentence, and what its map is.

    draw: image float32 (height, width, channels) in [0, 1], seed -> float (height, width), not
    negative.
    """

    label: str
    inline: str
    meaning: str
    draw: Callable[[np.ndarray, int], np.ndarray]


def controls(images: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Make the controls' maps.

    Args:
        images: float32 (n, height, width, channels) in [0, 1].
        seed: of the noise.

    Returns:
        control -> float32 (n, height, width), none negative.
    """
    return {
        name: np.array([control.draw(image, seed) for image in images], dtype=np.float32).reshape(
            images.shape[:3]
        )
        for name, control in CONTROLS.items()
    }


def above_most(merits: Mapping[str, float]) -> list[str]:
    """Return the controls among `merits` that rank above more than half of the methods there.

    If there are any, the measure is uninformative on that cell. A control that equals a method is
    not above it; what is NaN, for want of a value, is ranked nowhere.

    Args:
        merits: method or control -> a number that grows the better it is.
    """
    known = np.array(
        [merit for name, merit in merits.items() if name not in CONTROLS and not np.isnan(merit)]
    )
    # A comparison with NaN is false, and so is 0 > 0 where no method has a value.
    return [
        name
        for name, merit in merits.items()
        if name in CONTROLS and np.count_nonzero(merit > known) > len(known) / 2
    ]


def _noise(image: np.ndarray, seed: int) -> np.ndarray:
    """Return uniform noise in [0, 1), which seed and image decide: equal images get equal noise."""
    return own_random(image, seed).random(image.shape[:2])


def _edges(image: np.ndarray, _seed: int) -> np.ndarray:
    """Return the Sobel filter's gradient magnitude of the grey image."""
    from scipy.ndimage import sobel  # slow to import, and whoever reads params.yaml loads this

    grey = image.astype(np.float64).mean(axis=-1)
    return np.hypot(*(sobel(grey, axis=axis, mode="nearest") for axis in (0, 1)))


def _centre(image: np.ndarray, _seed: int) -> np.ndarray:
    """Return a Gaussian in the middle, as photographers place what matters."""
    rows, columns = (
        np.exp(-(((np.arange(side) - (side - 1) / 2) / (CENTRE_WIDTH * side)) ** 2) / 2)
        for side in image.shape[:2]
    )
    return np.outer(rows, columns)


def _constant(image: np.ndarray, _seed: int) -> np.ndarray:
    return np.ones(image.shape[:2])


CONTROLS = {
    "random": Control(
        label="Noise",
        inline="noise",
        meaning="a random number for each pixel",
        draw=_noise,
    ),
    "edges": Control(
        label="Edge filter",
        inline="the edge filter",
        meaning="the image’s own edges (Sobel), whatever the network is",
        draw=_edges,
    ),
    "centre": Control(
        label="Centre Gaussian",
        inline="the centre Gaussian",
        meaning="a bright spot in the middle of any image",
        draw=_centre,
    ),
    "constant": Control(
        label="Constant map",
        inline="a constant map",
        meaning="the same value everywhere; its pixels’ order is random",
        draw=_constant,
    ),
}
