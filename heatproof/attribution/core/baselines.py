"""Images that stand for "no information": what a part of an image, or all of it, is replaced by."""

import numpy as np


def constant(images: np.ndarray, colour: np.ndarray | float) -> np.ndarray:
    """Return images of one colour, (channels,) or one number for all, float32 like `images`."""
    return np.broadcast_to(np.float32(colour), images.shape)


def blurred(images: np.ndarray, width: float) -> np.ndarray:
    """Return the images without their detail, float32 (n, height, width, channels).

    Args:
        images: float32 (n, height, width, channels) in [0, 1].
        width: the Gaussian's standard deviation as a share of the image's side. Beyond its edges an
            image is mirrored, so that its mean stays.
    """
    from scipy.ndimage import gaussian_filter

    height, wide = images.shape[1:3]
    return gaussian_filter(images, (0, width * height, width * wide, 0), mode="reflect")
