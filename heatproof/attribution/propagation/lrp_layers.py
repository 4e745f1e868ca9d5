"""What layer-wise relevance propagation takes a layer for: affine, passing on, or moving values.

Which of Keras' layers are which, and an affine one's kernel, bias and linear map, which is all that
the rules (`lrp_rules`) ask of it; and which layers are summands of a residual block's neurons.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heatproof.attribution.core.method import UnsupportedNetwork

if TYPE_CHECKING:
    import keras

# Activations that keep zero at zero, so that their output can be shared out like their input.
PASSED = ("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "silu", "gelu", "tanh")

# Keras' layers that only move, drop or choose values: their own gradient is the right rule. The
# maximum of a pooling window takes all of the window's relevance.
MOVING = (
    "InputLayer", "Flatten", "Reshape", "Permute", "Identity", "ZeroPadding2D", "Cropping2D",
    "Concatenate", "MaxPooling2D", "GlobalMaxPooling2D", "Dropout", "SpatialDropout2D",
    "GaussianNoise",
)  # fmt: skip

# What hands an output's relevance to its input as it is.
PASSING = ("Activation", "ReLU", "LeakyReLU", "Rescaling")

# Those of the moving ones that leave every value where it is, for what passes through them.
_UNCHANGING = ("Identity", "Dropout", "SpatialDropout2D", "GaussianNoise")

# Sums with positive weights only.
_POSITIVE = ("Add", "AveragePooling2D", "GlobalAveragePooling2D")


@dataclass(frozen=True)
class Affine:
    """A layer as what it is between its input and its activation.

    apply: (inputs, kernel) -> outputs, linear in both. kernel, bias: tensors.
    """

    apply: Callable[[Any, Any], Any]
    kernel: Any
    bias: Any


def require_rules(model: "keras.Model") -> None:
    """Refuse a network with a layer that has no rule.

    Raises:
        UnsupportedNetwork: naming the layer.
    """
    for layer in model.operations:
        kind = type(layer).__name__
        activation = getattr(layer, "activation", None)
        named = getattr(activation, "__name__", "linear")
        if kind not in (*MOVING, *PASSING, *_AFFINE, "Add"):
            why = f"layers of the kind {kind}"
        elif named not in PASSED:
            why = f"the activation {named}"
        elif getattr(layer, "groups", 1) > 1:
            why = "convolutions in groups"
        elif getattr(layer, "data_format", "channels_last") != "channels_last":
            why = "channels before places"
        elif kind == "BatchNormalization" and layer.axis not in (-1, len(layer.input.shape) - 1):
            why = "a normalisation of rows or columns"
        else:
            continue
        raise UnsupportedNetwork(
            f"layer-wise relevance propagation has no rule for {why} ('{layer.name}')"
        )


def never_negative(model: "keras.Model") -> set[int]:
    """Return the ids of the tensors that cannot be negative: rectified, and what keeps that."""
    not_negative: set[int] = set()
    for layer in model.operations:
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        rectified = type(layer).__name__ == "ReLU" and not layer.negative_slope
        activation = getattr(getattr(layer, "activation", None), "__name__", None)
        keeps = type(layer).__name__ in (*MOVING[1:], *_POSITIVE)
        kept = keeps and all(id(tensor) in not_negative for tensor in inputs)
        if rectified or activation in ("relu", "relu6") or kept:
            not_negative.add(id(layer.output))
    return not_negative


def summands(model: "keras.Model") -> set[str]:
    """Name the layers whose sums are only a part of the sum that a neuron is.

    In a residual block a neuron adds what a convolution gathers to what the other branch brings, so
    the convolution has no neurons of its own. That holds for an affine layer without activation,
    or a sum, that an `Add` alone reads, and for layers between that leave its values as they are.
    """
    made_by = {id(layer.output): layer for layer in model.operations}
    readers = Counter(
        id(tensor)
        for layer in model.operations
        for tensor in (layer.input if isinstance(layer.input, list) else [layer.input])
    )
    found: set[str] = set()
    for add in (layer for layer in model.operations if type(layer).__name__ == "Add"):
        for tensor in add.input:
            way = []
            layer = made_by[id(tensor)]
            while type(layer).__name__ in _UNCHANGING and readers[id(layer.output)] == 1:
                way.append(layer.name)
                layer = made_by[id(layer.input)]
            activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
            sums = type(layer).__name__ in (*_AFFINE, "Add") and activation == "linear"
            if sums and readers[id(layer.output)] == 1:
                found.update(way, [layer.name])
    return found


def affine(layer: "keras.layers.Layer") -> Affine:
    """Describe a layer of one of the kinds in `_AFFINE`. Its weights are read now."""
    import tensorflow as tf

    kernel, bias, apply = _AFFINE[type(layer).__name__](layer)
    return Affine(apply, tf.convert_to_tensor(kernel), tf.convert_to_tensor(bias))


def unchanged() -> Affine:
    """Describe what hands on its inputs: weights of 1."""
    import tensorflow as tf

    return Affine(tf.multiply, tf.constant(1.0), tf.constant(0.0))


def _bias(layer: "keras.layers.Layer") -> Any:
    return layer.bias.value if layer.use_bias else 0.0


def _convolution(layer: "keras.layers.Layer") -> tuple[Any, Any, Callable[[Any, Any], Any]]:
    import tensorflow as tf

    from heatproof.models import convolution

    def apply(x: Any, kernel: Any) -> Any:
        if convolution.serves(layer, x):
            return convolution.convolved(x, kernel, layer.strides[0])
        if convolution.overflows(layer, x):  # run eagerly, the kernel's gradient is computed too
            rows, columns = layer.strides
            return tf.nn.conv2d(x[:, ::rows, ::columns], kernel, 1, "VALID")
        return tf.nn.conv2d(
            x, kernel, layer.strides, layer.padding.upper(), dilations=layer.dilation_rate
        )

    return layer.kernel.value, _bias(layer), apply


def _depthwise(layer: "keras.layers.Layer") -> tuple[Any, Any, Callable[[Any, Any], Any]]:
    import tensorflow as tf

    def apply(x: Any, kernel: Any) -> Any:
        strides = (1, *layer.strides, 1)
        return tf.nn.depthwise_conv2d(
            x, kernel, strides, layer.padding.upper(), dilations=layer.dilation_rate
        )

    return layer.kernel.value, _bias(layer), apply


def _dense(layer: "keras.layers.Layer") -> tuple[Any, Any, Callable[[Any, Any], Any]]:
    import tensorflow as tf

    return layer.kernel.value, _bias(layer), tf.matmul


def _normalisation(layer: "keras.layers.Layer") -> tuple[Any, Any, Callable[[Any, Any], Any]]:
    """A batch normalisation that could not be folded: in inference an affine map of each value."""
    import tensorflow as tf

    scale = tf.math.rsqrt(layer.moving_variance.value + layer.epsilon)
    if layer.scale:
        scale = scale * layer.gamma.value
    shift = -layer.moving_mean.value * scale
    if layer.center:
        shift = shift + layer.beta.value
    return scale, shift, tf.multiply


def _average(layer: "keras.layers.Layer") -> tuple[Any, Any, Callable[[Any, Any], Any]]:
    import tensorflow as tf

    def apply(x: Any, kernel: Any) -> Any:
        pooled = tf.nn.avg_pool2d(x, layer.pool_size, layer.strides, layer.padding.upper())
        return pooled * kernel

    return 1.0, 0.0, apply


def _global_average(layer: "keras.layers.Layer") -> tuple[Any, Any, Callable[[Any, Any], Any]]:
    import tensorflow as tf

    def apply(x: Any, kernel: Any) -> Any:
        return tf.reduce_mean(x, axis=(1, 2), keepdims=layer.keepdims) * kernel

    return 1.0, 0.0, apply


# Keras' kind -> layer -> its kernel, its bias, and the map that is linear in inputs and kernel.
_AFFINE = {
    "Conv2D": _convolution,
    "DepthwiseConv2D": _depthwise,
    "Dense": _dense,
    "BatchNormalization": _normalisation,
    "AveragePooling2D": _average,
    "GlobalAveragePooling2D": _global_average,
}
