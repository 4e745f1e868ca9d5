"""lenet5: the network for handwritten digits of LeCun et al. 1998, for images of 32×32.

"Gradient-based learning applied to document recognition" (https://doi.org/10.1109/5.726791),
figure 2: 5×5 convolutions without padding to 6, 16 and 120 maps, 2×2 averages after the first two,
dense 84, logits; tanh after each layer with weights. As is usual since, every map of the second
convolution sees all of the first one's, averages have no weights, and the outputs are a dense layer
in place of radial basis functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from keras import KerasTensor

INPUT_SIZE: int | None = 32


class Network(Block):
    """LeNet-5, the network for handwritten digits of LeCun et al. 1998."""

    architecture: Literal["lenet5"]
    """Which architecture."""
    filters: Annotated[
        list[Annotated[int, Field(ge=1, le=1024)]], Field(min_length=3, max_length=3)
    ]
    """Maps of the three convolutions (C1, C3, C5 in the paper)."""
    dense: int = Field(ge=1, le=8192)
    """Units of the dense layer (F6 in the paper)."""


def logits(network: Network, x: KerasTensor, classes: int) -> KerasTensor:
    """Give the logits (n, classes), float32, of normalised images (n, h, w, c) from 32×32."""
    import keras

    from heatproof.models import layers

    for number, filters in enumerate(network.filters, start=1):
        x = keras.layers.Conv2D(filters, 5, name=f"conv{number}")(x)
        x = layers.relu(x, name=f"conv{number}_tanh", kind="tanh")
        if number < len(network.filters):
            x = keras.layers.AveragePooling2D(2, name=f"pool{number}")(x)
    x = keras.layers.Dense(network.dense, name="dense")(layers.flatten(x))
    return layers.classifier(layers.relu(x, name="dense_tanh", kind="tanh"), classes)
