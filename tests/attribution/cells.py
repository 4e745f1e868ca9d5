"""Class activation maps at their layer's own size, and laid over an image in NumPy."""

import numpy as np
import tensorflow as tf

from heatproof.attribution.cam import cam
from heatproof.attribution.core.geometry import Axis, interpolation
from heatproof.attribution.core.network import Network


def class_activation_map(
    network: Network, images: np.ndarray, targets: np.ndarray, layer: str, weighting: cam.Weighting
) -> np.ndarray:
    """Return the map before it is laid over the image, float32 (n, rows, columns)."""
    function = cam.cells(network, layer, weighting)
    return function(tf.constant(images), tf.constant(targets)).numpy()


def upsample(maps: np.ndarray, axes: tuple[Axis, Axis], size: tuple[int, int]) -> np.ndarray:
    """Interpolate maps (n, rows, columns) at the pixels of an image of `size`."""
    rows, columns = (interpolation(axis, pixels) for axis, pixels in zip(axes, size, strict=True))
    return np.einsum("hi,nij,wj->nhw", rows, maps, columns, optimize=True).astype(np.float32)
