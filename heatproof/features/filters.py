"""The filters of the first layer as numbers.

The first layer is every convolution that sees the image through no other one: efficient_cnn has
four of them side by side. Kernels are stored as they were trained, and act on normalised pixels
(after the network's own Rescaling layer), not on [0, 1] ones. Where a batch normalisation follows,
only their shape is fixed by training: it divides by a scale of its own, which may be negative and
so turn a filter into its negative. That factor is stored beside them: kernel times factor is what
acts on the image.

Drawing them in red and blue is the renderer's business; nothing is normalised here.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from heatproof.attribution.core.folding import factors
from heatproof.attribution.core.graph import inputs_of


@dataclass(frozen=True)
class FilterBank:
    """The filters of one convolution.

    kernels: float32 (filters, height, width, channels), as trained, in activation per unit of the
    normalised pixel before batch normalisation. factor: float32 (filters,), what the batch
    normalisation that follows multiplies each by in inference; 1 where none was folded in.
    """

    kernels: np.ndarray
    factor: np.ndarray

    @property
    def acting(self) -> np.ndarray:
        """The filters as they act in inference: kernels times factor, float32, of their shape."""
        return self.kernels * self.factor[:, None, None, None]


def first_filters(model: keras.Model) -> dict[str, FilterBank]:
    """Return the filters of each convolution of the first layer, by the layer's name.

    Args:
        model: the network as trained, flat and functional. A depthwise convolution's filters are
            those of the first channel, then those of the second, each of one channel.

    Returns:
        none for a network without convolutions.
    """
    banks: dict[str, FilterBank] = {}
    folded_factors = factors(model)
    for layer in first_convolutions(model):
        # Neither a transposed nor a separable convolution is one bank of filters on the image.
        if not isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
            continue
        kernel = ops.convert_to_numpy(layer.weights[0]).astype(np.float32)
        if isinstance(layer, layers.DepthwiseConv2D):
            kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
        kernels = np.ascontiguousarray(np.moveaxis(kernel, -1, 0))
        factor = folded_factors.get(layer.name, np.ones(len(kernels), np.float32))
        banks[layer.name] = FilterBank(kernels, factor)
    return banks


def first_convolutions(model: keras.Model) -> list[keras.layers.Layer]:
    """List the convolutions of a flat functional network that see the image through no other."""
    convolved: set[int] = set()
    first = []
    for layer in model.operations:
        behind = any(id(tensor) in convolved for tensor in inputs_of(layer))
        convolves = hasattr(layer, "kernel_size")
        if convolves and not behind:
            first.append(layer)
        if convolves or behind:
            convolved.add(id(layer.output))
    return first


def summary(bank: FilterBank) -> dict[str, Any]:
    """Say of a bank its shape, and of the kernels as trained the mean, spread and norms."""
    filters, height, width, channels = bank.kernels.shape
    norms = np.sqrt((bank.kernels.astype(np.float64) ** 2).sum(axis=(1, 2, 3)))
    return {
        "filters": filters,
        "height": height,
        "width": width,
        "channels": channels,
        "mean": float(bank.kernels.mean()),
        "standard_deviation": float(bank.kernels.std()),
        "smallest_norm": float(norms.min()),
        "largest_norm": float(norms.max()),
        "inverted_by_batch_norm": int((bank.factor < 0).sum()),
    }
