"""cct: the compact convolutional transformer (https://arxiv.org/abs/2104.05704).

Convolutions without a bias, each followed by ReLU and 3×3 max-pooling of stride 2, make tokens of
the image; their places are learned; blocks of attention and two dense layers; layer normalisation,
sequence pooling, logits. There is no class token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from keras import KerasTensor

INPUT_SIZE: int | None = None


class Network(Block):
    """Compact convolutional transformer (Hassani et al. 2021), for small images."""

    architecture: Literal["cct"]
    """Which architecture."""
    convolutions: Annotated[
        list[Annotated[int, Field(ge=1, le=4096)]], Field(min_length=1, max_length=6)
    ]
    """Filters of each convolution of the tokenizer; those of the last are the tokens’ width."""
    kernel_size: int = Field(default=3, ge=1, le=11)
    """Side of its kernels, in pixels."""
    blocks: int = Field(ge=1, le=64)
    """Blocks of attention."""
    heads: int = Field(ge=1, le=256)
    """Heads of each block’s attention; they must divide the tokens’ width."""
    head_width: int | None = Field(default=None, ge=1, le=4096)
    """Channels of each head’s queries, keys and values; the tokens’ width divided by `heads` where
    not given."""
    expansion: float = Field(default=1.0, gt=0, le=16)
    """Units between a block’s two dense layers, as a multiple of the tokens’ width."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """The share of the values that is dropped in training, after each of these dense layers."""
    attention_dropout: float = Field(default=0.1, ge=0, lt=1)
    """The share of the attention weights that is dropped in training."""
    stochastic_depth: float = Field(default=0.1, ge=0, lt=1)
    """How probably half of the last block is left out for an image in training; of earlier ones
    less, of the first never."""

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Network:
        width = self.convolutions[-1]
        if width % self.heads:
            raise ValueError(
                f"heads = {self.heads} does not divide the tokens’ width, {width}, the last of "
                "convolutions: choose another number of either"
            )
        return self


def logits(network: Network, x: KerasTensor, classes: int) -> KerasTensor:
    """Give the logits (n, classes), float32, of normalised images (n, h, w, c) of any size."""
    from heatproof.models import layers, transformer

    for number, filters in enumerate(network.convolutions, start=1):
        x = layers.conv(x, filters, network.kernel_size, name=f"conv{number}")
        x = layers.relu(x, name=f"conv{number}_relu")
        x = layers.max_pool(x, size=3, name=f"pool{number}")
    x = transformer.positions(transformer.tokens(x))
    width = network.convolutions[-1]
    rates = transformer.depths(network.stochastic_depth, network.blocks)
    for number, rate in enumerate(rates, start=1):
        x = transformer.block(
            x,
            heads=network.heads,
            head_width=network.head_width or width // network.heads,
            hidden=max(1, round(network.expansion * width)),
            dropout=network.dropout,
            attention_dropout=network.attention_dropout,
            stochastic_depth=rate,
            name=f"block{number}",
        )
    x = transformer.layer_norm(x, name="norm")
    return layers.classifier(transformer.sequence_pooling(x), classes)
