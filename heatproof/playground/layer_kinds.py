"""Which of the engine's operations a layer is, and what follows from the layer's shapes.

The engine (`report/static/playground/engine_graph.js`) says what each operation computes. It is
given how a window is padded, along which axis a mean is taken, and the like, so that it knows
neither Keras nor its options.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.core.folding import scale_and_shift

if TYPE_CHECKING:
    import keras

# The activations that the engine knows, by Keras' names.
ACTIVATIONS = ("relu", "relu6", "tanh", "sigmoid", "silu", "gelu")
# Layers that hand on each value where it is; a network in inference drops nothing.
_HANDING_ON = (
    "Identity", "Flatten", "Reshape", "Dropout", "SpatialDropout1D", "SpatialDropout2D",
    "GaussianNoise", "GaussianDropout",
)  # fmt: skip


class Unknown(Exception):
    """A layer is none that the engine knows; which, in words."""


# What a layer is made of: the operation's name, its facts, its weights and its bias.
Made = tuple[str, dict[str, Any], np.ndarray | None, np.ndarray | None]


def activation(layer: "keras.layers.Layer") -> str:
    name = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if name not in ("linear", *ACTIVATIONS):
        raise Unknown(f"the activation {name}, as '{layer.name}' has it")
    return name


def _array(variable: Any) -> np.ndarray:
    from keras import ops

    return np.asarray(ops.convert_to_numpy(variable), np.float32)


def _bias(layer: "keras.layers.Layer", count: int) -> np.ndarray:
    return _array(layer.bias) if layer.bias is not None else np.zeros(count, np.float32)


def _window(layer: "keras.layers.Layer", size: tuple[int, int]) -> dict[str, Any]:
    """Say how a window goes over a map, and what is added at its top and left (as TensorFlow)."""
    read, give = layer.input.shape[1:], layer.output.shape[1:]
    strides, dilation = layer.strides, getattr(layer, "dilation_rate", (1, 1))
    pad = [0, 0]
    if layer.padding == "same":
        pad = [
            max((give[i] - 1) * strides[i] + (size[i] - 1) * dilation[i] + 1 - read[i], 0) // 2
            for i in range(2)
        ]
    return {
        "read": list(read),
        "give": list(give),
        "window": list(size),
        "stride": list(strides),
        "dilation": list(dilation),
        "pad": pad,
    }


def _convolution(layer: Any) -> Made:
    if layer.groups != 1:
        raise Unknown(f"convolutions in groups, as '{layer.name}' is")
    kernel = _array(layer.kernel)
    flat = kernel.reshape(-1, kernel.shape[-1])
    return "convolve", _window(layer, layer.kernel_size), flat, _bias(layer, layer.filters)


def _depthwise(layer: Any) -> Made:
    if layer.depth_multiplier != 1:
        raise Unknown(f"depthwise convolutions of several filters a channel, as '{layer.name}' is")
    kernel = _array(layer.kernel)
    channels = kernel.shape[2]
    flat = kernel.reshape(-1, channels)
    return "depthwise", _window(layer, layer.kernel_size), flat, _bias(layer, channels)


def _projection(rows: int, kernel: np.ndarray, bias: np.ndarray) -> Made:
    """Multiply each of `rows` vectors with a matrix: a convolution of one pixel."""
    units = kernel.shape[-1]
    facts = {
        "read": [rows, 1, len(kernel)],
        "give": [rows, 1, units],
        "window": [1, 1],
        "stride": [1, 1],
        "dilation": [1, 1],
        "pad": [0, 0],
    }
    return "convolve", facts, kernel, bias


def _dense(layer: Any) -> Made:
    rows = math.prod(layer.input.shape[1:-1])
    return _projection(rows, _array(layer.kernel), _bias(layer, layer.units))


def _einsum_dense(layer: Any) -> Made:
    """What transformers have of it: learned places, and projections to and from heads."""
    kernel, tokens = _array(layer.kernel), layer.input.shape[1]
    shape = layer.output.shape[1:]
    bias = np.zeros(1, np.float32) if layer.bias is None else _array(layer.bias).ravel()
    if layer.equation == "ntc,c->ntc":
        return "scale", {}, kernel, bias
    if layer.equation not in ("ntc,chd->nthd", "nthd,hdc->ntc"):
        raise Unknown(f"the sum {layer.equation}, as '{layer.name}' is")
    units = math.prod(shape[1:])
    if bias.size == 1:
        bias = np.repeat(bias, units)
    return _projection(tokens, kernel.reshape(-1, units), bias)


def _scale(layer: Any) -> Made:
    """Give each channel a factor and a summand."""
    kind = type(layer).__name__
    if kind == "Rescaling":
        scale, shift = (np.ravel(each) for each in (layer.scale, layer.offset))
    elif kind == "Normalization":
        scale = 1 / np.maximum(np.sqrt(_array(layer.variance)), 1e-7)
        shift = -_array(layer.mean) * scale
        if layer.invert:
            raise Unknown(f"a normalisation the other way round, as '{layer.name}' is")
    else:
        scale, shift = scale_and_shift(layer)
    return "scale", {}, np.float32(scale).ravel(), np.float32(shift).ravel()


def _pooling(layer: Any) -> Made:
    operation = "maximum" if type(layer).__name__.startswith("Max") else "average"
    return operation, _window(layer, layer.pool_size), None, None


def _along(layer: Any) -> Made:
    """Take a mean or a maximum along one axis, or a softmax."""
    kind, shape = type(layer).__name__, layer.input.shape[1:]
    operation = "mean" if "Average" in kind else "largest" if "Max" in kind else "softmax"
    if kind.endswith("Pooling2D"):
        outer, count, inner = 1, shape[0] * shape[1], shape[2]
    else:
        axis = getattr(layer, "axis", 1)
        if getattr(layer, "data_format", "") == "channels_first":
            axis = 2
        axis = axis[0] if isinstance(axis, list | tuple) else axis
        place = axis - 1 if axis > 0 else len(shape) + axis
        outer, count = math.prod(shape[:place]), shape[place]
        inner = math.prod(shape[place + 1 :])
    return operation, {"outer": outer, "count": count, "inner": inner}, None, None


def _frame(layer: Any) -> Made:
    """Put black around a map, or cut off what is around one; tokens are a map of one column."""
    sides = layer.padding if hasattr(layer, "padding") else layer.cropping
    if type(layer).__name__.endswith("1D"):
        sides = (sides, (0, 0))
    sign = 1 if hasattr(layer, "padding") else -1
    read, give = (_as_map(tensor.shape[1:]) for tensor in (layer.input, layer.output))
    facts = {"read": read, "give": give, "pad": [sign * before for before, _ in sides]}
    return "frame", facts, None, None


def _as_map(shape: tuple[int, ...]) -> list[int]:
    return list(shape) if len(shape) == 3 else [shape[0], 1, shape[1]]


def _sum(layer: Any) -> Made:
    if len({tensor.shape for tensor in layer.input}) > 1:
        raise Unknown(f"sums of unlike shapes, as '{layer.name}' is")
    return "add", {}, None, None


def _multiply(layer: Any) -> Made:
    """Multiply two factors, of which one may have one value along an axis."""
    shapes = [[1] * (4 - len(tensor.shape)) + list(tensor.shape[1:]) for tensor in layer.input]
    if len(shapes) != 2 or any(len(shape) != 3 for shape in shapes):
        raise Unknown(f"products of other than two maps, as '{layer.name}' is")
    strides = [
        [columns * channels * (rows > 1), channels * (columns > 1), int(channels > 1)]
        for rows, columns, channels in shapes
    ]
    sides = [max(pair) for pair in zip(*shapes, strict=True)]
    return "multiply", {"sides": sides, "strides": strides}, None, None


def _scores(layer: Any) -> Made:
    """(queries, heads, channels) and (keys, heads, channels) -> (heads, queries, keys)."""
    (queries, heads, channels), (keys, *_) = (tensor.shape[1:] for tensor in layer.input)
    token = heads * channels
    return _product(
        [heads, queries, keys, channels],
        [[channels, token, 1], [channels, 1, token], [queries * keys, keys, 1]],
        layer.scale,
    )


def _attended(layer: Any) -> Made:
    """(heads, queries, keys) and (keys, heads, channels) -> (queries, heads, channels)."""
    (heads, queries, keys), (*_, channels) = (tensor.shape[1:] for tensor in layer.input)
    token = heads * channels
    return _product(
        [heads, queries, channels, keys],
        [[queries * keys, keys, 1], [channels, token, 1], [channels, token, 1]],
    )


def _dot(layer: Any) -> Made:
    """(tokens, a) and (tokens, b) -> (a, b)."""
    one, other = (tensor.shape[1:] for tensor in layer.input)
    if layer.axes not in (1, [1, 1], (1, 1)) or layer.normalize or len(one) != 2 != len(other):
        raise Unknown(f"products along other axes than the first, as '{layer.name}' is")
    return _product(
        [1, one[1], other[1], one[0]], [[0, 1, one[1]], [0, other[1], 1], [0, other[1], 1]]
    )


def _product(sides: list[int], strides: list[list[int]], scale: float = 1.0) -> Made:
    return "product", {"sides": sides, "strides": strides}, np.array([scale], np.float32), None


def _concatenate(layer: Any) -> Made:
    shapes = [tensor.shape[1:] for tensor in layer.input]
    place = layer.axis - 1 if layer.axis > 0 else len(shapes[0]) + layer.axis
    lengths = [math.prod(shape[place:]) for shape in shapes]
    return "concatenate", {"outer": math.prod(shapes[0][:place]), "lengths": lengths}, None, None


def _layer_normalisation(layer: Any) -> Made:
    count = layer.input.shape[-1]
    axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    if list(axes) not in ([-1], [len(layer.input.shape) - 1]) or layer.rms_scaling:
        raise Unknown(f"a layer normalisation of more than channels, as '{layer.name}' is")
    weights = _array(layer.gamma) if layer.scale else np.ones(count, np.float32)
    bias = _array(layer.beta) if layer.center else np.zeros(count, np.float32)
    return "normalise", {"count": count, "epsilon": float(layer.epsilon)}, weights, bias


def _activated(layer: Any) -> Made:
    """Activate each value, or give shares of each channel."""
    kind = type(layer).__name__
    if kind == "ReLU":
        if layer.negative_slope or layer.threshold or layer.max_value not in (None, 6, 6.0):
            raise Unknown(f"a ReLU with a slope, as '{layer.name}' is")
        return "activate", {"activation": "relu6" if layer.max_value else "relu"}, None, None
    if kind == "TanhGelu":
        return "activate", {"activation": "tanh_gelu"}, None, None
    name = activation(layer)
    return _handed_on(layer) if name == "linear" else ("activate", {"activation": name}, None, None)


def _handed_on(_layer: Any) -> Made:
    return "same", {}, None, None


# Keras' kinds whose axis says where channels are, so that they may come first.
CHANNELS_ANYWHERE = ("GlobalAveragePooling1D", "GlobalMaxPooling1D")
LAYERS: dict[str, Callable[[Any], Made]] = {
    **dict.fromkeys(("InputLayer", *_HANDING_ON), _handed_on),
    **dict.fromkeys(("Activation", "ReLU", "TanhGelu"), _activated),
    **dict.fromkeys(("ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D"), _frame),
    **dict.fromkeys(("Rescaling", "Normalization", "BatchNormalization", "LayerScale"), _scale),
    **dict.fromkeys(("MaxPooling2D", "AveragePooling2D"), _pooling),
    **dict.fromkeys((*CHANNELS_ANYWHERE, "GlobalAveragePooling2D", "GlobalMaxPooling2D"), _along),
    **dict.fromkeys(("Softmax", "AttentionWeights"), _along),
    "Conv2D": _convolution,
    "DepthwiseConv2D": _depthwise,
    "Dense": _dense,
    "EinsumDense": _einsum_dense,
    "Add": _sum,
    "Multiply": _multiply,
    "AttentionScores": _scores,
    "AttendedValues": _attended,
    "Dot": _dot,
    "Concatenate": _concatenate,
    "LayerNormalization": _layer_normalisation,
}
