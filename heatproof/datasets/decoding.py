"""From a PNG or JPEG file of any kind to pixels of one kind and size.

Every image is turned as its EXIF orientation says, laid on black where it is transparent, reduced
to 8 bits (of 16, the upper 8), brought to RGB or grey by Pillow's plain formulas (colour profiles
are not applied), and resized with a bilinear filter that widens when it shrinks, so that no pixel
is skipped. The aspect ratio is not kept. An image that has the size keeps its pixels.
"""

import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

# What Pillow raises, beside OSError, on files that are not what they claim to be.
UNREADABLE = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, struct.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip


def opened(path: Path) -> Image.Image:
    """Decode one PNG or JPEG in full and turn it as its EXIF orientation says.

    Raises:
        UNREADABLE: one of these, if it cannot be decoded.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a damaged EXIF block turns nothing
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path, formats=("PNG", "JPEG")) as image:
            return ImageOps.exif_transpose(image)


def as_pixels(image: Image.Image, height: int, width: int, colour: str) -> np.ndarray:
    """Bring a decoded image to one size and one kind of pixels, as the module's docstring says.

    Returns:
        uint8 (height, width, 3) for colour "rgb", (height, width, 1) for "gray".
    """
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip at 255
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).astype(np.uint8))
    elif image.has_transparency_data:
        seen = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", seen.size, (0, 0, 0, 255)), seen)
    final = image.convert("RGB" if colour == "rgb" else "L")
    if final.size != (width, height):
        final = final.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(final).reshape(height, width, -1)
