"""Where an image's object is, as people drew it: boxes or a mask, brought to the image's own form.

Boxes and masks are in pixels of the file as it is stored. Both become a mask of the stored size,
which is turned as the image's EXIF orientation says and resized as the image is: a pixel is inside
where at least half of what it shows is. An object that is smaller than a pixel keeps the one that
shows most of it.
"""

import math
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps
from PIL.TiffImagePlugin import IMAGELENGTH, IMAGEWIDTH, TiffImageFile

from heatproof.datasets import array_files
from heatproof.datasets.decoding import FORMATS, decoded, why_unreadable
from heatproof.datasets.deep import Deep, UnusableImage
from heatproof.datasets.labelled_files import Box, Labelled
from heatproof.run.errors import UserError

_JPEG = b"\xff\xd8"  # how such files begin


def mask(image: Labelled, height: int, width: int) -> tuple[np.ndarray, str]:
    """Return where an annotated image's object is, and what is doubtful about that.

    Call it `decoding.quietly`.

    Returns:
        uint8 (height, width), 1 inside; and a clause, empty if nothing is doubtful.

    Raises:
        UnusableImage: its boxes lie outside it, or its mask is of another size.
        decoding.UNREADABLE: its mask cannot be decoded.
    """
    with Image.open(image.path, formats=FORMATS) as picture:
        orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
        stored = _stored_size(picture)
    if image.mask is None:
        drawn, doubt = _drawn(image.boxes, stored), _beyond(image.boxes, stored)
    else:
        drawn = _read(image.mask, stored, orientation)
        doubt = "" if drawn.getbbox() else f"its mask {image.mask} is black: no object in it"
    if drawn.size == stored and orientation != 1:
        # As `decoding` turns the image: by the tag, which the mask is given.
        drawn.getexif()[ExifTags.Base.Orientation] = orientation
        drawn = ImageOps.exif_transpose(drawn)
    return resized(drawn, height, width), doubt


def why_unusable(image: Labelled, error: Exception) -> str:
    """Say why `mask` raised an error."""
    if image.mask is None or isinstance(error, UnusableImage):
        return str(error)
    return f"its mask {image.mask}: {why_unreadable(image.mask, error)}"


def _stored_size(picture: Image.Image) -> tuple[int, int]:
    """Return width and height of the pixels in a file, not turned."""
    if isinstance(picture, TiffImageFile):  # Pillow turns these itself
        return picture.tag_v2[IMAGEWIDTH], picture.tag_v2[IMAGELENGTH]
    return picture.size


def _drawn(boxes: Iterable[Box], size: tuple[int, int]) -> Image.Image:
    width, height = size
    inside = np.zeros((height, width), dtype=np.uint8)
    for left, top, right, bottom in boxes:
        # A box that is not of whole pixels has those whose middle it has, and one at least.
        columns, rows = _pixels(left, right, width), _pixels(top, bottom, height)
        inside[rows, columns] = 255
    if not inside.any():
        raise UnusableImage(f"its boxes lie outside its {width}×{height} pixels")
    return Image.fromarray(inside)


def _beyond(boxes: Iterable[Box], size: tuple[int, int]) -> str:
    """Say which box reaches beyond an image. A pixel is none: some count from 0, some from 1."""
    width, height = size
    for left, top, right, bottom in boxes:
        if min(left, top) < -1 or right > width + 1 or bottom > height + 1:
            box = f"{left:g} {top:g} {right:g} {bottom:g}"
            return f"its box {box} reaches beyond its {width}×{height} pixels"
    return ""


def _pixels(start: float, stop: float, length: int) -> slice:
    """Return the pixels of an interval, of those there are."""
    first = math.ceil(start - 0.5)
    last = max(math.ceil(stop - 0.5), first + 1)
    return slice(max(first, 0), max(min(last, length), 0))


def _read(path: Path, stored: tuple[int, int], orientation: int) -> Image.Image:
    """Return a mask, white inside: what is not black; of JPEG files, what is rather white."""
    upright = stored if orientation < 5 else stored[::-1]
    if path.suffix.lower() == ".npz":
        values, lossy = _array(path, {size[::-1] for size in (stored, upright)}), False
    else:
        values = _pixel_values(path)
        with path.open("rb") as file:
            lossy = file.read(2) == _JPEG
    if values.ndim == 3:
        values = values.max(axis=-1)
    drawn = Image.fromarray(np.where(values > (127 if lossy else 0), 255, 0).astype(np.uint8))
    if drawn.size not in (stored, upright):
        raise UnusableImage(
            f"the mask {path} has {drawn.width}×{drawn.height} pixels, its image "
            f"{stored[0]}×{stored[1]}"
        )
    return drawn


def _pixel_values(path: Path) -> np.ndarray:
    picture = decoded(path)
    if isinstance(picture, Deep):
        return picture.values
    # Numbers of a palette stand for objects, and 0 for the ground.
    numbers = picture.mode in ("P", "L", "1")
    return np.asarray(picture if numbers else picture.convert("RGB"))


def _array(path: Path, shapes: Collection[tuple[int, ...]]) -> np.ndarray:
    """Return the array of a `.npz` file; it is not read before its shape is known to fit."""
    try:
        with array_files.opened(path) as arrays:
            fits = len(arrays) == 1 and arrays[0].shape in shapes
            if not fits or arrays[0].dtype.kind not in "bui":
                held, wanted = (" or ".join(map(str, each)) for each in (arrays, sorted(shapes)))
                raise UserError(f"the mask {path} holds {held}; expected integers {wanted}")
            return arrays[0].whole()
    except UserError as error:
        raise UnusableImage(str(error)) from None


def resized(drawn: Image.Image, height: int, width: int) -> np.ndarray:
    """Return a mask of another size, uint8 (height, width): 1 where at least half is inside."""
    if drawn.size != (width, height):
        drawn = drawn.resize((width, height), Image.Resampling.BOX)
    covered = np.asarray(drawn)
    return (covered >= min(128, max(int(covered.max()), 1))).astype(np.uint8)
