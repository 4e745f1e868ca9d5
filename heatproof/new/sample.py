"""Pictures are looked at: some decoded, of all others what they begin with."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from heatproof.datasets import decoding
from heatproof.datasets.labelled_files import Labelled

DECODED = 500  # pictures that are decoded, spread over all
# Two channels of a grey picture differ by less, out of 255, after JPEG.
_GREY = 3


@dataclass(frozen=True)
class Looked:
    """What was seen.

    sizes: (width, height) of the pictures that could be decoded, in pixels. grey: whether none of
    them has a colour. decoded: how many were to be. unreadable: a line for each picture that cannot
    be read, with the reason.
    """

    sizes: list[tuple[int, int]]
    grey: bool
    decoded: int
    unreadable: list[str]


def look(images: Sequence[Labelled], value_range: tuple[float, float] | None) -> Looked:
    """Decode some pictures, and read of the others what they begin with.

    Args:
        images: all of them.
        value_range: black and white of images of more than 8 bits, if given.
    """
    step = -(-len(images) // DECODED)
    sample = images[::step]
    others = [image for index, image in enumerate(images) if index % step]

    def decoded(image: Labelled) -> tuple[tuple[int, int], bool] | str:
        try:
            picture = decoding.in_8_bits_of(decoding.decoded(image.path), value_range)
        except decoding.UNREADABLE as error:
            return _why(image, error)
        return picture.size, _is_grey(picture)

    with decoding.quietly(), ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = list(pool.map(decoded, sample))
        unreadable = [each for each in (*seen, *pool.map(_begin, others)) if isinstance(each, str)]
    good = [each for each in seen if not isinstance(each, str)]
    return Looked(
        [size for size, _ in good], all(grey for _, grey in good), len(sample), unreadable
    )


def _begin(image: Labelled) -> str | None:
    """Read what a picture begins with; return why it cannot be read, if it cannot."""
    try:
        decoding.begin(image.path)
    except decoding.UNREADABLE as error:
        return _why(image, error)
    return None


def _why(image: Labelled, error: Exception) -> str:
    return f"{image.path}: {decoding.why_unreadable(image.path, error)}"


def _is_grey(picture: Image.Image) -> bool:
    small = picture.convert("RGB").resize((32, 32))
    pixels = np.asarray(small, dtype=np.int64)
    return bool((pixels.max(axis=-1) - pixels.min(axis=-1)).max() < _GREY)
