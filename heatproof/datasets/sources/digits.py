"""The handwritten digits that come with scikit-learn: real data without a download.

1,797 images of 8×8 pixels with 17 grey levels (Alpaydin & Kaynak 1998, UCI repository), here
enlarged so that explanations have pixels to point at.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from heatproof.config.schema import Block, ReadsNothing
from heatproof.storage.records import RawDataset

LEVELS = 16


class Options(Block):
    """The 1,797 handwritten digits that come with scikit-learn: no download."""

    source: Literal["digits"]
    """Where the images are from."""
    size: Annotated[int, Field(ge=8, le=64)]
    """Height and width in pixels, after bilinear enlargement from 8×8."""
    reads: ReadsNothing
    """The source reads none of the study’s files: always `data/code/fetch.txt`."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of its classes."""
        return tuple(str(digit) for digit in range(10))


def fetch(options: Options) -> RawDataset:
    """Return the digits as uint8 (1797, size, size, 1), without a test part of their own."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = enlarged(digits.images / LEVELS, options.size)
    pixels = np.rint(images * 255).astype(np.uint8)[..., np.newaxis]
    return RawDataset(
        pixels,
        digits.target.astype(np.int64),
        pixels[:0],
        np.zeros(0, dtype=np.int64),
        options.class_names,
    )


def enlarged(images: np.ndarray, size: int) -> np.ndarray:
    """Enlarge float images (n, h, w) to (n, size, size): bilinear, pixel centres aligned."""
    rows, columns = (_weights(side, size) for side in images.shape[1:])
    return np.einsum("ai,nij,bj->nab", rows, images, columns, optimize=True)


def _weights(side: int, size: int) -> np.ndarray:
    """Return the matrix (size, side) that interpolates one axis; its rows sum to 1."""
    centres = np.clip((np.arange(size) + 0.5) * side / size - 0.5, 0, side - 1)
    distance = np.abs(centres[:, np.newaxis] - np.arange(side))
    return np.maximum(1 - distance, 0)
