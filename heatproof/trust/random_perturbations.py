"""Squares and noise, drawn once for all images: what infidelity does to them."""

from dataclasses import dataclass

import numpy as np

# A square's side, as a share of the image's shorter one; in the authors' code 1 to 10 of 28 pixels.
SIDES = (0.1, 1 / 3)


@dataclass(frozen=True)
class Perturbations:
    """What is done to every image, whatever its maps are.

    squares: bool (samples, height, width), where each square covers it. noise: float32 (samples,
    height, width, 1), added to all channels alike; what then leaves [0, 1] is clipped.
    """

    squares: np.ndarray
    noise: np.ndarray


def draw(size: tuple[int, int], samples: int, noise: float, seed: int) -> Perturbations:
    """Draw as many squares and noises for images (height, width); noise: standard deviation."""
    squares = random_squares(size, samples, seed)
    return Perturbations(squares, grey_noise(size, samples, noise, seed))


def random_squares(size: tuple[int, int], samples: int, seed: int) -> np.ndarray:
    """Draw squares of random side and place.

    They may hang over the edge: every pixel is as likely to be in one as every other.

    Args:
        size: the image's height and width.
        samples: how many.
        seed: of sides and places.

    Returns:
        bool (samples, height, width), True within the square; at least one pixel is.
    """
    random = np.random.default_rng([seed, 0])
    smallest, largest = (max(1, round(share * min(size))) for share in SIDES)
    sides = random.integers(smallest, largest, size=samples, endpoint=True)
    inside = []
    for length in size:
        first = random.integers(1 - sides, length)[:, None]
        pixels = np.arange(length)
        inside.append((pixels >= first) & (pixels < first + sides[:, None]))
    return inside[0][:, :, None] & inside[1][:, None, :]


def grey_noise(size: tuple[int, int], samples: int, deviation: float, seed: int) -> np.ndarray:
    """Draw Gaussian noise for all channels alike, float32 (samples, height, width, 1)."""
    random = np.random.default_rng([seed, 1])
    return np.float32(deviation) * random.standard_normal((samples, *size, 1), dtype=np.float32)
