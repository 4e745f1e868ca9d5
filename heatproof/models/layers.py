"""The pieces that the architectures share.

Every function takes a KerasTensor and gives a KerasTensor, so a network stays one flat graph of
public Keras layers. An activation is a layer of its own, named `<layer>_relu`. A convolution is
then linear, which layer-wise relevance propagation and the folding of batch norms need, and the
activation can be exchanged by name or by its attribute, which guided backpropagation needs.
"""

import math

import keras
from keras import KerasTensor

from heatproof.models.batch_norm import BatchNormalization
from heatproof.models.convolution import Conv2D

# Keras' 0.99 needs some 500 steps until the moving statistics have forgotten their start (mean 0,
# variance 1) and follow the weights. A short schedule has fewer steps than that, and the network is
# then far worse in inference than in training. 0.9 needs about 50.
BATCH_NORM_MOMENTUM = 0.9
BATCH_NORM_EPSILON = 1e-3


def conv(
    x: KerasTensor,
    filters: int,
    kernel_size: int,
    *,
    name: str,
    stride: int = 1,
    bias: bool = False,
    l2: float = 0.0,
) -> KerasTensor:
    """Convolve with padding `same`: (n, h, w, c) -> (n, ⌈h / stride⌉, ⌈w / stride⌉, filters).

    The start is He's normal distribution (https://arxiv.org/abs/1502.01852), made for the ReLU that
    follows. There is no bias unless asked for: batch normalisation would subtract it again.
    """
    return Conv2D(
        filters,
        kernel_size,
        strides=stride,
        padding="same",
        use_bias=bias,
        kernel_initializer="he_normal",
        kernel_regularizer=_l2(l2),
        name=name,
    )(x)


def depthwise(x: KerasTensor, kernel_size: int, *, name: str, stride: int = 1) -> KerasTensor:
    """Convolve each channel with a filter of its own, padding `same`, without a bias."""
    # Keras' He initialisation counts every channel into the fan-in of a depthwise kernel, although
    # each output sees one channel: its start is smaller by the root of the number of channels, so
    # small that the epsilon of the batch normalisation after it matters.
    deviation = math.sqrt(2.0 / kernel_size**2)
    return keras.layers.DepthwiseConv2D(
        kernel_size,
        strides=stride,
        padding="same",
        use_bias=False,
        depthwise_initializer=keras.initializers.TruncatedNormal(stddev=deviation),
        name=name,
    )(x)


def batch_norm(
    x: KerasTensor,
    *,
    name: str,
    momentum: float = BATCH_NORM_MOMENTUM,
    epsilon: float = BATCH_NORM_EPSILON,
    scale: bool = True,
) -> KerasTensor:
    """Normalise each channel over the batch (https://arxiv.org/abs/1502.03167)."""
    return BatchNormalization(momentum=momentum, epsilon=epsilon, scale=scale, name=name)(x)


def relu(x: KerasTensor, *, name: str, kind: str = "relu") -> KerasTensor:
    """Apply `relu`, or with kind `relu6` min(relu(x), 6)."""
    return keras.layers.Activation(kind, name=name)(x)


def bn_relu(x: KerasTensor, *, name: str, kind: str = "relu") -> KerasTensor:
    """Normalise and activate the layer called `name`, in layers `<name>_bn` and `<name>_relu`."""
    return relu(batch_norm(x, name=f"{name}_bn"), name=f"{name}_relu", kind=kind)


def conv_relu(
    x: KerasTensor, filters: int, kernel_size: int, *, name: str, stride: int = 1, l2: float = 0.0
) -> KerasTensor:
    """Convolve with a bias, then ReLU."""
    x = conv(x, filters, kernel_size, name=name, stride=stride, bias=True, l2=l2)
    return relu(x, name=f"{name}_relu")


def conv_bn_relu(
    x: KerasTensor,
    filters: int,
    kernel_size: int,
    *,
    name: str,
    stride: int = 1,
    l2: float = 0.0,
    kind: str = "relu",
) -> KerasTensor:
    """Convolve without a bias, normalise over the batch, then ReLU (or ReLU6)."""
    x = conv(x, filters, kernel_size, name=name, stride=stride, l2=l2)
    return bn_relu(x, name=name, kind=kind)


def max_pool(x: KerasTensor, *, name: str, size: int = 2, stride: int = 2) -> KerasTensor:
    """Take the maximum of each window.

    Padding is `same`: where the size divides evenly it changes nothing, and a small or odd image
    never shrinks to no pixels at all.
    """
    return keras.layers.MaxPooling2D(size, strides=stride, padding="same", name=name)(x)


def global_average(x: KerasTensor) -> KerasTensor:
    """Average each channel over height and width: (n, h, w, c) -> (n, c)."""
    return keras.layers.GlobalAveragePooling2D(name="global_average")(x)


def flatten(x: KerasTensor) -> KerasTensor:
    """Lay (n, h, w, c) out as (n, h * w * c)."""
    return keras.layers.Flatten(name="flatten")(x)


def dense_relu(x: KerasTensor, units: int, *, name: str, l2: float = 0.0) -> KerasTensor:
    """Connect fully, with a bias, then ReLU: (n, c) -> (n, units)."""
    x = keras.layers.Dense(
        units, kernel_initializer="he_normal", kernel_regularizer=_l2(l2), name=name
    )(x)
    return relu(x, name=f"{name}_relu")


def dropout(x: KerasTensor, rate: float) -> KerasTensor:
    """Set a share `rate` of the values to zero in training, and scale up the others."""
    return keras.layers.Dropout(rate, name="dropout")(x)


def classifier(x: KerasTensor, classes: int) -> KerasTensor:
    """Connect fully to one logit a class, in float32 under every precision policy.

    There is no softmax: the loss takes logits, which is exact for confident predictions, and
    explanations are of logits.
    """
    return keras.layers.Dense(classes, dtype="float32", name="logits")(x)


def _l2(strength: float) -> keras.regularizers.Regularizer | None:
    return keras.regularizers.L2(strength) if strength else None
