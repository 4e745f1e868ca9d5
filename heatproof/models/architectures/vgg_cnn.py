"""vgg_cnn: blocks of convolutions in the manner of VGG (https://arxiv.org/abs/1409.1556).

mnist_cnn is conv 32×2, pool, 64×2, pool, 128×2; cifar_cnn is conv 64×2, pool, 128×2, pool, 256×3,
pool, with batch normalisation. Both end in global average pooling, a dense layer, dropout and the
logits; VGG itself, and conv_2, conv_4 and conv_6 like it, in dense layers that read every place
(`flatten`). What `heatproof tune` may look for: in the place of 3×3 convolutions there may be
others, or blocks of other networks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from keras import KerasTensor

INPUT_SIZE: int | None = None

Filters = Annotated[int, Field(ge=1, le=4096)]
Convolutions = Annotated[list[Filters], Field(min_length=1, max_length=8)]


EXPANSION = 6  # of inverted residuals, as in table 2 of https://arxiv.org/abs/1801.04381


class Network(Block):
    """Blocks of convolutions with a 2×2 max-pooling between them."""

    architecture: Literal["vgg_cnn"]
    """Which architecture."""
    blocks: Annotated[list[Convolutions], Field(min_length=1, max_length=6)]
    """For each block, the filters of its convolutions."""
    flatten: bool = False
    """Whether the dense layers have weights for every place of the last feature maps, as VGG’s, and
    not for their means over all places."""
    dense: int = Field(ge=1, le=8192)
    """Units of each dense layer before the logits."""
    dense_layers: int = Field(default=1, ge=1, le=8)
    """How many such layers there are, one behind the other."""
    dropout: float = Field(ge=0, lt=1)
    """The share of the last one’s units that is dropped in training."""
    batch_norm: bool = False
    """Whether every convolution is batch-normalised; in other blocks than `plain` it always is."""
    pool_last: bool = False
    """Whether a pooling follows the last block too."""
    l2: float = Field(default=0.0, ge=0, le=1)
    """Penalty on every kernel before the logits."""
    kernel_size: int = Field(default=3, ge=1, le=11)
    """Side of every convolution’s kernel, in pixels."""
    width: float = Field(default=1.0, gt=0, le=16)
    """What the filters of all blocks are multiplied by."""
    block: Literal["plain", "separable", "residual", "inverted_residual"] = "plain"
    """What stands for each convolution: itself (`plain`), a depthwise-separable one (`separable`,
    https://arxiv.org/abs/1704.04861) or an inverted residual of expansion 6 (`inverted_residual`,
    https://arxiv.org/abs/1801.04381); `residual`: plain ones, with a shortcut around each block
    (https://arxiv.org/abs/1512.03385)."""

    @model_validator(mode="after")
    def _penalised_kernels(self) -> Network:
        if self.l2 and self.block in ("separable", "inverted_residual"):
            raise ValueError(f"l2 = {self.l2}: block: {self.block} has no penalty; give l2: 0.0")
        return self


def logits(network: Network, x: KerasTensor, classes: int) -> KerasTensor:
    """Give the logits (n, classes), float32, of normalised images (n, h, w, c) of any size."""
    from heatproof.models import layers
    from heatproof.models.blocks import scaled

    for number, convolutions in enumerate(network.blocks, start=1):
        filters = [scaled(each, network.width) for each in convolutions]
        x = _block(network, x, filters, name=f"block{number}")
        if number < len(network.blocks) or network.pool_last:
            x = layers.max_pool(x, name=f"block{number}_pool")
    x = layers.flatten(x) if network.flatten else layers.global_average(x)
    for number in range(1, network.dense_layers + 1):
        name = "dense" if number == 1 else f"dense{number}"
        x = layers.dense_relu(x, network.dense, name=name, l2=network.l2)
    return layers.classifier(layers.dropout(x, network.dropout), classes)


def _block(network: Network, x: KerasTensor, filters: list[int], name: str) -> KerasTensor:
    """Convolve as often as there are `filters`: (n, h, w, c) -> (n, h, w, filters[-1])."""
    from heatproof.models import blocks, layers

    size = network.kernel_size
    if network.block == "residual":
        return blocks.residual(x, filters, size, name=name, l2=network.l2)
    convolve = layers.conv_bn_relu if network.batch_norm else layers.conv_relu
    for number, each in enumerate(filters, start=1):
        part = f"{name}_conv{number}"
        if network.block == "separable":
            x = blocks.separable(x, each, size, name=part)
        elif network.block == "inverted_residual":
            x = blocks.inverted_residual(x, each, size, name=part, expansion=EXPANSION)
        else:
            x = convolve(x, each, size, name=part, l2=network.l2)
    return x
