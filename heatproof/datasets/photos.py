"""A photo of any size, as a network trained on small images sees it.

Decoded and brought to the network's kind of pixels as every other image is (`decoding`). Its shape
is brought to the network's in one of three ways:

- crop: the largest part in the middle that has the shape is kept. Nothing is distorted, and the
  subject fills the image, as it does in photographs collected for training.
- pad: all is kept, and the rest filled with the colour of the photo's own border. For a digit or
  a garment on a plain ground, where the border extends unnoticed and a cut would take ink away.
- squash: all is kept and distorted, as sources do with images that they bring to a `size`.

Then, if asked for, brightness is inverted and levelled: dark ink on paper becomes the bright
digit on black that a network of digits knows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from heatproof.datasets.decoding import (
    UNREADABLE,
    as_pixels,
    decoded,
    opened,
    quietly,
    why_unreadable,
)
from heatproof.run.errors import UserError

FITS = ("crop", "pad", "squash")
PREVIEW_SIDE = 560  # of the photo as it is shown beside what the network sees
STRONGEST = 99.0  # percentile of brightness that levelling takes for white


@dataclass(frozen=True)
class Placement:
    """Where training images on a plain ground have their subject.

    side: the larger side of its box, as a share of the image's. by_mass: whether its centre of
    mass lies in the middle, or else that of its box. bright: whether it is brighter than its
    ground.
    """

    side: float
    by_mass: bool
    bright: bool


@dataclass(frozen=True)
class Preparation:
    """What is done to a photo, as the module's docstring says; `fit` is one of `FITS`."""

    fit: str
    invert: bool = False
    levels: bool = False


@dataclass(frozen=True)
class View:
    """What a network sees of a photo.

    pixels: uint8 (height, width, 1 or 3). box: left, top, right, bottom of what is seen, in shares
    of the photo's width and height. handling: what was done to the photo, in a sentence. inverted:
    whether brightness was inverted.
    """

    pixels: np.ndarray
    box: tuple[float, float, float, float]
    handling: str
    inverted: bool = False


def require_image(path: Path) -> None:
    """Raise UserError if there is no such file, or it is no image that can be decoded."""
    with _told(path):
        decoded(path)


def read(path: Path, value_range: tuple[float, float] | None = None) -> Image.Image:
    """Decode one image file, turned as its EXIF orientation says, with 8 bits per channel.

    Args:
        path: of the file.
        value_range: the values of black and white in an image of more than 8 bits; what is usual
            for its own values where it is None.

    Raises:
        UserError: there is no such file, or it is no image that can be read.
    """
    with _told(path):
        return opened(path, value_range)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what is wrong with an image file into a UserError that names the file."""
    if not path.exists():
        raise UserError(f"{path}: there is no such file; expected an image file")
    if path.is_dir():
        raise UserError(f"{path}: this is a folder; name the images in it, such as {path}/*.png")
    with quietly():
        try:
            yield
        except UNREADABLE as error:
            raise UserError(f"{path}: {why_unreadable(path, error)}") from None


def view(image: Image.Image, shape: tuple[int, int, int], preparation: Preparation) -> View:
    """Bring a decoded image to a network's shape.

    Args:
        image: of any size and kind.
        shape: height, width, channels (1 or 3).
        preparation: what is done to it.
    """
    height, width, channels = shape
    colour = "rgb" if channels == 3 else "gray"
    # Ink on a transparent ground is ink on paper to whoever asks for its negative.
    ground = 255 if preparation.invert else 0
    box = (0.0, 0.0, 1.0, 1.0)
    if preparation.fit == "squash":
        pixels = as_pixels(image, height, width, colour, ground)
    elif preparation.fit == "pad":
        pixels = _padded(image, height, width, colour, ground)
    else:
        left, top, right, bottom = _middle(image.width, image.height, width / height)
        middle = image.crop((left, top, right, bottom))
        pixels = as_pixels(middle, height, width, colour, ground)
        box = (left / image.width, top / image.height, right / image.width, bottom / image.height)
    if preparation.invert:
        pixels = 255 - pixels
    handling = _handling(image.size, (height, width), box, preparation)
    pixels = levelled(pixels) if preparation.levels else pixels
    return View(pixels, box, handling, preparation.invert)


def _handling(
    size: tuple[int, int],
    shape: tuple[int, int],
    box: tuple[float, float, float, float],
    preparation: Preparation,
) -> str:
    """Say in a sentence what was done to a photo of `size`, width and height, in pixels."""
    width, height = size
    rows, columns = shape
    left, top, right, bottom = box
    kept = (round((right - left) * width), round((bottom - top) * height))
    done = []
    if kept != size:
        lost = 1 - kept[0] * kept[1] / (width * height)
        done.append(
            f"the {kept[0]}×{kept[1]} in its middle kept and {100 * lost:.0f} % cut away "
            "(--fit pad keeps everything)"
        )
    elif width * rows != height * columns:
        done.append(_SHAPED.get(preparation.fit, ""))
    per_pixel = (max if preparation.fit == "pad" else min)(kept[0] / columns, kept[1] / rows)
    if per_pixel > 1.5:
        done.append(
            f"reduced to {columns}×{rows}, so that what is smaller than about {per_pixel:.0f} "
            "pixels of it is lost"
        )
    elif size != (columns, rows):
        done.append(f"brought to {columns}×{rows}")
    if preparation.invert:
        done.append("brightness inverted")
    if preparation.levels:
        done.append("levels stretched until the ground is black")
    return f"{width}×{height} pixels; {'; '.join(filter(None, done)) or 'taken as they are'}."


_SHAPED = {
    "pad": "all of it kept and the rest filled with its border’s colour (--fit crop cuts instead)",
    "squash": "squeezed into the network’s shape (--fit crop keeps its proportions)",
}


def levelled(pixels: np.ndarray) -> np.ndarray:
    """Stretch brightness so that the border's usual value becomes black and the brightest white.

    Paper is never quite white in a photo, and a network trained on pure black grounds has seen
    nothing else. An image without anything brighter than its border becomes black.

    Args:
        pixels: uint8 (height, width, channels), subject brighter than ground.

    Returns:
        uint8, of the same shape.
    """
    low = float(np.median(border(pixels)))
    high = float(np.percentile(pixels, STRONGEST))
    stretched = (pixels.astype(np.float64) - low) / max(high - low, 1.0)
    return np.rint(255 * np.clip(stretched, 0, 1)).astype(np.uint8)


def preview(image: Image.Image, invert: bool = False) -> np.ndarray:
    """Return the whole photo for showing, uint8 (height, width, 3), at most 560 pixels a side.

    Brightness is as in the photo; `invert` only says on what transparent parts lie.
    """
    scale = min(1.0, PREVIEW_SIDE / max(image.size))
    width, height = (max(1, round(scale * side)) for side in image.size)
    return as_pixels(image, height, width, "rgb", 255 if invert else 0)


def border(pixels: np.ndarray) -> np.ndarray:
    """Return the outermost pixels of an image, (n, channels)."""
    channels = pixels.shape[-1]
    edges = (pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1])
    return np.concatenate([edge.reshape(-1, channels) for edge in edges])


def _padded(image: Image.Image, height: int, width: int, colour: str, ground: int) -> np.ndarray:
    # Reduced first and laid on a small canvas: a long thin photo needs no huge one.
    scale = min(height / image.height, width / image.width)
    rows = min(height, max(1, round(scale * image.height)))
    columns = min(width, max(1, round(scale * image.width)))
    inner = as_pixels(image, rows, columns, colour, ground)
    canvas = np.empty((height, width, inner.shape[-1]), dtype=np.uint8)
    canvas[:] = np.median(border(inner), axis=0).astype(np.uint8)
    top, left = (height - rows) // 2, (width - columns) // 2
    canvas[top : top + rows, left : left + columns] = inner
    return canvas


def _middle(width: int, height: int, aspect: float) -> tuple[int, int, int, int]:
    """Return the largest box of an aspect ratio in the middle: left, top, right, bottom."""
    kept_width = min(width, max(1, round(height * aspect)))
    kept_height = min(height, max(1, round(width / aspect)))
    left, top = (width - kept_width) // 2, (height - kept_height) // 2
    return left, top, left + kept_width, top + kept_height
