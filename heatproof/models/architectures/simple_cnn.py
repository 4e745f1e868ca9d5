"""simple_cnn: two small convolutions whose few filters can all be looked at.

conv 8, pool, conv 8, pool, flatten, dense; each convolution is followed by ReLU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from keras import KerasTensor

INPUT_SIZE: int | None = None


class Network(Block):
    """Small convolutions, each followed by ReLU and pooling, whose few filters can all be looked
    at."""

    architecture: Literal["simple_cnn"]
    """Which architecture."""
    filters: Annotated[
        list[Annotated[int, Field(ge=1, le=1024)]], Field(min_length=1, max_length=6)
    ]
    """Filters of each convolution."""
    kernel_size: int = Field(default=3, ge=1, le=11)
    """Side of the kernels, in pixels."""


def logits(network: Network, x: KerasTensor, classes: int) -> KerasTensor:
    """Give the logits (n, classes), float32, of normalised images (n, h, w, c) of any size."""
    from heatproof.models import layers

    for number, filters in enumerate(network.filters, start=1):
        x = layers.conv_relu(x, filters, network.kernel_size, name=f"conv{number}")
        x = layers.max_pool(x, name=f"pool{number}")
    return layers.classifier(layers.flatten(x), classes)
