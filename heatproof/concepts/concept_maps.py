"""Where in an image a concept is, by a layer's own values: concept maps in pixels."""

from typing import TYPE_CHECKING

import numpy as np

from heatproof.attribution.core.feature_maps import as_map
from heatproof.attribution.core.geometry import feature_axes, interpolation
from heatproof.attribution.core.token_grids import token_maps

if TYPE_CHECKING:
    import keras


def has_places(model: "keras.Model", layer: str) -> bool:
    """Say whether a layer's values, or its tokens, have rows and columns, more than one cell."""
    shape = model.get_layer(layer).output.shape
    return (len(shape) == 4 and shape[1] * shape[2] > 1) or layer in token_maps(model)


def at_places(model: "keras.Model", layer: str, vector: np.ndarray) -> np.ndarray:
    """Lay a vector of a layer out as its places are, where each place counts by itself.

    Args:
        model: a flat functional network.
        layer: one that has places.
        vector: float (units,), a unit for each channel, or for each channel at each place.

    Returns:
        float (channels,), or (rows, columns, channels) without tokens that have no place.
    """
    shape = model.get_layer(layer).output.shape[1:]
    if len(vector) == shape[-1]:
        return vector
    return as_map(model, layer)(vector.reshape(1, *shape))[0]


def along(values: np.ndarray, vector: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Project a layer's values at each place on a concept's vector.

    Args:
        values: float (n, rows, columns, channels).
        vector: float (channels,), or (rows, columns, channels) where each place counts by itself.
        middle: of the same shape: the counterparts' mean, at which the projection is zero.

    Returns:
        float64 (n, rows, columns), in units of activation: above zero there is more of the concept
        than in its counterparts on average.
    """
    return ((values.astype(np.float64) - middle) * vector).sum(axis=-1)


def in_pixels(model: "keras.Model", layer: str, maps: np.ndarray) -> np.ndarray:
    """Bring maps of a layer's size, float (n, rows, columns), to that of the image, float32.

    Each cell lies where its receptive field is; see `attribution.core.geometry`.
    """
    height, width = model.input_shape[1:3]
    rows, columns = (
        interpolation(axis, pixels)
        for axis, pixels in zip(feature_axes(model, layer), (height, width), strict=True)
    )
    return np.einsum("hi,nij,wj->nhw", rows, maps, columns).astype(np.float32)
