"""pretrained: a published network, its ImageNet weights, and a classifier of its own.

Backbone, pooling over places, a dense layer if wanted, dropout, logits. Images are normalised as
the backbone's weights were trained, whatever the dataset's normalisation; grey ones become three
equal channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from heatproof.config.schema import Block
from heatproof.models import backbones
from heatproof.run.errors import nearest

if TYPE_CHECKING:
    import keras
    from keras import KerasTensor

INPUT_SIZE: int | None = backbones.SMALLEST
# Images are normalised here, as the backbone's weights want them.
NORMALISES = True


def _known(name: str) -> str:
    if name not in backbones.BACKBONES:
        known = list(backbones.BACKBONES)
        raise ValueError(f"unknown{nearest(name, known)}; known: {', '.join(known)}")
    return name


class Network(Block):
    """A published network with its ImageNet weights, and a classifier of its own."""

    architecture: Literal["pretrained"]
    """Which architecture."""
    backbone: Annotated[str, AfterValidator(_known)]
    """EfficientNetLite0, or the name of a network in keras.applications."""
    weights: Annotated[str, Field(min_length=1)] = "imagenet"
    """`imagenet`, `none`, or a file of the study’s folder."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """Of the file of weights, which must have it, so that another file means training again."""
    pooling: Literal["average", "max"] = "average"
    """Over places, after the backbone."""
    dense: int = Field(default=0, ge=0, le=8192)
    """Units of a layer before the logits, 0 for none."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """The share of the units before the logits that is dropped in training."""

    @model_validator(mode="after")
    def _file_is_known(self) -> Network:
        is_file = self.weights not in ("imagenet", "none")
        if is_file and self.sha256 is None:
            raise ValueError(
                f"weights = {self.weights}: a file needs its `sha256` (`sha256sum {self.weights}` "
                "prints it), so that another file means training again"
            )
        if self.sha256 is not None and not is_file:
            raise ValueError(f"sha256 is of a file, and weights = {self.weights}: remove it")
        return self


def logits(network: Network, x: KerasTensor, classes: int) -> KerasTensor:
    """Give the logits (n, classes), float32, of images (n, h, w, 1 or 3) in [0, 1] from 32×32."""
    import keras

    from heatproof.models import layers

    record = backbones.BACKBONES[network.backbone]
    if x.shape[-1] == 1:
        x = keras.layers.Concatenate(name="three_channels")([x, x, x])
    scale, offset = record.scaling.as_layer(3)
    x = keras.layers.Rescaling(scale, offset, name="normalise")(x)
    x = backbones.build(network.backbone, x.shape[1:])(x)
    if network.pooling == "average":
        x = layers.global_average(x)
    else:
        x = keras.layers.GlobalMaxPooling2D(name="global_max")(x)
    if network.dense:
        x = layers.dense_relu(x, network.dense, name="dense")
    return layers.classifier(layers.dropout(x, network.dropout), classes)


def flat(model: keras.Model) -> keras.Model:
    """Return a network with the backbone's layers in the place of the backbone."""
    from heatproof.models.flattening import flat_copy

    return flat_copy(model)


def start(network: Network, model: keras.Model) -> None:
    """Give the backbone its weights. See `backbones.load` for what is raised."""
    if network.weights != "none":
        backbones.load(network.backbone, model, network.weights, network.sha256)
