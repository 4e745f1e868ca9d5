"""resnet18: eight basic residual blocks (https://arxiv.org/abs/1512.03385), for 32×32.

3×3 conv 64 in place of the paper's 7×7 of stride 2, batch normalisation, ReLU, 3×3 max-pool of
stride 2; two basic blocks of each width 64, 128, 256, 512; global average pooling, logits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from keras import KerasTensor

INPUT_SIZE: int | None = 32


class Network(Block):
    """Basic residual blocks (He et al. 2015), for small images."""

    architecture: Literal["resnet18"]
    """Which architecture."""
    stem: int = Field(ge=1, le=4096)
    """Filters of the first convolution."""
    widths: Annotated[list[Annotated[int, Field(ge=1, le=4096)]], Field(min_length=1, max_length=6)]
    """Filters of each group of blocks."""
    blocks_per_width: int = Field(ge=1, le=16)
    """Basic blocks of each group."""


def logits(network: Network, x: KerasTensor, classes: int) -> KerasTensor:
    """Give the logits (n, classes), float32, of normalised images (n, h, w, c) from 32×32."""
    from heatproof.models import layers

    x = layers.conv_bn_relu(x, network.stem, 3, name="stem_conv")
    x = layers.max_pool(x, size=3, name="stem_pool")
    number = 0
    for group, width in enumerate(network.widths):
        for block in range(network.blocks_per_width):
            number += 1
            stride = 2 if group > 0 and block == 0 else 1
            x = _basic_block(x, width, stride, name=f"block{number}")
    return layers.classifier(layers.global_average(x), classes)


def _basic_block(x: KerasTensor, width: int, stride: int, name: str) -> KerasTensor:
    """Add two 3×3 convolutions to their input: figure 2 of the paper, with shortcut B."""
    import keras

    from heatproof.models import layers

    shortcut = x
    if stride > 1 or x.shape[-1] != width:
        shortcut = layers.conv(x, width, 1, stride=stride, name=f"{name}_projection")
        shortcut = layers.batch_norm(shortcut, name=f"{name}_projection_bn")
    x = layers.conv_bn_relu(x, width, 3, stride=stride, name=f"{name}_conv1")
    x = layers.conv(x, width, 3, name=f"{name}_conv2")
    x = layers.batch_norm(x, name=f"{name}_conv2_bn")
    x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.relu(x, name=f"{name}_relu")
