"""baseline_cnn: the network whose kernel size and stride the sweep varies.

conv 32, conv 64 (both with the kernel, the stride and the L2 penalty of the parameters), batch
normalisation, max-pool, flatten, dense. ReLU follows the first convolution, and the normalisation
of the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from keras import KerasTensor

INPUT_SIZE: int | None = None


class Network(Block):
    """Every convolution has the same kernel and stride."""

    architecture: Literal["baseline_cnn"]
    """Which architecture."""
    filters: Annotated[
        list[Annotated[int, Field(ge=1, le=1024)]], Field(min_length=1, max_length=6)
    ]
    """Filters of each convolution."""
    kernel_size: Literal[3, 4]
    """Side of every kernel, in pixels."""
    stride: Literal[1, 2, 3]
    """Stride of every convolution, in pixels."""
    l2: float = Field(default=0.0, ge=0, le=1)
    """Penalty on every kernel before the logits."""

    @field_validator("kernel_size", "stride", mode="before")
    @classmethod
    def _no_truth_value(cls, value: object) -> object:
        if isinstance(value, bool):  # which would pass as 1
            raise ValueError("should be a whole number")
        return value


def logits(network: Network, x: KerasTensor, classes: int) -> KerasTensor:
    """Give the logits (n, classes), float32, of normalised images (n, h, w, c) of any size."""
    from heatproof.models import layers

    *earlier, last = network.filters
    options = {"stride": network.stride, "l2": network.l2}
    for number, filters in enumerate(earlier, start=1):
        x = layers.conv_relu(x, filters, network.kernel_size, name=f"conv{number}", **options)
    name = f"conv{len(network.filters)}"
    x = layers.conv_bn_relu(x, last, network.kernel_size, name=name, **options)
    x = layers.max_pool(x, name="pool")
    return layers.classifier(layers.flatten(x), classes)
