"""Between which values the outputs of a network's layers lie, whatever the image.

A tensor that cannot be negative has contributions of fewer signs, and one within [0, 1] that is
multiplied with another is a gate: it says how much of the other is let through.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from heatproof.attribution.core.graph import inputs_of

if TYPE_CHECKING:
    import keras

Range = tuple[float, float]

ANY: Range = (-math.inf, math.inf)
SHARE: Range = (0.0, 1.0)

_OF_ACTIVATIONS: dict[str, Range] = {
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "sigmoid": SHARE,
    "hard_sigmoid": SHARE,
    "softmax": SHARE,
    "softplus": (0.0, math.inf),
    "tanh": (-1.0, 1.0),
}
# Outputs that are inputs, means of them, or zeros that were put beside them.
_KEEPING = (
    "Flatten", "Reshape", "Permute", "Identity", "ZeroPadding1D", "ZeroPadding2D", "Cropping1D",
    "Cropping2D", "Concatenate", "MaxPooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D",
    "Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "AveragePooling2D",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D",
)  # fmt: skip


def ranges(model: "keras.Model") -> dict[int, Range]:
    """Return each tensor's minimum and maximum, by its id, in a flat functional network."""
    known: dict[int, Range] = {}
    for layer in model.operations:
        known[id(layer.output)] = _of_layer(layer, [known[id(t)] for t in inputs_of(layer)])
    return known


def never_negative(bounds: Range) -> bool:
    """Say whether no value of this range is negative."""
    return bounds[0] >= 0


def is_share(bounds: Range) -> bool:
    """Say whether all values of this range are from 0 to 1, as those of a gate are."""
    return SHARE[0] <= bounds[0] and bounds[1] <= SHARE[1] + 1e-6  # six sixths, in float32


def _of_layer(layer: "keras.layers.Layer", read: list[Range]) -> Range:
    kind = type(layer).__name__
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if kind == "ReLU" and not layer.negative_slope:
        return 0.0, math.inf if layer.max_value is None else float(layer.max_value)
    if kind in ("Softmax", "AttentionWeights"):
        return SHARE
    if kind == "AttendedValues":  # means of the values
        return read[1]
    if activation != "linear":
        return _OF_ACTIVATIONS.get(activation, ANY)
    if kind in _KEEPING:
        padded = [*read, (0.0, 0.0)] if kind.startswith("ZeroPadding") else read
        return min(low for low, _ in padded), max(high for _, high in padded)
    if kind == "Add":
        return sum(low for low, _ in read), sum(high for _, high in read)
    if kind == "Multiply" and all(map(never_negative, read)):
        highs = [high for _, high in read]
        return 0.0, 0.0 if 0.0 in highs else math.prod(highs)
    if kind == "Rescaling":
        return _rescaled(layer, read[0])
    return ANY


def _rescaled(layer: "keras.layers.Layer", read: Range) -> Range:
    scale, offset = np.broadcast_arrays(layer.scale, layer.offset)
    if not np.all(scale):
        return ANY
    ends = [np.multiply(scale, end) + offset for end in read]
    return float(np.min(ends)), float(np.max(ends))
