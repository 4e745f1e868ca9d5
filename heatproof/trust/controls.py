"""Maps that explain nothing, to stand in every table beside the methods.

None of them asks the network. A measure that prefers one of them to most methods does not, on that
cell, measure what a method knows of the network.
"""

import hashlib
from collections.abc import Mapping
from typing import Literal

import numpy as np

NAMES = ("random", "edges", "centre", "constant")
CENTRE_WIDTH = 0.25  # the Gaussian's standard deviation as a share of the image's side


def controls(images: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Make the pseudo-methods' maps.

    - random: uniform noise in [0, 1), another for each image.
    - edges: the Sobel filter's gradient magnitude of the grey image.
    - centre: a Gaussian in the middle, as photographers place what matters.
    - constant: ones.

    Args:
        images: float32 (n, height, width, channels) in [0, 1].
        seed: of the noise; with the image's own bytes it decides it, so that an image's map does
            not depend on what stands beside it. Equal images get equal noise.

    Returns:
        control -> float32 (n, height, width), none negative.
    """
    made = {
        "random": [_noise(image, seed) for image in images],
        "edges": [_edges(image) for image in images],
        "centre": [_centre(*image.shape[:2]) for image in images],
        "constant": [np.ones(image.shape[:2]) for image in images],
    }
    return {
        name: np.array(maps, dtype=np.float32).reshape(images.shape[:3])
        for name, maps in made.items()
    }


def uninformative(
    means: Mapping[str, float], controls: Mapping[str, float], better: Literal["higher", "lower"]
) -> list[str]:
    """Return the controls that a measure ranks above more than half of the methods.

    If there are any, the measure is uninformative on that cell. A control that equals a method is
    not above it; what is NaN, for want of a value, is ranked nowhere.

    Args:
        means: method -> the measure's mean over the images.
        controls: control -> its mean, likewise.
        better: whether higher or lower values are the better ones.
    """
    sign = {"higher": 1, "lower": -1}[better]
    known = sign * np.array([value for value in means.values() if not np.isnan(value)])
    # A comparison with NaN is false, and so is 0 > 0 where no method has a value.
    return [
        name
        for name, value in controls.items()
        if np.count_nonzero(sign * value > known) > len(known) / 2
    ]


def _noise(image: np.ndarray, seed: int) -> np.ndarray:
    digest = hashlib.sha256(image.astype(np.float32).tobytes()).digest()
    own = int.from_bytes(digest[:16], "big")
    return np.random.default_rng([seed, own]).random(image.shape[:2])


def _edges(image: np.ndarray) -> np.ndarray:
    from scipy.ndimage import sobel

    grey = image.astype(np.float64).mean(axis=-1)
    return np.hypot(*(sobel(grey, axis=axis, mode="nearest") for axis in (0, 1)))


def _centre(height: int, width: int) -> np.ndarray:
    rows, columns = (
        np.exp(-(((np.arange(side) - (side - 1) / 2) / (CENTRE_WIDTH * side)) ** 2) / 2)
        for side in (height, width)
    )
    return np.outer(rows, columns)
