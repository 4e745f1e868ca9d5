"""From an image file of any kind to pixels of one kind and size.

Every image is turned as its EXIF orientation says, laid on black where it is transparent, reduced
to 8 bits (see `deep`), brought to RGB or grey by Pillow's plain formulas (colour profiles are not
applied), and resized with a bilinear filter that widens when it shrinks, so that no pixel is
skipped. The aspect ratio is not kept. An image that has the size keeps its pixels. Of an animation
the first frame is taken.
"""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from heatproof.datasets import png
from heatproof.datasets.deep import (
    Deep,
    UnusableImage,
    deep_values,
    in_8_bits,
    is_deep,
    require_usual,
    usual_range,
)
from heatproof.datasets.labelled_files import RAW_ENDINGS

# What a file has to be, whatever its name: Pillow's readers of anything else are not used.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "JPEG2000", "PPM")
# What Pillow raises, beside OSError, on files that are not what they claim to be.
UNREADABLE = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, RuntimeError,
    struct.error, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip


def decoded(path: Path) -> Image.Image | Deep:
    """Decode one image file in full and turn it as its EXIF orientation says.

    Call it `quietly`.

    Raises:
        UNREADABLE: one of these, if it cannot be decoded.
    """
    _require_no_raw_file(path)
    with open(path, "rb") as file:  # Path.open costs a tenth of a small image
        if file.read(len(png.SIGNATURE)) != png.SIGNATURE:
            file.seek(0)
            with _open(file) as image:
                return deep_values(lambda: _open(path)) if is_deep(image) else _upright(image)
        image = png.opened(file)
    return image if isinstance(image, Deep) else _upright(image)


def begin(path: Path) -> None:
    """Read what an image file begins with, as far as Pillow does before it decodes any pixel.

    Call it `quietly`.

    Raises:
        UNREADABLE: one of these, if this is no image that is decoded.
    """
    _require_no_raw_file(path)
    with open(path, "rb") as file, _open(file):
        pass


def _require_no_raw_file(path: Path) -> None:
    if path.name.lower().endswith(RAW_ENDINGS):
        raise UnusableImage("a camera's raw file; export it as PNG or JPEG")


def _open(file: Path | BinaryIO) -> ImageFile:
    image = Image.open(file, formats=FORMATS)
    if isinstance(image, TiffImageFile):
        # Pillow 13 maps a plain file that it was given by name, and if the image is to be turned,
        # it takes its rows to be as long as they are after that.
        image.filename = ""
    return image


@contextmanager
def quietly() -> Iterator[None]:
    """Let decoding warn of nothing, and refuse what has too many pixels. Not for one thread only.

    A damaged EXIF block turns nothing.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _upright(image: Image.Image) -> Image.Image:
    if image.mode == "LAB":
        raise UnusableImage("its colours are in CIELAB; save it as PNG or JPEG")
    ImageOps.exif_transpose(image, in_place=True)  # without a copy of what stands upright
    return image


def opened(path: Path, value_range: tuple[float, float] | None = None) -> Image.Image:
    """Decode one image file, turn it as its EXIF orientation says, and reduce it to 8 bits.

    Args:
        path: of the file.
        value_range: the values of black and white in an image of more than 8 bits; what is usual
            for its own values where it is None.

    Raises:
        UNREADABLE: one of these, if it cannot be decoded.
    """
    with quietly():
        return in_8_bits_of(decoded(path), value_range)


def in_8_bits_of(image: Image.Image | Deep, value_range: tuple[float, float] | None) -> Image.Image:
    """Return a decoded image of 8 bits, see `opened`. Raises UnusableImage."""
    if not isinstance(image, Deep):
        return image
    return in_8_bits(image, *(value_range or usual_range(require_usual(image), image.is_real)))


def why_unreadable(path: Path, error: Exception) -> str:
    """Say what is wrong with a file that `opened` refused with an error, and what to do."""
    if isinstance(error, PermissionError):
        return "permission denied; make the file readable"
    if isinstance(error, UnusableImage):
        return str(error)
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"too many pixels, over {Image.MAX_IMAGE_PIXELS:,}; make the image smaller"
    if path.stat().st_size == 0:
        return "the file is empty; expected an image"
    try:
        with Image.open(path) as image:
            kind = image.format
    except UnidentifiedImageError:
        return _why_unknown(path)
    except UNREADABLE:
        kind = None
    if kind in (None, "MPO", *FORMATS):
        return "the image is damaged or cut off; save it again"
    return f"this is an image of the format {kind}, which is not read; save it as PNG or JPEG"


def _why_unknown(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(12)
    if head.startswith(png.SIGNATURE):
        return "the image is damaged or cut off; save it again"
    if head[4:8] == b"ftyp":  # ISO media: HEIC of phones, films
        return "this is a HEIF image or a film, which is not read; export it as PNG or JPEG"
    return "this is no image of a known kind; export it as PNG or JPEG"


def as_pixels(
    image: Image.Image, height: int, width: int, colour: str, ground: int = 0
) -> np.ndarray:
    """Bring a decoded image to one size and one kind of pixels, as the module's docstring says.

    Where it is transparent, it is laid on grey of `ground`, 0 black to 255 white.

    Returns:
        uint8 (height, width, 3) for colour "rgb", (height, width, 1) for "gray".
    """
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", seen.size, (ground,) * 3 + (255,)), seen)
    mode = "RGB" if colour == "rgb" else "L"
    final = image if image.mode == mode else image.convert(mode)
    if final.size != (width, height):
        final = final.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(final).reshape(height, width, -1)
