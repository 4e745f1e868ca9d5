"""Test-time augmentation: an image's classes by the mean over several views of it.

The views are those of Jordan 2024 (https://arxiv.org/abs/2404.00498): the image, and moved by one
pixel up and left, and down and right, which count half as much together; and the mirror images of
all three where training mirrors too.
"""

import numpy as np

from heatproof.evaluation import inference
from heatproof.storage.images import Images

SHIFTS = {(0, 0): 0.5, (1, 1): 0.25, (-1, -1): 0.25}  # rows and columns: the weight
AT_ONCE = 2048  # images whose views are made at once


def logits(forward: inference.Forward, images: Images, mirrored: bool) -> np.ndarray:
    """Return the weighted mean of the logits of each image's views, float32 (n, classes).

    Args:
        forward: of the network.
        images: uint8 (n, height, width, channels), n at least 1, 2 pixels a side at least.
        mirrored: whether mirror images are views too.
    """
    parts = []
    for start in range(0, len(images), AT_ONCE):
        chunk = images[start : start + AT_ONCE]
        sides = (chunk, chunk[:, :, ::-1]) if mirrored else (chunk,)
        parts.append(
            sum(
                weight / len(sides) * inference.logits(forward, _moved(side, *shift))
                for side in sides
                for shift, weight in SHIFTS.items()
            )
        )
    return np.concatenate(parts).astype(np.float32)


def _moved(images: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Move images up and left by some pixels; what moves in is mirrored at the edge."""
    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    return padded[:, 1 + rows : 1 + rows + height, 1 + columns : 1 + columns + width]
