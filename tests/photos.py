"""Photos of one's own, and the pictures that a page shows of them."""

import base64
import io
import re
from pathlib import Path

import numpy as np
from PIL import Image


def photo(name: str, size: tuple[int, int] = (48, 36), colour: bool = False) -> Path:
    """Write a photo that is the same for the same name."""
    random = np.random.default_rng(len(name))
    shape = (size[1], size[0], 3) if colour else (size[1], size[0])
    Image.fromarray(random.integers(0, 256, shape, np.uint8)).save(name)
    return Path(name)


def pictures(page: Path) -> list[np.ndarray]:
    """Return the pixels of the pictures in a page."""
    return shown(page.read_text(encoding="utf-8"))


def shown(html: str) -> list[np.ndarray]:
    """Return the pixels of a page's pictures: whole photos, and tiles cut from their sheets."""
    sheets = dict(re.findall(r'<image id="([^"]*)" href="([^"]*)"', html))
    tile = r'viewBox="(\d+) (\d+) (\d+) (\d+)"[^>]*><use href="#([^"]*)"'
    return [
        *map(decoded, re.findall(r'<image href="([^"]*)"', html)),
        *(
            decoded(sheets[sheet])[int(y) : int(y) + int(height), int(x) : int(x) + int(width)]
            for x, y, width, height, sheet in re.findall(tile, html)
        ),
    ]


def decoded(address: str) -> np.ndarray:
    """Return the pixels of a picture that its address holds."""
    kind, _, content = address.partition(";base64,")
    assert kind in ("data:image/png", "data:image/jpeg")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB"))


def holds(page: Path, picture: np.ndarray) -> bool:
    """Whether a page shows a picture, to the pixel."""
    return any(np.array_equal(picture, found) for found in pictures(page))
