"""Pictures drawn here, whose truth is known: a shape on a ground of patches says the class.

Place, size and colour of the shape, and the ground, are drawn at random and say nothing about the
class. Where the shape is is the mask: evidence lies nowhere else. Unless the ground is tied to the
class on purpose, by a tint: then a network may be right without ever looking at the shape.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from heatproof.config.schema import Block, Fraction, ReadsNothing
from heatproof.storage.records import RawDataset
from heatproof.storage.scratch import Scratch

SHAPES = ("circle", "cross", "square", "triangle")
_PATCH = 4  # pixels a side, of the ground
_GROUND, _SHAPE = (40, 140), (170, 256)  # brightness of each channel, from and below
_RADIUS = (0.14, 0.26)  # of the picture's side
# Of the ground's three channels, where its tint says the class: reddish, green, blue, yellowish.
_TINTS = ((1.2, 0.7, 0.7), (0.7, 1.2, 0.7), (0.7, 0.7, 1.2), (1.1, 1.1, 0.5))
TRAIN, TEST = range(2)  # streams of random numbers


class Options(Block):
    """Pictures that are drawn, whose truth is known: a shape on a ground of patches says the
    class."""

    source: Literal["shapes"]
    """Where the images are from."""
    size: Annotated[int, Field(ge=16, le=256)]
    """Of a side, in pixels."""
    train_per_class: Annotated[int, Field(ge=2, le=100_000)]
    """Pictures of each class to train on."""
    test_per_class: Annotated[int, Field(ge=1, le=100_000)]
    """Pictures of each class to test with."""
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    """Of all chance."""
    tied: Fraction | None = None
    """The share of the training pictures whose ground has the tint of their own class; the others
    have one drawn at random. Where it is not given, grounds have no tint."""
    test_tied: Fraction | None = None
    """The same of the test pictures."""
    reads: ReadsNothing
    """The source reads none of the study’s files: always `data/code/fetch.txt`."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of its classes."""
        return SHAPES


def fetch(options: Options) -> RawDataset:
    """Return the pictures, uint8 (n, size, size, 3), with a mask of each test picture's shape."""
    parts = []
    for stream, count, tied in (
        (TRAIN, options.train_per_class, options.tied),
        (TEST, options.test_per_class, options.test_tied),
    ):
        labels = np.repeat(np.arange(len(SHAPES), dtype=np.int64), count)
        generator = np.random.default_rng([options.seed, stream])
        tints = _tints(labels, tied, generator)
        images = Scratch(len(labels), (options.size, options.size, 3))
        masks = Scratch(len(labels), (options.size, options.size))
        for row, (label, tint) in enumerate(zip(labels, tints, strict=True)):
            images[row], masks[row] = drawn(SHAPES[label], options.size, generator, tint)
        parts.append((images.images(), labels, masks.images()))
    (images, labels, _), (test_images, test_labels, test_masks) = parts
    # Where the ground says the class too, the mask is no more than where the object is.
    tied = options.tied is not None or options.test_tied is not None
    annotations = ("masks",) if tied else ()
    return RawDataset(
        images, labels, test_images, test_labels, options.class_names,
        test_masks=test_masks, annotations=annotations,
    )  # fmt: skip


def _tints(
    labels: np.ndarray, tied: float | None, generator: np.random.Generator
) -> list[tuple[float, float, float] | None]:
    """Return each picture's tint, that of its class in a share of them; none where `tied` is."""
    if tied is None:
        return [None] * len(labels)
    own = generator.random(len(labels)) < tied
    others = generator.integers(len(_TINTS), size=len(labels))
    return [_TINTS[each] for each in np.where(own, labels, others).tolist()]


def drawn(
    shape: str,
    size: int,
    generator: np.random.Generator,
    tint: tuple[float, float, float] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a shape; return the picture, uint8 (size, size, 3), and its mask, uint8 (size, size)."""
    patches = -(-size // _PATCH)
    ground = generator.integers(*_GROUND, (patches, patches, 3), dtype=np.uint8)
    if tint is not None:
        ground = np.rint(ground * np.array(tint)).astype(np.uint8)
    picture = ground.repeat(_PATCH, axis=0).repeat(_PATCH, axis=1)[:size, :size].copy()
    radius = generator.uniform(*_RADIUS) * size
    middle = generator.uniform(radius, size - radius, 2)
    mask = _inside(shape, size, middle, radius)
    picture[mask] = generator.integers(*_SHAPE, 3, dtype=np.uint8)
    return picture, mask.astype(np.uint8)


def _inside(shape: str, size: int, middle: np.ndarray, radius: float) -> np.ndarray:
    """Return which pixels' centres are inside, bool (size, size); all shapes fit one circle."""
    centres = np.arange(size) + 0.5
    down, right = (centres - middle[0])[:, np.newaxis], (centres - middle[1])[np.newaxis]
    if shape == "circle":
        return down**2 + right**2 <= radius**2
    if shape == "square":
        return np.maximum(abs(down), abs(right)) <= radius * np.sqrt(0.5)
    if shape == "cross":
        arms = np.minimum(abs(down), abs(right)) <= radius / 4
        return arms & (np.maximum(abs(down), abs(right)) <= radius)
    # Of equal sides, its point up: the lower side half a radius below the middle.
    return (down <= radius / 2) & (np.sqrt(3) * abs(right) <= down + radius)
