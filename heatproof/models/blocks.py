"""Blocks of several convolutions that architectures share; every convolution is batch-normalised.

Each takes and gives a KerasTensor (n, h, w, c), and its layers' names begin with `name`.
"""

from collections.abc import Sequence

import keras
from keras import KerasTensor

from heatproof.models import layers
from heatproof.models.pointwise import Conv2D


def separable(
    x: KerasTensor, filters: int, kernel_size: int, *, name: str, stride: int = 1,
    kind: str = "relu",
) -> KerasTensor:  # fmt: skip
    """Convolve each channel, then combine channels (MobileNet, section 3.1 of
    https://arxiv.org/abs/1704.04861): (n, h, w, c) -> (n, ⌈h / stride⌉, ⌈w / stride⌉, filters)."""
    x = layers.depthwise(x, kernel_size, stride=stride, name=f"{name}_depthwise")
    x = layers.bn_relu(x, name=f"{name}_depthwise", kind=kind)
    x = pointwise(x, filters, f"{name}_pointwise")
    return layers.bn_relu(x, name=f"{name}_pointwise", kind=kind)


def inverted_residual(
    x: KerasTensor, filters: int, kernel_size: int, *, name: str, expansion: int, stride: int = 1
) -> KerasTensor:
    """Expand, convolve each channel, project (MobileNetV2, section 3.3 and table 1 of
    https://arxiv.org/abs/1801.04381): (n, h, w, c) -> (n, ⌈h / stride⌉, ⌈w / stride⌉, filters).

    What enters is added where it has this shape; what leaves is linear.
    """
    entered = x
    if expansion > 1:
        x = pointwise(x, expansion * x.shape[-1], f"{name}_expand")
        x = layers.bn_relu(x, name=f"{name}_expand", kind="relu6")
    x = layers.depthwise(x, kernel_size, stride=stride, name=f"{name}_depthwise")
    x = layers.bn_relu(x, name=f"{name}_depthwise", kind="relu6")
    x = pointwise(x, filters, f"{name}_project")
    x = layers.batch_norm(x, name=f"{name}_project_bn")
    if stride == 1 and entered.shape[-1] == filters:
        x = keras.layers.Add(name=f"{name}_add")([entered, x])
    return x


def residual(
    x: KerasTensor, filters: Sequence[int], kernel_size: int, *, name: str, l2: float = 0.0
) -> KerasTensor:
    """Add convolutions to what enters them (He et al. 2015, figure 2 and shortcut B of
    https://arxiv.org/abs/1512.03385): (n, h, w, c) -> (n, h, w, filters[-1]).

    Args:
        x: what enters; a 1×1 convolution brings it to as many channels where it has others.
        filters: of each convolution, at least one.
        kernel_size: of each.
        name: of the block.
        l2: penalty on every kernel.
    """
    shortcut = x
    if x.shape[-1] != filters[-1]:
        shortcut = layers.conv(x, filters[-1], 1, name=f"{name}_projection", l2=l2)
        shortcut = layers.batch_norm(shortcut, name=f"{name}_projection_bn")
    for number, each in enumerate(filters[:-1], start=1):
        x = layers.conv_bn_relu(x, each, kernel_size, name=f"{name}_conv{number}", l2=l2)
    last = f"{name}_conv{len(filters)}"
    x = layers.conv(x, filters[-1], kernel_size, name=last, l2=l2)
    x = layers.batch_norm(x, name=f"{last}_bn")
    x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.relu(x, name=f"{name}_relu")


def pointwise(x: KerasTensor, filters: int, name: str) -> KerasTensor:
    """Combine the channels of each pixel, without a bias: (n, h, w, c) -> (n, h, w, filters)."""
    return Conv2D(filters, 1, use_bias=False, kernel_initializer="he_normal", name=name)(x)


def scaled(filters: int, width: float) -> int:
    """Return how many filters there are at a width (section 3.3 of
    https://arxiv.org/abs/1704.04861), at least one."""
    return max(1, round(width * filters))
