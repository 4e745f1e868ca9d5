"""A dataset whose evidence is known: a small pattern, planted at a random place, is the class.

The images are those of another dataset, whose labels are shuffled first, so that what they show
says nothing of the class. A network that is right far more often than chance can only be using
the pattern, and an explanation is right that points there.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from heatproof.config.schema import Block, ReadsNothing
from heatproof.datasets.canonical import canonical_order
from heatproof.datasets.official_files import CLASS_NAMES
from heatproof.datasets.sources import tfds
from heatproof.storage.records import RawDataset

CANDIDATES = 1000
# Streams of the seed, so that the training part does not depend on the test part's size.
PATTERNS, TRAIN, TEST = range(3)


class Options(Block):
    """A dataset whose evidence is known: a small pattern, planted at a random place, is the
    class."""

    source: Literal["planted"]
    """Where the images are from."""
    base: Literal["mnist", "fashion_mnist", "cifar10"]
    """The dataset whose images are used."""
    squares: Annotated[int, Field(ge=3, le=12)]
    """Squares per side of a pattern, each bright or dark."""
    square_pixels: Annotated[int, Field(ge=1, le=8)]
    """Width of a square, in pixels: single pixels would take a network long to find."""
    contrast: Annotated[float, Field(gt=0, le=0.9)]
    """How far the two brightnesses are apart, around the middle grey. At most 0.9, so that none is
    black: black on a black ground, or on a black baseline, is not there."""
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    """Of the patterns and their places."""
    reads: ReadsNothing
    """The source reads none of the study’s files: always `data/code/fetch.txt`."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of its classes."""
        return _patches(len(CLASS_NAMES[self.base]))


def fetch(options: Options) -> RawDataset:
    """Return the base's images with a pattern each, and where it is in the test images.

    Raises:
        UserError: the base cannot be had, as `tfds.read` says.
    """
    return planted(tfds.read(options.base), options)


def planted(base: RawDataset, options: Options) -> RawDataset:
    """Shuffle the labels of both parts, each class keeping its size, and plant the patterns.

    The outcome does not depend on the order in which the base comes.

    Args:
        base: uint8 images (n, height, width, channels), labels int64 (n,).
        options: the pattern's size and brightness, and the seed of everything random.

    Returns:
        As many images and labels, in an order of their own; `test_masks` uint8 (n, height, width),
        1 where the pattern is. Classes are called "patch A" and so on.
    """
    patterns = distinct_patterns(len(base.class_names), options.squares, [options.seed, PATTERNS])
    patterns = np.kron(patterns, np.ones((options.square_pixels, options.square_pixels)))
    levels = np.rint(255 * (0.5 + options.contrast * (patterns - 0.5))).astype(np.uint8)
    parts = []
    for stream, images, labels in (
        (TRAIN, base.images, base.labels),
        (TEST, base.test_images, base.test_labels),
    ):
        order = canonical_order(images, labels)
        generator = np.random.default_rng([options.seed, stream])
        shuffled = generator.permutation(labels[order])
        parts.append((*plant(images[order], levels[shuffled], generator), shuffled))
    (train_images, _, train_labels), (test_images, test_masks, test_labels) = parts
    return RawDataset(
        train_images,
        train_labels,
        test_images,
        test_labels,
        _patches(len(base.class_names)),
        test_masks=test_masks,
    )


def _patches(classes: int) -> tuple[str, ...]:
    return tuple(f"patch {chr(ord('A') + label)}" for label in range(classes))


def plant(
    images: np.ndarray, patches: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Put each image's patch at a random place wholly inside it, over whatever was there.

    Args:
        images: uint8 (n, height, width, channels).
        patches: uint8 (n, side, side), the same in all channels.
        generator: of the places; all places are as likely.

    Returns:
        Images like `images`, which stay as they are, and uint8 masks (n, height, width), 1 where
        the patch is.
    """
    count, side = patches.shape[:2]
    inside = np.arange(side)
    rows, columns = (
        generator.integers(length - side + 1, size=(count, 1)) + inside
        for length in images.shape[1:3]
    )
    place = np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]
    masks = np.zeros(images.shape[:3], dtype=np.uint8)
    masks[place] = 1
    with_patches = images.copy()
    with_patches[place] = patches[..., None]
    return with_patches, masks


def distinct_patterns(count: int, side: int, seed: list[int]) -> np.ndarray:
    """Draw binary patterns that are far from each other, bool (count, side, side).

    All have the same number of bright squares, half of them, so that no class shows in the mean
    brightness. From random candidates the one that is farthest from its nearest chosen one, in
    differing squares (Hamming distance), is taken again and again: of nine at least four differ.
    """
    generator = np.random.default_rng(seed)
    half = np.arange(side * side) < side * side // 2
    candidates = generator.permuted(np.tile(half, (CANDIDATES, 1)), axis=1)
    chosen = [0]
    nearest = np.full(CANDIDATES, side * side)
    while len(chosen) < count:
        differing = (candidates != candidates[chosen[-1]]).sum(axis=1)
        nearest = np.minimum(nearest, differing)
        chosen.append(int(nearest.argmax()))
    return candidates[chosen].reshape(count, side, side)
