"""cbam_resnet: a small residual network with attention to channels and places (CBAM).

Basic residual blocks (https://arxiv.org/abs/1512.03385) whose branch ends in the two gates of Woo
et al. 2018 (https://arxiv.org/abs/1807.06521), figure 3: one for each channel, made by a small
network of the maps' mean and maximum, then one for each place, made by a convolution of the
channels' mean and maximum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from keras import KerasTensor

INPUT_SIZE: int | None = None


class Network(Block):
    """Small residual network with gates of channels and places (CBAM, Woo et al. 2018)."""

    architecture: Literal["cbam_resnet"]
    """Which architecture."""
    stem: int = Field(ge=1, le=4096)
    """Filters of the first convolution."""
    widths: Annotated[list[Annotated[int, Field(ge=1, le=4096)]], Field(min_length=1, max_length=6)]
    """Filters of each group of blocks; each but the first halves the sides of the maps."""
    blocks_per_width: int = Field(ge=1, le=16)
    """Basic blocks of each group."""
    reduction: int = Field(default=8, ge=1, le=1024)
    """By how much fewer units than channels the small network in front of the channels’ gates
    has."""
    gate_kernel: int = Field(default=7, ge=1, le=15)
    """Side of the kernel in front of the places’ gates, in cells of the map."""


def logits(network: Network, x: KerasTensor, classes: int) -> KerasTensor:
    """Give the logits (n, classes), float32, of normalised images (n, h, w, c) of any size."""
    from heatproof.models import layers

    x = layers.conv_bn_relu(x, network.stem, 3, name="stem_conv")
    number = 0
    for group, width in enumerate(network.widths):
        for block in range(network.blocks_per_width):
            number += 1
            stride = 2 if group > 0 and block == 0 else 1
            x = _block(network, x, width, stride, f"block{number}")
    return layers.classifier(layers.global_average(x), classes)


def _block(network: Network, x: KerasTensor, width: int, stride: int, name: str) -> KerasTensor:
    """Add two 3×3 convolutions, gated twice, to their input."""
    import keras

    from heatproof.models import layers

    shortcut = x
    if stride > 1 or x.shape[-1] != width:
        shortcut = layers.conv(x, width, 1, stride=stride, name=f"{name}_projection")
        shortcut = layers.batch_norm(shortcut, name=f"{name}_projection_bn")
    x = layers.conv_bn_relu(x, width, 3, stride=stride, name=f"{name}_conv1")
    x = layers.conv(x, width, 3, name=f"{name}_conv2")
    x = layers.batch_norm(x, name=f"{name}_conv2_bn")
    x = _gated_channels(x, network.reduction, f"{name}_channels")
    x = _gated_places(x, network.gate_kernel, f"{name}_places")
    x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.relu(x, name=f"{name}_relu")


def _gated_channels(x: KerasTensor, reduction: int, name: str) -> KerasTensor:
    """Multiply each channel with its gate (equation 2 of the paper).

    The paper adds what the small network makes of mean and maximum; here it is their mean, which
    the network's last weights can make up for.
    """
    import keras

    channels = x.shape[-1]
    mean, largest = _mean_and_maximum(x, "channels_last", name)
    both = keras.layers.Concatenate(axis=1, name=f"{name}_both")(
        [
            keras.layers.Reshape((1, channels), name=f"{name}_mean_row")(mean),
            keras.layers.Reshape((1, channels), name=f"{name}_maximum_row")(largest),
        ]
    )
    units = max(1, channels // reduction)
    y = keras.layers.Dense(units, kernel_initializer="he_normal", name=f"{name}_dense1")(both)
    y = keras.layers.Activation("relu", name=f"{name}_relu")(y)
    y = keras.layers.Dense(channels, name=f"{name}_dense2")(y)
    y = keras.layers.GlobalAveragePooling1D(name=f"{name}_sum")(y)
    y = keras.layers.Activation("sigmoid", name=f"{name}_sigmoid")(y)
    gate = keras.layers.Reshape((1, 1, channels), name=f"{name}_gate")(y)
    return keras.layers.Multiply(name=f"{name}_gated")([x, gate])


def _gated_places(x: KerasTensor, kernel: int, name: str) -> KerasTensor:
    """Multiply each place with its gate (equation 3 of the paper)."""
    import keras

    from heatproof.models import layers

    rows, columns = x.shape[1:3]
    maps = [
        keras.layers.Reshape((rows, columns, 1), name=f"{name}_{kind}_map")(each)
        for kind, each in zip(
            ("mean", "maximum"), _mean_and_maximum(x, "channels_first", name), strict=True
        )
    ]
    both = keras.layers.Concatenate(name=f"{name}_both")(maps)
    y = layers.conv(both, 1, kernel, name=f"{name}_conv", bias=True)
    gate = keras.layers.Activation("sigmoid", name=f"{name}_sigmoid")(y)
    return keras.layers.Multiply(name=f"{name}_gated")([x, gate])


def _mean_and_maximum(
    x: KerasTensor, data_format: str, name: str
) -> tuple[KerasTensor, KerasTensor]:
    """Return each channel's mean and maximum, (n, c).

    With `channels_first` those of each place, (n, h * w).

    Both read a layout of `x` of their own, so that with the gated maps no more than two gradients
    meet at a tensor.
    """
    import keras

    rows, columns, channels = x.shape[1:]
    flat = keras.layers.Reshape((rows * columns, channels), name=f"{name}_flat")(x)
    return (
        keras.layers.GlobalAveragePooling1D(data_format, name=f"{name}_mean")(flat),
        keras.layers.GlobalMaxPooling1D(data_format, name=f"{name}_maximum")(flat),
    )
