"""Images and attribution maps as pictures: colour maps, and many tiles in one PNG.

Attributions are stored raw and are scaled only here. Each map is divided by the largest magnitude
in it, so colours compare places within a map, never two maps.
"""

import base64
import io
import math
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from PIL import Image

from heatproof.report.text import methods
from heatproof.statistics import numbers

SIGNED = "RdBu_r"
ZERO_LEVEL = 128  # of the levels of a signed map
GUTTER = 1
ZERO = "all zero"  # of a map that is zero everywhere


@dataclass(frozen=True)
class Tile:
    """A picture's place in a sprite, in pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Picture:
    """A tile, its text alternative and its caption.

    `kind`: "signed" or "unsigned" for levels, which decides their colours; empty for an image.
    """

    tile: Tile
    alt: str
    caption: str = ""
    kind: str = ""


class Sprite:
    """Tiles of one size in one PNG, in the order they are added, on a square grid."""

    def __init__(self, height: int, width: int, tiles: int, channels: int = 3) -> None:
        self.tile_size = height, width
        self._step = height + 2 * GUTTER, width + 2 * GUTTER
        self._channels = channels
        self._columns = max(1, math.isqrt(max(1, tiles) - 1) + 1)
        self._tiles: list[np.ndarray] = []

    def add(self, picture: np.ndarray) -> Tile:
        """Add a picture, uint8 (height, width, channels), and return its place.

        Raises:
            ValueError: the picture has another size or type.
        """
        height, width = self.tile_size
        expected = (height, width, self._channels)
        if picture.shape != expected or picture.dtype != np.uint8:
            raise ValueError(f"expected uint8 {expected}")
        top, left = self._corner(len(self._tiles))
        # The border repeats the edge, since a browser that scales by a fraction samples beyond it.
        edges = ((GUTTER, GUTTER), (GUTTER, GUTTER), (0, 0))
        self._tiles.append(np.pad(picture, edges, mode="edge"))
        return Tile(left + GUTTER, top + GUTTER, width, height)

    def fitted(self, picture: np.ndarray) -> np.ndarray:
        """Make a larger picture, uint8 (height, width, 1 or 3), as small as a tile."""
        if picture.shape[:2] == self.tile_size:
            return picture
        height, width = self.tile_size
        plain = Image.fromarray(to_rgb(picture), "RGB")
        small = plain.resize((width, height), Image.Resampling.BOX)
        return np.asarray(small)[..., : self._channels]

    def image(self, pixels: np.ndarray, alt: str, caption: str = "") -> Picture:
        """Add an image as `to_rgb` takes it."""
        return Picture(self.add(to_rgb(pixels)), numbers.printable(alt), caption)

    def levels(self, values: np.ndarray, signed: bool, alt: str, caption: str) -> Picture:
        """Add a map, float (rows, columns), as levels, enlarged to a tile by the nearest value."""
        rows, columns = (
            np.arange(size) * cells // size
            for size, cells in zip(self.tile_size, values.shape, strict=True)
        )
        drawn = to_rgb(levels(values[np.ix_(rows, columns)], signed))
        return Picture(self.add(drawn), alt, caption, "signed" if signed else "unsigned")

    def number(self, tile: Tile) -> int:
        """A tile's place in the order, from 0."""
        return tile.y // self._step[0] * self._columns + tile.x // self._step[1]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole sprite, in pixels; one tile's where there is none."""
        rows = max(1, -(-len(self._tiles) // self._columns))
        columns = max(1, min(self._columns, len(self._tiles)))
        return columns * self._step[1], rows * self._step[0]

    def png(self) -> bytes:
        """The sprite as PNG bytes: no date, no text, the same on every run."""
        width, height = self.size
        sheet = np.zeros((height, width, self._channels), dtype=np.uint8)
        for index, tile in enumerate(self._tiles):
            top, left = self._corner(index)
            sheet[top : top + self._step[0], left : left + self._step[1]] = tile
        return png(sheet)

    def _corner(self, index: int) -> tuple[int, int]:
        row, column = divmod(index, self._columns)
        return row * self._step[0], column * self._step[1]


def reduced(height: int, width: int, most: int) -> tuple[int, int]:
    """Return a picture's size in its proportions, with at most so many pixels a side."""
    scale = min(1.0, most / max(height, width, 1))
    return max(1, round(height * scale)), max(1, round(width * scale))


def png(picture: np.ndarray) -> bytes:
    """Encode uint8 (height, width, 3), or (height, width, 1) for grey, as PNG."""
    buffer = io.BytesIO()
    grey = picture.shape[-1] == 1
    image = Image.fromarray(picture[..., 0], "L") if grey else Image.fromarray(picture, "RGB")
    image.save(buffer, "PNG", optimize=False, compress_level=9)
    return buffer.getvalue()


def address(kind: str, content: bytes) -> str:
    """A file of a MIME type, such as `image/png`, as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def to_rgb(image: np.ndarray) -> np.ndarray:
    """Turn (height, width, 1 or 3), uint8 or float in [0, 1], into uint8 (height, width, 3)."""
    if image.dtype != np.uint8:
        image = np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))


def is_signed(maps: np.ndarray) -> bool:
    """Whether a method's maps (rows, height, width) hold negative numbers."""
    return bool((maps < 0).any())


def colour(attribution: np.ndarray, method: str, signed: bool) -> np.ndarray:
    """Colour one map, float (height, width), by its own largest magnitude.

    Unsigned maps run from 0 to their maximum, signed ones from minus to plus their largest
    magnitude with zero in the middle. Values that are not finite are drawn as zero.

    Returns:
        uint8 (height, width, 3).
    """
    scaled = _scaled(attribution)
    if signed:
        scaled = 0.5 + scaled / 2
    rgba = colormaps[SIGNED if signed else methods.describe(method).colours](scaled, bytes=True)
    return np.ascontiguousarray(rgba[..., :3])


def levels(attribution: np.ndarray, signed: bool) -> np.ndarray:
    """One map, float (height, width), as levels of grey, which the page colours.

    Scaled as by `colour`: an unsigned map runs from 0 to 255, a signed one from 1 to 255 with zero
    at `ZERO_LEVEL`.

    Returns:
        uint8 (height, width, 1).
    """
    scaled = _scaled(attribution)
    steps = ZERO_LEVEL + (255 - ZERO_LEVEL) * scaled if signed else 255 * np.maximum(scaled, 0)
    return np.rint(steps).astype(np.uint8)[..., None]


def peak(attribution: np.ndarray) -> float:
    """The largest finite magnitude of a map, float (height, width), by which it is divided."""
    return float(np.abs(_finite(attribution)).max(initial=0.0))


def _scaled(attribution: np.ndarray) -> np.ndarray:
    """Divide a map by its largest magnitude; one of zeros stays."""
    divisor = peak(attribution)
    return _finite(attribution) / divisor if divisor > 0 else _finite(attribution)


def _finite(attribution: np.ndarray) -> np.ndarray:
    return np.nan_to_num(attribution.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def defect(attribution: np.ndarray) -> str:
    """Why a map cannot be interpreted; empty for a sound one."""
    if not np.isfinite(attribution).all():
        return "not finite"
    return "" if attribution.any() else ZERO


def peak_place(values: np.ndarray) -> str:
    """Where a map, float (height, width), is largest, in words, for its text alternative."""
    row, column = np.unravel_index(int(np.abs(values).argmax()), values.shape)
    vertical = ("top", "middle", "bottom")[min(2, 3 * int(row) // values.shape[0])]
    across = ("left", "centre", "right")[min(2, 3 * int(column) // values.shape[1])]
    return f"the {vertical} {across}"
