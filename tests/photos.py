"""Photos of one's own, and the pictures that a page shows of them."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from tests.report import read_pages


def photo(name: str, size: tuple[int, int] = (48, 36), colour: bool = False) -> Path:
    """Write a photo that is the same for the same name."""
    random = np.random.default_rng(len(name))
    shape = (size[1], size[0], 3) if colour else (size[1], size[0])
    Image.fromarray(random.integers(0, 256, shape, np.uint8)).save(name)
    return Path(name)


def pictures(page: Path) -> list[np.ndarray]:
    """Return the pixels of the pictures in a page."""
    addresses = read_pages.read(page).pictures
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(a.partition(",")[2]))).convert("RGB"))
        for a in addresses
    ]


def holds(page: Path, picture: np.ndarray) -> bool:
    """Whether a page shows a picture, to the pixel."""
    return any(np.array_equal(picture, found) for found in pictures(page))
