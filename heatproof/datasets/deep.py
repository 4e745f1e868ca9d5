"""Images of more than 8 bits per channel, and how they become 8.

Pillow keeps 16 bits of grey images only, and half of a colour image's. `deep_values` has all of
them; `in_8_bits` maps a range of values to black and white, the same for all images of a dataset:
`value_range` of params.yaml, or what `usual_range` finds to hold all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageOps
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

# What cameras, scanners and programs count up to. A 12-bit image in a 16-bit file ends at 4095.
_TOPS = tuple(2**bits - 1 for bits in (8, 10, 12, 14, 16))
_TIFF_BITS, _TIFF_PHOTOMETRIC, _TIFF_PLANAR = 258, 262, 284  # tags of TIFF 6.0
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if np.little_endian else "L"}


class UnusableImage(ValueError):
    """An image that is not decoded: the message says why, and what to do."""


@dataclass(frozen=True)
class Deep:
    """An upright image of more than 8 bits.

    values: uint16, int32 or float32 (height, width, 1 or 3); opacity: uint8 (height, width), or
    None where all of it is opaque.
    """

    values: np.ndarray
    opacity: np.ndarray | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as Pillow's images have it."""
        return self.values.shape[1], self.values.shape[0]

    @property
    def is_real(self) -> bool:
        """Whether values are floats."""
        return self.values.dtype.kind == "f"


def is_deep(image: ImageFile) -> bool:
    """Return whether an image that was opened, but not loaded, has more than 8 bits per channel."""
    if image.mode.startswith(("I", "F")):
        return True
    bits = image.tag_v2.get(_TIFF_BITS, 8) if isinstance(image, TiffImageFile) else 8
    return max(bits) > 8 if isinstance(bits, tuple) else bits > 8


def deep_values(open_image: Callable[[], ImageFile]) -> Deep:
    """Decode an image for which `is_deep` is true, or a PNG of 16 bits, and turn it upright.

    Args:
        open_image: opens the same image again at each call.

    Raises:
        UnusableImage: it is laid out in a way that Pillow does not decode in full.
    """
    with open_image() as image, open_image() as again:
        if isinstance(image, TiffImageFile):
            _require_plain_tiff(image)
        transparent = image.info.get("transparency")
        values = _all_bits(image, again)
    if np.isnan(values).any():
        raise UnusableImage("some of its values are no numbers; save it without them")
    alpha = None
    if transparent is not None:
        alpha = np.where((values == transparent).all(axis=-1), 0, 65535)
    elif values.shape[-1] in (2, 4):
        values, alpha = values[..., :-1], values[..., -1]
    return Deep(values, None if alpha is None else to_8_bits(alpha.astype(np.uint16), 0, 65535))


def _all_bits(image: ImageFile, again: ImageFile) -> np.ndarray:
    """Return (height, width, 1 to 4) of an image that was opened twice, not yet loaded."""
    if image.mode.startswith(("I", "F")):
        values = _upright(image)[..., np.newaxis]
        return values.astype(values.dtype.newbyteorder("="))  # a TIFF has either byte order
    rawmode = _rawmode(image.tile[0].args)[0]
    if rawmode == "LA;16B":  # read as two bytes of grey and two of opacity
        both = _upright(_reading(image, "RGBA")).astype(np.uint16)
        return both[..., 0::2] << 8 | both[..., 1::2]
    if rawmode[-4:-1] == ";16" and rawmode[:-4] in ("RGB", "RGBA"):
        lower = _upright(_reading(again, rawmode[:-1] + _OTHER_ORDER[rawmode[-1]]))
        return _upright(image).astype(np.uint16) << 8 | lower
    raise UnusableImage(f"16-bit pixels of kind {rawmode}; save it as a PNG image")


def usual_range(highest: float, is_real: bool) -> tuple[float, float]:
    """Return the values of black and white of images whose values go from 0 to `highest`.

    White is the least number that holds all values of those that cameras and programs count up to:
    1 of floats, then 255, 1023, 4095, 16383, 65535.
    """
    tops = (1, *_TOPS) if is_real else _TOPS
    return 0, next((top for top in tops if highest <= top), highest)


def require_usual(deep: Deep) -> float:
    """Return an image's largest value.

    Raises:
        UnusableImage: values are negative, beyond 16 bits or no numbers, so that only the user
            knows what is black and what white.
    """
    low, high = float(deep.values.min()), float(deep.values.max())
    return require_usual_values(low, high)


def require_usual_values(low: float, high: float) -> float:
    """Return the largest of an image's values, which go from `low` to `high`; see above."""
    if not (low >= 0 and high <= _TOPS[-1]):  # NaN is not
        raise UnusableImage(
            f"its values go from {low:g} to {high:g}; say which of them are black and white: "
            "`value_range: [black, white]` in params.yaml, or --value-range of `heatproof new`"
        )
    return high


def in_8_bits(deep: Deep, black: float, white: float) -> Image.Image:
    """Return a Pillow image of 8 bits: `black` becomes 0, `white` 255, and what is beyond too."""
    pixels = to_8_bits(deep.values, black, white)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    if deep.opacity is not None:
        image.putalpha(Image.fromarray(deep.opacity))
    return image


def to_8_bits(values: np.ndarray, black: float, white: float) -> np.ndarray:
    """Return values as uint8: `black` becomes 0, `white` 255, and what is beyond too."""
    if values.dtype == np.uint16:  # each value once, then looked up
        return to_8_bits(np.arange(2**16, dtype=np.float64), black, white)[values]
    shares = np.clip((values.astype(np.float64) - black) / (white - black), 0, 1)
    return np.rint(255 * shares).astype(np.uint8)


def _upright(image: Image.Image) -> np.ndarray:
    return np.asarray(ImageOps.exif_transpose(image))


def _reading(image: ImageFile, rawmode: str) -> ImageFile:
    """Let Pillow take the pixels' bytes as those of another mode."""
    image.tile = [tile._replace(args=(rawmode, *_rawmode(tile.args)[1:])) for tile in image.tile]
    return image


def _rawmode(arguments: tuple[Any, ...] | str | None) -> tuple[Any, ...]:
    """Return a decoder's arguments, of which how pixels lie in the file is the first."""
    return (arguments,) if isinstance(arguments, str) else arguments or ("",)


def _require_plain_tiff(image: TiffImageFile) -> None:
    if image.tag_v2.get(_TIFF_PLANAR) == 2 and image.tag_v2.get(_TIFF_PHOTOMETRIC) == 2:
        raise UnusableImage("16 bits, one colour after the other; save it as a PNG image")
    if image.tag_v2.get(_TIFF_PHOTOMETRIC) == 0:
        raise UnusableImage("16 bits of which 0 is white; save it as a PNG image")
