"""Images that are stored as arrays: how they lie there, and how they become pixels of 8 bits."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from heatproof.datasets import ground_truth
from heatproof.datasets.array_files import Stored
from heatproof.datasets.decoding import as_pixels
from heatproof.datasets.deep import (
    UnusableImage,
    require_usual_values,
    to_8_bits,
    usual_range,
)
from heatproof.run.errors import UserError
from heatproof.storage.images import StoredImages
from heatproof.storage.scratch import Scratch

_CHANNELS = (1, 3, 4)
_MAX_RATIO = 2000  # of values to a file's bytes: deflate reaches 1032, and digits about 10
_MIN_SIDE = 8  # of rows that are taken as squares
_MAX_SIDE = 8192  # that an image is read with


@dataclass(frozen=True)
class Layout:
    """How images lie in an array: (height, width, channels), how rows become that, and a remark."""

    shape: tuple[int, int, int]
    in_order: Callable[[np.ndarray], np.ndarray]
    remark: str = ""


def layout(path: Path, stored: Stored) -> Layout:
    """Say how the images of an array lie in it.

    Raises:
        UserError: this is not certain, or these are no images.
    """
    if stored.dtype.kind not in "buif" or not stored.shape:
        raise UserError(f"{path}: {stored} are no images; expected integers or floats")
    row = stored.shape[1:]
    expected = "expected (n, height, width) or (n, height, width, channels)"
    found = None
    if len(row) == 1:
        side = math.isqrt(row[0])
        if side * side == row[0] and side >= _MIN_SIDE:
            shape = (side, side, 1)
            remark = f"rows of {row[0]:,} values are taken as {side}×{side} pixels, grey"
            found = Layout(shape, lambda rows: rows.reshape(len(rows), *shape), remark)
    elif len(row) == 2:
        found = Layout((*row, 1), lambda rows: rows[..., np.newaxis])
    elif len(row) == 3 and row[2] in _CHANNELS:
        found = Layout(row, lambda rows: rows)
    elif len(row) == 3 and row[0] in _CHANNELS:
        remark = f"the channels of '{stored.name}' come before height and width"
        found = Layout((*row[1:], row[0]), lambda rows: np.moveaxis(rows, 1, -1), remark)
    if found is None:
        raise UserError(
            f"{path}: {stored}: it is not certain how wide and high its images are; {expected}"
        )
    if not all(0 < side <= _MAX_SIDE for side in found.shape[:2]):
        raise UserError(f"{path}: {stored}: {expected}, of at most {_MAX_SIDE} pixels a side")
    return found


def require_plausible(path: Path, stored: Stored) -> None:
    """Refuse an array whose declared size is far more than the file can hold. Raises UserError."""
    declared_bytes = math.prod(stored.shape) * stored.dtype.itemsize
    if declared_bytes > _MAX_RATIO * path.stat().st_size:
        raise UserError(
            f"{path}: {stored}: {declared_bytes / 2**30:,.1f} GiB in a file of "
            f"{path.stat().st_size:,} bytes; nothing but empty images is compressed so well"
        )


def batches(stored: Stored, how: Layout) -> Iterator[np.ndarray]:
    """Yield an array's images in batches (n, height, width, channels), values as they are."""
    return map(how.in_order, stored.batches())


def value_range(path: Path, arrays: Sequence[Stored]) -> tuple[float, float] | None:
    """Return the values of black and white in arrays; None for whole numbers of 8 bits.

    Those of `deep.usual_range`, and (0, 1) where no whole number is larger.

    Raises:
        UserError: a value is no number, or beyond what is usual; some hold floats, others integers.
    """
    if len({stored.dtype.kind == "f" for stored in arrays}) > 1:
        shown = " and ".join(map(str, arrays))
        raise UserError(f"{path}: {shown}: expected integers in all of them, or floats in all")
    low, high = math.inf, -math.inf
    for stored in arrays:
        first = 0
        for rows in stored.batches():
            if rows.dtype.kind == "f" and not np.isfinite(rows).all():
                flat = np.isfinite(rows).reshape(len(rows), -1)
                row = first + int(np.flatnonzero(~flat.all(axis=1))[0])
                raise UserError(
                    f"{path}: {stored}: image {row} has values that are no numbers (NaN or "
                    "infinite); leave it out"
                )
            if rows.size:
                low, high = min(low, float(rows.min())), max(high, float(rows.max()))
            first += len(rows)
    try:
        require_usual_values(low, high)
    except UnusableImage as error:
        raise UserError(f"{path}: {arrays[0]}: {error}") from None
    if arrays[0].dtype.kind == "f":
        return usual_range(high, is_real=True)
    if high <= 1:
        return 0, 1
    black, white = usual_range(high, is_real=False)
    return None if white == 255 else (black, white)


def pixels(
    stored: Stored,
    how: Layout,
    shape: tuple[int, int, int],
    black_white: tuple[float, float] | None,
) -> Iterator[np.ndarray]:
    """Yield an array's images, some at a time, as uint8 (n, *shape), resized where need be."""
    height, width, channels = shape
    colour = "rgb" if channels == 3 else "gray"
    for rows in batches(stored, how):
        of_8_bits = rows.astype(np.uint8) if black_white is None else to_8_bits(rows, *black_white)
        if how.shape == shape:
            yield of_8_bits
            continue
        for image in of_8_bits:
            picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
            yield as_pixels(picture, height, width, colour)[np.newaxis]


def require_masks(path: Path, stored: Stored, shape: tuple[int, int, int]) -> None:
    """Refuse what is no mask of each image of a shape. Raises UserError."""
    height, width, _ = shape
    require_plausible(path, stored)
    fits = stored.shape[1:] in ((height, width), (height, width, 1), (height * width,))
    if not fits or stored.dtype.kind not in "buif":
        raise UserError(
            f"{path}: {stored}: expected masks of the images, numbers ({stored.shape[0]}, "
            f"{height}, {width}); rename it if it shows something else"
        )


def masks(
    stored: Stored, shape: tuple[int, int, int], size: tuple[int, int]
) -> tuple[StoredImages, int]:
    """Return masks of images of a shape, uint8 (n, *size), 1 inside, and how many have nothing."""
    scratch, first, black = Scratch(stored.shape[0], size), 0, 0
    for rows in stored.batches():
        for each in rows.reshape(len(rows), *shape[:2]):
            drawn = Image.fromarray(np.where(each > 0, 255, 0).astype(np.uint8))
            scratch[first] = ground_truth.resized(drawn, *size)
            first, black = first + 1, black + (drawn.getbbox() is None)
    return scratch.images(), black
