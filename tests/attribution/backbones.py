"""Published networks with random weights: whole, and so short as to be quick.

The short ones are made of the same blocks by the same functions, which Keras does not export.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import keras
import numpy as np
from keras import layers
from keras.src.applications import convnext, densenet, efficientnet_v2, resnet

from heatproof.attribution.core.network import Network
from heatproof.models.architectures import pretrained
from heatproof.models.flattening import flattened
from tests.attribution.architectures import randomise

SIDE, CLASSES = 32, 4
WHOLE = (
    "VGG16", "ResNet50", "DenseNet121", "MobileNetV2", "EfficientNetV2B0", "ConvNeXtTiny",
    "EfficientNetLite0",
)  # fmt: skip


@dataclass(frozen=True)
class Backbone:
    """A flat network with random weights, and the one that it was made of."""

    given: keras.Model
    model: keras.Model

    @cached_property
    def network(self) -> Network:
        """The network made ready for explaining."""
        return Network(self.model)

    def images(self, count: int = 2) -> np.ndarray:
        """Return noise in [0, 1], float32 (count, *shape), the same at each call."""
        shape = self.model.input_shape[1:]
        return np.random.default_rng(5).random((count, *shape), np.float32)


def _options(side: int) -> dict[str, Any]:
    return {
        "weights": None, "input_shape": (side, side, 3), "classes": CLASSES,
        "classifier_activation": None,
    }  # fmt: skip


def whole(name: str, side: int) -> Backbone:
    """Build the study's `pretrained` of a backbone as it is, for images of some side."""
    network = pretrained.Network(architecture="pretrained", backbone=name, weights="none")
    image = keras.Input((side, side, 3))
    nested = keras.Model(image, pretrained.logits(network, image, CLASSES))
    given = flattened(nested).model
    randomise(given, seed=1)
    return Backbone(given, flattened(given).model)


@cache
def short(name: str) -> Backbone:
    """Build a few blocks of it, once a session: change nothing."""
    return _made(SHORT[name]())


def _made(given: keras.Model) -> Backbone:
    """Let it take images in [0, 1], as a layer before it, and make it flat."""
    randomise(given, seed=1)
    prepares = any(isinstance(layer, layers.Normalization) for layer in given.layers)
    before = layers.Rescaling(255.0 if prepares else 2.0, 0.0 if prepares else -1.0)
    given = keras.Sequential([layers.Input(given.input_shape[1:]), before, given])
    return Backbone(given, flattened(given).model)


def _mobilenet() -> keras.Model:
    whole = keras.applications.MobileNetV2(
        weights=None, include_top=False, input_shape=(SIDE, SIDE, 3), alpha=0.35
    )
    x = layers.GlobalAveragePooling2D()(whole.get_layer("block_3_project_BN").output)
    return keras.Model(whole.input, layers.Dense(CLASSES, name="predictions")(x))


def _resnet() -> keras.Model:
    def stacked(x: keras.KerasTensor) -> keras.KerasTensor:
        x = resnet.stack_residual_blocks_v1(x, 4, 2, stride1=1, name="conv2")
        return resnet.stack_residual_blocks_v1(x, 6, 1, name="conv3")

    return resnet.ResNet(stacked, False, True, **_options(SIDE))


def _efficientnet() -> keras.Model:
    blocks = efficientnet_v2.DEFAULT_BLOCKS_ARGS["efficientnetv2-b0"]
    chosen = [blocks[place] | {"num_repeat": count} for place, count in ((0, 1), (2, 1), (3, 2))]
    return efficientnet_v2.EfficientNetV2(
        0.25, 1.0, SIDE, blocks_args=chosen, name="efficientnetv2-b0", **_options(SIDE)
    )


# VGG16 has no layers but those of the study's own networks.
SHORT: dict[str, Callable[[], keras.Model]] = {
    "ResNet50": _resnet,
    "DenseNet121": lambda: densenet.DenseNet([1, 2, 1, 1], **_options(SIDE)),
    "MobileNetV2": _mobilenet,
    "EfficientNetV2B0": _efficientnet,
    "ConvNeXtTiny": lambda: convnext.ConvNeXt([1, 1, 1, 1], [8, 12, 16, 24], **_options(SIDE)),
}
