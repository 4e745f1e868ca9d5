"""Whose feature maps a method weighs itself, and how they are laid over the image."""

from typing import NamedTuple

import numpy as np

from heatproof.attribution.cam.cam import NO_MAP
from heatproof.attribution.core.feature_maps import feature_layer, feature_maps
from heatproof.attribution.core.geometry import feature_axes, interpolation
from heatproof.attribution.core.method import UnsupportedNetwork
from heatproof.attribution.core.network import Network


class LaidOver(NamedTuple):
    """A layer, and its cells' places in the image.

    name: the layer's. over_rows: float (height, rows). over_columns: float (width, columns).
    """

    name: str
    over_rows: np.ndarray
    over_columns: np.ndarray

    def image(self, cells: np.ndarray) -> np.ndarray:
        """Return cells (n, rows, columns) as pixels (n, height, width)."""
        return self.over_rows @ cells @ self.over_columns.T


def laid_over(network: Network, layer: str, method: str) -> LaidOver:
    """Choose a layer as `explain.gradients.<method>.layer` of params.yaml asks for it.

    Raises:
        UnsupportedNetwork: the network has no feature map larger than one cell.
        UserError: it has no such layer.
    """
    if not feature_maps(network.model):
        raise UnsupportedNetwork(NO_MAP)
    chosen = feature_layer(network.model, layer, key=f"explain.gradients.{method}.layer")
    axes, size = feature_axes(network.model, chosen), network.image_shape[:2]
    over_rows, over_columns = (
        interpolation(axis, pixels) for axis, pixels in zip(axes, size, strict=True)
    )
    return LaidOver(chosen, over_rows, over_columns)
