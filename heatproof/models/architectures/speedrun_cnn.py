"""speedrun_cnn: the network of the fastest trainings on cifar10 (https://arxiv.org/abs/2404.00498).

2×2 conv whose filters come in pairs of opposite signs, for which `training.whitening` has a start;
then blocks of 3×3 convs, the first of which is pooled, with batch normalisation without a scale;
global maximum, scaled down, logits. ReLU in place of the paper's GELU, which takes twice as long on
a CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from keras import KerasTensor

INPUT_SIZE: int | None = None
# The paper's 0.6: its trainings take some 400 steps, and the statistics follow the last dozen.
BATCH_NORM_MOMENTUM = 0.6
BATCH_NORM_EPSILON = 1e-5


class Network(Block):
    """Blocks of convolutions after a layer that whitens patches (Jordan 2024)."""

    architecture: Literal["speedrun_cnn"]
    """Which architecture."""
    patch: int = Field(default=2, ge=1, le=7)
    """Side of the first convolution’s kernel, in pixels; it has two filters for each of a patch’s
    values."""
    widths: Annotated[list[Annotated[int, Field(ge=1, le=4096)]], Field(min_length=1, max_length=6)]
    """Filters of each block."""
    convolutions: int = Field(default=2, ge=1, le=8)
    """Of each block."""
    scale: float = Field(default=1 / 9, gt=0, le=10)
    """What the logits’ layer is given is multiplied by this."""


def unfit(network: Network, height: int, width: int) -> str | None:
    """Say why images of a size are too small, where they are."""
    least = 2 ** len(network.widths) + network.patch - 1
    if min(height, width) >= least:
        return None
    return (
        f"widths: {len(network.widths)} blocks halve an image as often, which takes "
        f"{least}×{least} pixels; these have {height}×{width}: give fewer widths"
    )


def logits(network: Network, x: KerasTensor, classes: int) -> KerasTensor:
    """Give the logits (n, classes), float32, of normalised images (n, h, w, c); see `unfit`."""
    import keras

    from heatproof.models import layers
    from heatproof.models.convolution import Conv2D

    filters = 2 * network.patch**2 * x.shape[-1]
    x = Conv2D(filters, network.patch, kernel_initializer="he_normal", name="patches")(x)
    x = layers.relu(x, name="patches_relu")
    for block, width in enumerate(network.widths, start=1):
        for number in range(1, network.convolutions + 1):
            name = f"block{block}_conv{number}"
            x = layers.conv(x, width, 3, name=name)
            if number == 1:
                x = keras.layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
            x = layers.batch_norm(
                x, name=f"{name}_bn", momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON,
                scale=False,
            )  # fmt: skip
            x = layers.relu(x, name=f"{name}_relu")
    x = keras.layers.GlobalMaxPooling2D(name="global_max")(x)
    x = keras.layers.Rescaling(network.scale, name="scale")(x)
    return layers.classifier(x, classes)
