"""One pass over a dataset's images: of each what finds its copies, its brightness and contrast."""

import hashlib
from dataclasses import dataclass

import numpy as np
from PIL import Image

from heatproof.storage.images import Images, blocks

SIDE = 32  # pixels of a thumbnail


@dataclass(frozen=True)
class Overview:
    """What is kept of n images: about 1 KB of each.

    digests: void (n,), 16 bytes that are equal where all pixels are. thumbnails: uint8 (n, SIDE,
    SIDE), grey, reduced with a filter that skips no pixel; the aspect ratio is not kept.
    brightness: float64 (n,), the mean of all values, 0 to 1. contrast: float64 (n,), the largest
    standard deviation of a channel, 0 to 0.5.
    """

    digests: np.ndarray
    thumbnails: np.ndarray
    brightness: np.ndarray
    contrast: np.ndarray


def overview(*parts: Images) -> Overview:
    """Look at all images once, a block at a time: those in files are never read as a whole.

    Args:
        parts: uint8 (n, height, width, 1 or 3) each; joined in their order.
    """
    count = sum(map(len, parts))
    digests = np.empty(count, dtype="V16")
    thumbnails = np.empty((count, SIDE, SIDE), dtype=np.uint8)
    brightness, contrast = np.empty(count), np.empty(count)
    start = 0
    for batch in (block for part in parts for block in blocks(part)):
        stop = start + len(batch)
        values = batch.reshape(len(batch), -1, batch.shape[-1]) / np.float32(255)
        brightness[start:stop] = values.mean(axis=(1, 2), dtype=np.float64)
        contrast[start:stop] = values.std(axis=1, dtype=np.float64).max(axis=1)
        for row, image in enumerate(batch, start):
            digests[row] = np.void(hashlib.blake2b(image.tobytes(), digest_size=16).digest())
            thumbnails[row] = thumbnail(image)
        start = stop
    return Overview(digests, thumbnails, brightness, contrast)


def thumbnail(image: np.ndarray) -> np.ndarray:
    """Reduce an image, uint8 (height, width, 1 or 3), to grey uint8 (SIDE, SIDE)."""
    grey = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).convert("L")
    if grey.size != (SIDE, SIDE):
        grey = grey.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(grey)
