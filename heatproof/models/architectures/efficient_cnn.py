"""efficient_cnn: parallel branches, then depthwise-separable blocks.

Branches of 1×1, 3×3 and 5×5 convolutions and of a 3×3 max-pooling with a 1×1 convolution (as in
Inception, https://arxiv.org/abs/1409.4842) are concatenated and batch-normalised. Four
depthwise-separable blocks (as in MobileNet, https://arxiv.org/abs/1704.04861) follow, each
max-pooled; then global average pooling, dense, dropout, logits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from keras import KerasTensor

INPUT_SIZE: int | None = 32


class Network(Block):
    """Parallel convolutions of several sizes, then depthwise-separable blocks."""

    architecture: Literal["efficient_cnn"]
    """Which architecture."""
    branch_filters: int = Field(ge=1, le=1024)
    """Filters of each of the four branches."""
    blocks: Annotated[list[Annotated[int, Field(ge=1, le=4096)]], Field(min_length=1, max_length=8)]
    """Filters of each block."""
    dense: int = Field(ge=1, le=8192)
    """Units of the dense layer before the logits."""
    dropout: float = Field(ge=0, lt=1)
    """The share of those units that is dropped in training."""


def logits(network: Network, x: KerasTensor, classes: int) -> KerasTensor:
    """Give the logits (n, classes), float32, of normalised images (n, h, w, c) from 32×32."""
    from heatproof.models import layers

    x = _branches(x, network.branch_filters)
    for number, filters in enumerate(network.blocks, start=1):
        x = layers.depthwise(x, 3, name=f"block{number}_depthwise")
        x = layers.bn_relu(x, name=f"block{number}_depthwise")
        x = layers.conv_bn_relu(x, filters, 1, name=f"block{number}_pointwise")
        x = layers.max_pool(x, name=f"block{number}_pool")
    x = layers.dense_relu(layers.global_average(x), network.dense, name="dense")
    return layers.classifier(layers.dropout(x, network.dropout), classes)


def _branches(x: KerasTensor, filters: int) -> KerasTensor:
    """See the image at four scales: (n, h, w, c) -> (n, h, w, 4 * filters)."""
    import keras

    from heatproof.models import layers

    pooled = layers.max_pool(x, size=3, stride=1, name="branch_pool")
    branches = [
        layers.conv(x, filters, 1, name="branch_1x1_conv"),
        layers.conv(x, filters, 3, name="branch_3x3_conv"),
        layers.conv(x, filters, 5, name="branch_5x5_conv"),
        layers.conv(pooled, filters, 1, name="branch_pool_conv"),
    ]
    x = keras.layers.Concatenate(name="branches")(branches)
    return layers.bn_relu(x, name="branches")
