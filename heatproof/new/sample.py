"""Pictures are looked at: some decoded, of all others what they begin with."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from heatproof.datasets import decoding, ground_truth
from heatproof.datasets.labelled_files import Labelled

DECODED = 500  # pictures that are decoded, spread over all
# Two channels of a grey picture differ by less, out of 255, after JPEG.
_GREY = 3


@dataclass(frozen=True)
class Looked:
    """What was seen.

    sizes: (width, height) of the pictures that could be decoded, in pixels. grey: whether none of
    them has a colour. decoded: how many were to be. unreadable: a line for each picture that cannot
    be read, with the reason. not_annotated, doubtful: likewise, of those that were decoded, whose
    boxes or mask cannot be used, or may be wrong.
    """

    sizes: list[tuple[int, int]]
    grey: bool
    decoded: int
    unreadable: list[str]
    not_annotated: list[str]
    doubtful: list[str]


@dataclass(frozen=True)
class _Seen:
    """A picture that was decoded; lines on its boxes or mask, empty where there is nothing."""

    size: tuple[int, int]
    grey: bool
    not_annotated: str = ""
    doubtful: str = ""


def look(images: Sequence[Labelled], value_range: tuple[float, float] | None) -> Looked:
    """Decode some pictures, and read of the others what they begin with.

    Args:
        images: all of them.
        value_range: black and white of images of more than 8 bits, if given.
    """
    step = -(-len(images) // DECODED)
    sample = images[::step]
    others = [image for index, image in enumerate(images) if index % step]

    def decoded(image: Labelled) -> _Seen | str:
        try:
            picture = decoding.in_8_bits_of(decoding.decoded(image.path), value_range)
        except decoding.UNREADABLE as error:
            return _why(image, error)
        return _Seen(picture.size, _is_grey(picture), *_annotation(image))

    with decoding.quietly(), ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = list(pool.map(decoded, sample))
        unreadable = [each for each in (*seen, *pool.map(_begin, others)) if isinstance(each, str)]
    good = [each for each in seen if not isinstance(each, str)]
    return Looked(
        [each.size for each in good],
        all(each.grey for each in good),
        len(sample),
        unreadable,
        [each.not_annotated for each in good if each.not_annotated],
        [each.doubtful for each in good if each.doubtful],
    )


def _annotation(image: Labelled) -> tuple[str, str]:
    """Say why a picture's boxes or mask cannot be used, and what is doubtful about them."""
    if not image.is_annotated:
        return "", ""
    try:
        _, doubt = ground_truth.mask(image, 1, 1)
    except decoding.UNREADABLE as error:
        return f"{image.path}: {ground_truth.why_unusable(image, error)}", ""
    return "", f"{image.path}: {doubt}" if doubt else ""


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
