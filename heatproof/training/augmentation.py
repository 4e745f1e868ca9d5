"""Random changes of training images, as layers that do nothing outside training.

Each draws one change per image, works on float32 (n, height, width, channels) in [0, 1] and gives
the same shape and range. They are written as masks and products rather than gathers and affine
warps: those are exact, deterministic on every backend, and many times faster on a CPU.
"""

from typing import TYPE_CHECKING

import keras
from keras import ops

if TYPE_CHECKING:
    from heatproof.datasets.options import Augmentation


class _RandomChange(keras.layers.Layer):
    """A layer that applies `change` in training only."""

    def __init__(self, seed: int, **options) -> None:
        super().__init__(**options)
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        return self.change(images) if training else images

    def change(self, images):
        raise NotImplementedError

    def uniform(self, images, low: float = 0.0, high: float = 1.0):
        """Draw one number per image, shaped (n, 1, 1, 1)."""
        return keras.random.uniform((ops.shape(images)[0], 1, 1, 1), low, high, seed=self.generator)

    def whole(self, images, low: int, high: int):
        """Draw one whole number per image from low to high, both included, shaped (n, 1, 1, 1)."""
        return ops.floor(self.uniform(images, low, high + 1 - 1e-4))


class RandomShift(_RandomChange):
    """Move each image by up to `pixels` along both axes; black moves in."""

    def __init__(self, pixels: int, seed: int) -> None:
        super().__init__(seed, name="random_shift")
        self.pixels = pixels

    def change(self, images):
        rows = self._moves(images, images.shape[1])
        columns = self._moves(images, images.shape[2])
        shifted = ops.einsum("nij,njwc->niwc", rows, images)
        return ops.einsum("nij,nhjc->nhic", columns, shifted)

    def _moves(self, images, size: int):
        """One matrix per image that takes pixel i from pixel i + shift, (n, size, size)."""
        shift = ops.squeeze(self.whole(images, -self.pixels, self.pixels), axis=-1)
        target = ops.reshape(ops.arange(size, dtype="float32"), (1, size, 1))
        source = ops.reshape(ops.arange(size, dtype="float32"), (1, 1, size))
        return ops.cast(ops.equal(target + shift, source), images.dtype)


class RandomFlip(_RandomChange):
    """Mirror half of the images left to right."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, name="random_mirror")

    def change(self, images):
        return ops.where(self.uniform(images) < 0.5, ops.flip(images, axis=2), images)


class ColourJitter(_RandomChange):
    """Scale each image's distance from its mean, then brighten or darken it, within [0, 1]."""

    def __init__(self, brightness: float, contrast: float, seed: int) -> None:
        super().__init__(seed, name="colour_jitter")
        self.brightness, self.contrast = brightness, contrast

    def change(self, images):
        mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
        factor = self.uniform(images, 1 - self.contrast, 1 + self.contrast)
        offset = self.uniform(images, -self.brightness, self.brightness)
        return ops.clip(mean + (images - mean) * factor + offset, 0.0, 1.0)


class Cutout(_RandomChange):
    """Black out a square of `pixels`, anywhere (DeVries & Taylor 2017, arXiv:1708.04552)."""

    def __init__(self, pixels: int, seed: int) -> None:
        super().__init__(seed, name="cutout")
        self.pixels = pixels

    def change(self, images):
        rows = self._covered(images, images.shape[1])
        columns = self._covered(images, images.shape[2])
        covered = ops.expand_dims(rows, 2) * ops.expand_dims(columns, 1)
        return images * ops.expand_dims(1 - covered, -1)

    def _covered(self, images, size: int):
        """Which of `size` positions the square covers along one axis, 0 or 1 (n, size)."""
        # The square may stand half outside, as in the paper.
        first = self.whole(images, -(self.pixels // 2), size - 1 - self.pixels // 2)
        position = ops.reshape(ops.arange(size, dtype="float32"), (1, size))
        offset = position - ops.reshape(first, (-1, 1))
        return ops.cast(ops.logical_and(offset >= 0, offset < self.pixels), images.dtype)


def layers(augmentation: "Augmentation", seed: int) -> list[keras.layers.Layer]:
    """Return the layers that params.yaml asks for, in the order in which they apply.

    Args:
        augmentation: with its preset's numbers filled in (`presets.filled_in`).
        seed: of the changes.

    `batches.Batches` does what is no layer: mixup, which mixes labels too, and alternating mirror
    images, for which an image must be known again.
    """
    chosen: list[keras.layers.Layer] = []
    if augmentation.flip is True:
        chosen.append(RandomFlip(seed + 1))
    if augmentation.shift_pixels:
        chosen.append(RandomShift(augmentation.shift_pixels, seed + 2))
    if augmentation.brightness or augmentation.contrast:
        brightness, contrast = augmentation.brightness or 0.0, augmentation.contrast or 0.0
        chosen.append(ColourJitter(brightness, contrast, seed + 3))
    if augmentation.cutout_pixels:
        chosen.append(Cutout(augmentation.cutout_pixels, seed + 4))
    return chosen
