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
from PIL import Image, ImageOps, UnidentifiedImageError

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


def why_unreadable(path: Path, error: Exception) -> str:
    """Say what is wrong with a file that `opened` refused with an error, and what to do."""
    if isinstance(error, PermissionError):
        return "permission denied; make the file readable"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"too many pixels, over {Image.MAX_IMAGE_PIXELS:,}; make the image smaller"
    if path.stat().st_size == 0:
        return "the file is empty; expected a PNG or JPEG image"
    try:
        with Image.open(path) as image:
            kind = image.format
    except UnidentifiedImageError:
        return "this is no PNG or JPEG image; export it as one (phones often save HEIC)"
    except UNREADABLE:
        kind = None
    if kind in (None, "PNG", "JPEG", "MPO"):
        return "the image is damaged or cut off; save it again as PNG or JPEG"
    return f"this is a {kind} image; save it as PNG or JPEG"


def as_pixels(
    image: Image.Image, height: int, width: int, colour: str, ground: int = 0
) -> np.ndarray:
    """Bring a decoded image to one size and one kind of pixels, as the module's docstring says.

    Where it is transparent, it is laid on grey of `ground`, 0 black to 255 white.

    Returns:
        uint8 (height, width, 3) for colour "rgb", (height, width, 1) for "gray".
    """
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip at 255
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).astype(np.uint8))
    elif image.has_transparency_data:
        seen = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", seen.size, (ground,) * 3 + (255,)), seen)
    final = image.convert("RGB" if colour == "rgb" else "L")
    if final.size != (width, height):
        final = final.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(final).reshape(height, width, -1)
