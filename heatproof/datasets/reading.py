"""A dataset's image files as pixels of one kind; those that cannot be read, with the reason."""

import itertools
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from heatproof.datasets import decoding, ground_truth
from heatproof.datasets.deep import Deep, in_8_bits, require_usual, usual_range
from heatproof.datasets.labelled_files import Labelled
from heatproof.run.errors import UserError
from heatproof.storage.images import StoredImages
from heatproof.storage.scratch import Scratch

AT_A_TIME = 16  # images that a thread takes


@dataclass(frozen=True)
class ReadImages:
    """What could be read.

    pixels: uint8 (n, height, width, 3 or 1), of `images`. sizes: int64 (n, 2), width and height of
    the files in pixels. masks: uint8 (n, height, width), 1 where
    their objects are; None where no image is annotated. unusable: a line for each other image, and
    not_annotated for each whose boxes or mask cannot be used, doubtful for each whose boxes or mask
    may be wrong.
    value_range: what was black and white in those of more than 8 bits, as given or found.
    """

    pixels: StoredImages
    sizes: np.ndarray
    masks: StoredImages | None
    images: list[Labelled]
    unusable: list[str]
    not_annotated: list[str]
    doubtful: list[str]
    value_range: tuple[float, float] | None


@dataclass(frozen=True)
class _Unscaled:
    """An image whose pixels wait until the values of all are known: its largest value."""

    highest: float
    is_real: bool


def read_images(
    images: Sequence[Labelled],
    size: tuple[int, int],
    colour: str,
    value_range: tuple[float, float] | None,
) -> ReadImages:
    """Decode images and bring them to one size and kind of pixels (see `decoding`).

    Without a value range, images of more than 8 bits are read twice: none is scaled before the
    largest value of all is known.

    Args:
        images: the files.
        size: height and width in pixels.
        colour: "rgb" or "gray".
        value_range: the values of black and white in images of more than 8 bits, if given.

    Raises:
        UserError: some images of more than 8 bits hold integers, others floats.
    """
    pixels = Scratch(len(images), (*size, 3 if colour == "rgb" else 1))
    sizes = np.zeros((len(images), 2), dtype=np.int64)
    annotated = any(image.is_annotated for image in images)
    masks = Scratch(len(images), tuple(size)) if annotated else None
    not_annotated: dict[int, str] = {}
    doubtful: dict[int, str] = {}

    def read(index: int) -> str | _Unscaled | None:
        """Put an image's pixels in their place; return why not, if it could not be."""
        image = images[index]
        try:
            decoded = decoding.decoded(image.path)
            sizes[index] = decoded.size
            if isinstance(decoded, Deep):
                if value_range is None:
                    return _Unscaled(require_usual(decoded), decoded.is_real)
                decoded = in_8_bits(decoded, *value_range)
        except decoding.UNREADABLE as error:
            at = "" if image.place == str(image.path) else f"{image.place}: "
            return f"{at}{image.path}: {decoding.why_unreadable(image.path, error)}"
        pixels[index] = decoding.as_pixels(decoded, *size, colour)
        if masks is not None and image.is_annotated:
            try:
                masks[index], doubt = ground_truth.mask(image, *size)
                if doubt:
                    doubtful[index] = f"{image.path}: {doubt}"
            except decoding.UNREADABLE as error:
                not_annotated[index] = f"{image.path}: {ground_truth.why_unusable(image, error)}"
        return None

    def read_all(indices: Sequence[int]) -> dict[int, str | _Unscaled | None]:
        # Pillow decodes without Python's lock. To hand on one image takes as long as a small one.
        parts = [indices[i : i + AT_A_TIME] for i in range(0, len(indices), AT_A_TIME)]
        with decoding.quietly(), ThreadPoolExecutor(os.cpu_count()) as pool:
            done = pool.map(lambda part: list(map(read, part)), parts)
            return dict(zip(indices, itertools.chain.from_iterable(done), strict=True))

    outcomes = read_all(range(len(images)))
    unscaled = {i: each for i, each in outcomes.items() if isinstance(each, _Unscaled)}
    if unscaled:
        value_range = _range_of(unscaled.values())
        outcomes |= read_all(list(unscaled))
    good = [index for index, outcome in outcomes.items() if outcome is None]
    kept = np.array(good, dtype=np.int64)
    return ReadImages(
        pixels.images().select(kept),
        sizes[kept],
        None if masks is None else masks.images().select(kept),
        [images[index] for index in good],
        [outcome for outcome in outcomes.values() if isinstance(outcome, str)],
        [not_annotated[index] for index in sorted(not_annotated)],
        [doubtful[index] for index in sorted(doubtful)],
        value_range,
    )


def _range_of(unscaled: Iterable[_Unscaled]) -> tuple[float, float]:
    kinds = {each.is_real for each in unscaled}
    if len(kinds) > 1:
        raise UserError(
            "some images hold whole numbers of more than 8 bits, others floats; say which values "
            "are black and white: `value_range: [black, white]` in params.yaml, or --value-range "
            "of `heatproof new`"
        )
    return usual_range(max(each.highest for each in unscaled), kinds.pop())
