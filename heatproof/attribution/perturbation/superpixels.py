"""Superpixels: pieces of an image that belong together, switched on and off as one."""

import numpy as np


def superpixels(image: np.ndarray, segments: int, compactness: float) -> np.ndarray:
    """Divide an image by SLIC (Achanta et al. 2012, https://doi.org/10.1109/TPAMI.2012.120).

    A grey image is divided as one of three equal channels, as the `lime` package does: in Lab
    colours, so that `compactness` means the same for grey images and coloured ones. Segments that
    fall apart are merged with their neighbours: an image of noise may be one segment.

    Args:
        image: float32 (height, width, 1 or 3) in [0, 1].
        segments: how many to aim at; there may be fewer or more.
        compactness: how much distance counts beside colour; large makes squares.

    Returns:
        int64 (height, width), the number of each pixel's segment, from 0 without a gap.
    """
    from skimage.segmentation import slic

    coloured = np.broadcast_to(image, (*image.shape[:2], 3))
    segmented = slic(coloured, n_segments=segments, compactness=compactness, start_label=0)
    return np.unique(segmented, return_inverse=True)[1].reshape(segmented.shape)
