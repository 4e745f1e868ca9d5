"""mobilenet_v2: inverted residuals and linear bottlenecks (https://arxiv.org/abs/1801.04381).

3×3 conv 32 of stride 2; seven inverted residual blocks, strided for images of 32×32; 1×1 conv 1280;
global average pooling, dense 128, dropout, logits. Batch normalisation follows every convolution,
and ReLU6 every one but the projections, whose output stays linear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from keras import KerasTensor

INPUT_SIZE: int | None = 32


class Network(Block):
    """Inverted residuals and linear bottlenecks (Sandler et al. 2018), for small images."""

    architecture: Literal["mobilenet_v2"]
    """Which architecture."""
    stem: int = Field(ge=1, le=4096)
    """Filters of the first convolution."""
    blocks: Annotated[list[list[int]], Field(min_length=1, max_length=32)]
    """[output channels, stride, expansion] of each inverted residual block."""
    head: int = Field(ge=1, le=8192)
    """Filters of the last 1×1 convolution."""
    dense: int = Field(ge=1, le=8192)
    """Units of the dense layer before the logits."""
    dropout: float = Field(ge=0, lt=1)
    """The share of those units that is dropped in training."""
    kernel_size: int = Field(default=3, ge=1, le=11)
    """Side of every depthwise kernel, in pixels."""
    width: float = Field(default=1.0, gt=0, le=16)
    """What the filters of the first convolution and of all blocks are multiplied by."""
    block: Literal["inverted_residual", "separable"] = "inverted_residual"
    """What the blocks are; `separable`: the depthwise-separable convolutions of the first MobileNet
    (https://arxiv.org/abs/1704.04861), which have no expansion and no shortcuts."""

    @field_validator("blocks")
    @classmethod
    def _blocks_are_triples(cls, blocks: list[list[int]]) -> list[list[int]]:
        for number, block in enumerate(blocks, start=1):
            if len(block) != 3:
                raise ValueError(
                    f"block {number} is {block}: expected [output channels, stride, expansion]"
                )
            channels, stride, expansion = block
            if not (1 <= channels <= 4096 and stride in (1, 2) and 1 <= expansion <= 16):
                raise ValueError(
                    f"block {number} is {block}: expected output channels from 1 to 4096, "
                    "stride 1 or 2, and expansion from 1 to 16"
                )
        return blocks


def logits(network: Network, x: KerasTensor, classes: int) -> KerasTensor:
    """Give the logits (n, classes), float32, of normalised images (n, h, w, c) from 32×32."""
    from heatproof.models import blocks, layers

    stem = blocks.scaled(network.stem, network.width)
    x = layers.conv_bn_relu(x, stem, 3, stride=2, name="stem_conv", kind="relu6")
    for number, (channels, stride, expansion) in enumerate(network.blocks, start=1):
        filters, name = blocks.scaled(channels, network.width), f"block{number}"
        if network.block == "separable":
            x = blocks.separable(
                x, filters, network.kernel_size, name=name, stride=stride, kind="relu6"
            )
        else:
            x = blocks.inverted_residual(
                x, filters, network.kernel_size, name=name, expansion=expansion, stride=stride
            )
    x = blocks.pointwise(x, network.head, "head_conv")
    x = layers.bn_relu(x, name="head_conv", kind="relu6")
    x = layers.dense_relu(layers.global_average(x), network.dense, name="dense")
    return layers.classifier(layers.dropout(x, network.dropout), classes)
