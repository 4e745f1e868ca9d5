"""vgg_cnn: blocks of 3×3 convolutions in the manner of VGG (https://arxiv.org/abs/1409.1556).

mnist_cnn is conv 32×2, pool, 64×2, pool, 128×2; cifar_cnn is conv 64×2, pool, 128×2, pool, 256×3,
pool, with batch normalisation. Both end in global average pooling, a dense layer, dropout and the
logits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from keras import KerasTensor

INPUT_SIZE: int | None = None

Filters = Annotated[int, Field(ge=1, le=4096)]
Convolutions = Annotated[list[Filters], Field(min_length=1, max_length=8)]


class Network(Block):
    """Blocks of 3×3 convolutions with a 2×2 max-pooling between them."""

    architecture: Literal["vgg_cnn"]
    """Which architecture."""
    blocks: Annotated[list[Convolutions], Field(min_length=1, max_length=6)]
    """For each block, the filters of its convolutions."""
    dense: int = Field(ge=1, le=8192)
    """Units of the dense layer before the logits."""
    dropout: float = Field(ge=0, lt=1)
    """The share of those units that is dropped in training."""
    batch_norm: bool = False
    """Whether every convolution is batch-normalised."""
    pool_last: bool = False
    """Whether a pooling follows the last block too."""
    l2: float = Field(default=0.0, ge=0, le=1)
    """Penalty on every kernel before the logits."""


def logits(network: Network, x: KerasTensor, classes: int) -> KerasTensor:
    """Give the logits (n, classes), float32, of normalised images (n, h, w, c) of any size."""
    from heatproof.models import layers

    convolve = layers.conv_bn_relu if network.batch_norm else layers.conv_relu
    for block, convolutions in enumerate(network.blocks, start=1):
        for number, filters in enumerate(convolutions, start=1):
            x = convolve(x, filters, 3, name=f"block{block}_conv{number}", l2=network.l2)
        if block < len(network.blocks) or network.pool_last:
            x = layers.max_pool(x, name=f"block{block}_pool")
    x = layers.dense_relu(layers.global_average(x), network.dense, name="dense", l2=network.l2)
    return layers.classifier(layers.dropout(x, network.dropout), classes)
