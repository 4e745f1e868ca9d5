"""Concepts that are made: stripes, dots and the like, put into pictures that are there.

Whoever plants a concept knows what it is and that nothing else differs: pictures of the same draw
without it are its counterparts. So these are what TCAV itself is tried on.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_SHARE = 0.5  # of the side: the square that a texture covers
_PERIODS = 4  # of a texture, in its square
_LEVELS = 0.1, 0.9  # its dark and its bright
_TINT = 1.35, 0.6  # what a channel of the colour is multiplied by, and another one

# float64 (height, width, channels) in [0, 1], generator -> the same with the concept.
Plant = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Planted:
    """A concept that is made. colour: whether it is none in grey pictures."""

    label: str
    plant: Plant
    colour: bool = False


def _textured(wave: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Plant:
    """Put a texture into a square at a random place, at a random angle.

    wave: (along, across), each 0 to `_PERIODS` -> whether it is bright there.
    """

    def plant(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        side = max(4, round(_SHARE * min(image.shape[:2])))
        top, left = (int(generator.integers(length - side + 1)) for length in image.shape[:2])
        angle, *phase = generator.uniform(0, np.pi), *generator.uniform(0, 1, 2)
        down, right = np.mgrid[:side, :side] * _PERIODS / side
        along = np.cos(angle) * down + np.sin(angle) * right + phase[0]
        across = np.cos(angle) * right - np.sin(angle) * down + phase[1]
        texture = np.where(wave(along, across), _LEVELS[1], _LEVELS[0])
        changed = image.copy()
        changed[top : top + side, left : left + side] = texture[..., None]
        return changed

    return plant


def _tinted(*channels: int) -> Plant:
    """Raise these channels, and lower the others."""

    def plant(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        factor = np.full(3, _TINT[1])
        factor[list(channels)] = _TINT[0]
        return np.clip(image * factor, 0, 1)

    return plant


def _brightened(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return 0.7 * image + 0.3


PLANTED = {
    "stripes": Planted("stripes", _textured(lambda along, across: along % 1 < 0.5)),
    "dots": Planted(
        "dots",
        _textured(lambda along, across: (along % 1 - 0.5) ** 2 + (across % 1 - 0.5) ** 2 < 0.09),
    ),
    "checks": Planted(
        "checks", _textured(lambda along, across: (along % 1 < 0.5) ^ (across % 1 < 0.5))
    ),
    "bright": Planted("a bright ground", _brightened),
    "red": Planted("a red tint", _tinted(0), colour=True),
    "green": Planted("a green tint", _tinted(1), colour=True),
    "blue": Planted("a blue tint", _tinted(2), colour=True),
    "yellow": Planted("a yellow tint", _tinted(0, 1), colour=True),
}


def planted(images: np.ndarray, kind: str, generator: np.random.Generator) -> np.ndarray:
    """Put a concept into pictures.

    Args:
        images: uint8 (n, height, width, 1 or 3).
        kind: a name of `PLANTED`.
        generator: of places, angles and phases.

    Returns:
        uint8 of the same shape.

    Raises:
        ValueError: a tint, in grey pictures.
    """
    made = PLANTED[kind]
    if made.colour and images.shape[-1] != 3:
        raise ValueError(f"{made.label} is none in grey pictures")
    changed = [made.plant(image / 255, generator) for image in images]
    return np.rint(255 * np.stack(changed)).astype(np.uint8) if changed else images.copy()
