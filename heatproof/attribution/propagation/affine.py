"""The layers that are affine in inference: kernel, bias, and the map that is linear in both.

Which is all that the rules of layer-wise relevance propagation (`lrp_rules`) ask of a layer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

Described = tuple[Any, Any, Callable[[Any, Any], Any]]


@dataclass(frozen=True)
class Affine:
    """A layer as what it is between its input and its activation.

    apply: (inputs, kernel) -> outputs, linear in both. kernel, bias: tensors.
    """

    apply: Callable[[Any, Any], Any]
    kernel: Any
    bias: Any


def affine(layer: "keras.layers.Layer") -> Affine:
    """Describe a layer of one of the kinds in `AFFINE`. Its weights are read now."""
    import tensorflow as tf

    kernel, bias, apply = AFFINE[type(layer).__name__](layer)
    return Affine(apply, tf.convert_to_tensor(kernel), tf.convert_to_tensor(bias))


def weighed(weight: float) -> Affine:
    """Describe what hands on its inputs with one weight for all."""
    import tensorflow as tf

    return Affine(tf.multiply, tf.constant(weight), tf.constant(0.0))


def _bias(layer: "keras.layers.Layer") -> Any:
    return layer.bias.value if layer.use_bias else 0.0


def _convolution(layer: "keras.layers.Layer") -> Described:
    import keras
    import tensorflow as tf

    from heatproof.models import convolution

    def apply(x: Any, kernel: Any) -> Any:
        if convolution.serves(layer, x):
            return convolution.convolved(x, kernel, layer.strides[0])
        if convolution.overflows(layer, x):  # run eagerly, the kernel's gradient is computed too
            rows, columns = layer.strides
            return tf.nn.conv2d(x[:, ::rows, ::columns], kernel, 1, "VALID")
        if layer.groups > 1:  # which TensorFlow has no gradient of on a CPU, and Keras has
            return keras.ops.conv(
                x, kernel, layer.strides, layer.padding, "channels_last", layer.dilation_rate
            )
        return tf.nn.conv2d(
            x, kernel, layer.strides, layer.padding.upper(), dilations=layer.dilation_rate
        )

    return layer.kernel.value, _bias(layer), apply


def _depthwise(layer: "keras.layers.Layer") -> Described:
    import tensorflow as tf

    def apply(x: Any, kernel: Any) -> Any:
        strides = (1, *layer.strides, 1)
        return tf.nn.depthwise_conv2d(
            x, kernel, strides, layer.padding.upper(), dilations=layer.dilation_rate
        )

    return layer.kernel.value, _bias(layer), apply


def _dense(layer: "keras.layers.Layer") -> Described:
    return layer.kernel.value, _bias(layer), _product


def _einsum_dense(layer: "keras.layers.Layer") -> Described:
    import tensorflow as tf

    bias = layer.bias.value if layer.bias is not None else 0.0
    return layer.kernel.value, bias, lambda x, kernel: tf.einsum(layer.equation, x, kernel)


def _product(x: Any, kernel: Any) -> Any:
    """Multiply the last axis of (n, ..., channels) with (channels, units)."""
    import tensorflow as tf

    if len(x.shape) == 2:
        return tf.matmul(x, kernel)
    return tf.tensordot(x, kernel, 1)


def _batch_normalisation(layer: "keras.layers.Layer") -> Described:
    """A batch normalisation that could not be folded: in inference an affine map of each value."""
    import tensorflow as tf

    scale = tf.math.rsqrt(layer.moving_variance.value + layer.epsilon)
    if layer.scale:
        scale = scale * layer.gamma.value
    shift = -layer.moving_mean.value * scale
    if layer.center:
        shift = shift + layer.beta.value
    return scale, shift, tf.multiply


def _layer_normalisation(layer: "keras.layers.Layer") -> Described:
    """What a layer normalisation does to values that their deviation has divided already.

    Each is centred, y_j = gamma_j sum_i (delta_ij - 1/N) x_i + beta_j (Ali et al. 2022,
    https://arxiv.org/abs/2202.07304, equation 9), which is a dense layer.
    """
    import tensorflow as tf

    channels = layer.input.shape[-1]
    centring = tf.eye(channels) - 1 / channels
    kernel = centring * layer.gamma.value if layer.scale else centring
    return kernel, layer.beta.value if layer.center else 0.0, _product


def _layer_scale(layer: "keras.layers.Layer") -> Described:
    import tensorflow as tf

    return layer.gamma.value, 0.0, tf.multiply


def _rescaling(layer: "keras.layers.Layer") -> Described:
    import tensorflow as tf

    scale, offset = (tf.constant(each, tf.float32) for each in (layer.scale, layer.offset))
    return scale, offset, tf.multiply


def _normalisation(layer: "keras.layers.Layer") -> Described:
    """Keras' layer of constants: (x - mean) / deviation, or the inverse of that."""
    import keras
    import tensorflow as tf

    mean, variance = (
        tf.convert_to_tensor(each, tf.float32) for each in (layer.mean, layer.variance)
    )
    deviation = tf.maximum(tf.sqrt(variance), keras.backend.epsilon())
    if layer.invert:
        return deviation, mean, tf.multiply
    return 1 / deviation, -mean / deviation, tf.multiply


def _average(layer: "keras.layers.Layer") -> Described:
    import tensorflow as tf

    def apply(x: Any, kernel: Any) -> Any:
        pooled = tf.nn.avg_pool2d(x, layer.pool_size, layer.strides, layer.padding.upper())
        return pooled * kernel

    return 1.0, 0.0, apply


def _global_average(layer: "keras.layers.Layer") -> Described:
    import tensorflow as tf

    def apply(x: Any, kernel: Any) -> Any:
        return tf.reduce_mean(x, axis=(1, 2), keepdims=layer.keepdims) * kernel

    return 1.0, 0.0, apply


def _average_of_tokens(layer: "keras.layers.Layer") -> Described:
    import tensorflow as tf

    def apply(x: Any, kernel: Any) -> Any:
        return tf.reduce_mean(x, axis=1, keepdims=layer.keepdims) * kernel

    return 1.0, 0.0, apply


# Keras' kind -> layer -> its kernel, its bias, and the map that is linear in inputs and kernel.
AFFINE = {
    "Conv2D": _convolution,
    "DepthwiseConv2D": _depthwise,
    "Dense": _dense,
    "EinsumDense": _einsum_dense,
    "BatchNormalization": _batch_normalisation,
    "LayerNormalization": _layer_normalisation,
    "LayerScale": _layer_scale,
    "Rescaling": _rescaling,
    "Normalization": _normalisation,
    "AveragePooling2D": _average,
    "GlobalAveragePooling1D": _average_of_tokens,
    "GlobalAveragePooling2D": _global_average,
}
