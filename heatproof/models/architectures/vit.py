"""vit: the vision transformer (https://arxiv.org/abs/2010.11929), for small images.

Patches, each by one dense layer a token; a class token before them; learned places; blocks of
attention and two dense layers; layer normalisation; logits of the class token.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from keras import KerasTensor

INPUT_SIZE: int | None = None


class Network(Block):
    """Vision transformer (Dosovitskiy et al. 2020), for small images."""

    architecture: Literal["vit"]
    """Which architecture."""
    patch: int = Field(default=4, ge=1, le=64)
    """Side of the patches, in pixels; it must divide both sides of the images."""
    width: int = Field(ge=1, le=4096)
    """Channels of each token."""
    blocks: int = Field(ge=1, le=64)
    """Blocks of attention."""
    heads: int = Field(ge=1, le=256)
    """Heads of each block’s attention; they must divide `width`."""
    expansion: float = Field(default=4.0, gt=0, le=16)
    """Units between a block’s two dense layers, as a multiple of `width`."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """The share of the values that is dropped in training, after each of these dense layers."""
    attention_dropout: float = Field(default=0.0, ge=0, lt=1)
    """The share of the attention weights that is dropped in training."""
    stochastic_depth: float = Field(default=0.0, ge=0, lt=1)
    """How probably half of the last block is left out for an image in training; of earlier ones
    less, of the first never."""

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Network:
        if self.width % self.heads:
            raise ValueError(
                f"heads = {self.heads} does not divide width = {self.width}: choose another "
                "number of either"
            )
        return self


def logits(network: Network, x: KerasTensor, classes: int) -> KerasTensor:
    """Give the logits (n, classes), float32, of normalised images (n, h, w, c), whole patches."""
    from heatproof.models import layers, transformer

    # A convolution whose windows do not overlap is one dense layer for all patches. Its bias is
    # part of what is learned of each place.
    x = layers.conv(x, network.width, network.patch, stride=network.patch, name="patches")
    x = transformer.positions(transformer.class_token(transformer.tokens(x)))
    rates = transformer.depths(network.stochastic_depth, network.blocks)
    for number, rate in enumerate(rates, start=1):
        x = transformer.block(
            x,
            heads=network.heads,
            head_width=network.width // network.heads,
            hidden=max(1, round(network.expansion * network.width)),
            dropout=network.dropout,
            attention_dropout=network.attention_dropout,
            stochastic_depth=rate,
            name=f"block{number}",
        )
    x = transformer.layer_norm(x, name="norm")
    return layers.classifier(transformer.first_token(x), classes)


def unfit(network: Network, height: int, width: int) -> str | None:
    """Say which option does not fit images of a size, and what would; None where all do."""
    if height % network.patch == width % network.patch == 0:
        return None
    return (
        f"patch = {network.patch} does not divide the images' sides, {height}×{width} pixels; "
        f"expected a patch that does ({', '.join(map(str, _common_divisors(height, width)))})"
    )


def _common_divisors(height: int, width: int) -> list[int]:
    both = math.gcd(height, width)
    return [side for side in range(1, both + 1) if both % side == 0]
