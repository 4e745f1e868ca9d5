"""Many images of a cell in blocks, each explained and measured as if there were no other.

A map depends on the network, the image and the seed, but its last bits also on how many images are
passed at a time. So the blocks are the same whoever computes them, in whatever order, and what is
joined has the same bytes on one machine and on many. Up to `IMAGES` images are one block.
"""

import numpy as np

# Small networks are fastest with as many at a time or more (`network`); what is computed once for a
# block, such as the functions that TensorFlow compiles, is little beside so many.
IMAGES = 256


def bounds(image_index: np.ndarray) -> list[slice]:
    """Return which rows belong to each block, in order; one empty block where there are none.

    Args:
        image_index: int64 (rows,), of each row's image; an image's rows follow each other, and
            stay together.
    """
    first = np.flatnonzero(np.diff(image_index, prepend=image_index[:1] - 1))
    starts = first[::IMAGES].tolist() or [0]
    return [slice(*ends) for ends in zip(starts, [*starts[1:], len(image_index)], strict=True)]


def at_most(images: int) -> int:
    """Return into how many blocks so many images come, one if there are none."""
    return max(1, -(-images // IMAGES))
