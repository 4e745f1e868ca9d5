"""Small networks with attention: those of params.yaml by their own functions, and a user's own."""

from functools import cache
from typing import Any

import keras
import numpy as np
from keras import layers

from heatproof.models.architectures import cbam_resnet, cct, vit
from tests.attribution.architectures import randomise

SIDE, CLASSES = 8, 4
SMALL = {
    "cct": cct.Network(architecture="cct", convolutions=[6, 8], blocks=1, heads=2, expansion=2.0),
    "vit": vit.Network(architecture="vit", patch=4, width=8, blocks=2, heads=2, expansion=2.0),
    "cbam_resnet": cbam_resnet.Network(
        architecture="cbam_resnet", stem=4, widths=[4, 6], blocks_per_width=1, gate_kernel=3
    ),
}
_MODULES = {"cct": cct, "vit": vit, "cbam_resnet": cbam_resnet}


@cache
def model(name: str) -> keras.Model:
    """Build one of SMALL with random weights, once a session: change nothing."""
    return built(name)


def built(name: str) -> keras.Model:
    """Build one of SMALL with random weights."""
    image = keras.Input((SIDE, SIDE, 3), name="image")
    normalised = layers.Rescaling(4.0, -2.0, name="normalise")(image)
    network = keras.Model(
        image, _MODULES[name].logits(SMALL[name], normalised, CLASSES), name=name
    )  # fmt: skip
    randomise(network, seed=1)
    return network


def without_biases(network: keras.Model) -> keras.Model:
    """Take a network's biases and shifts away, and the learned places, in place."""
    for weight in (weight for layer in network.layers for weight in layer.weights):
        if weight.name in ("bias", "beta", "moving_mean"):
            weight.assign(np.zeros(weight.shape))
    return network


def users_own() -> keras.Model:
    """Build what a user may bring: a softmax at its end, operations of Keras between layers."""
    image = keras.Input((SIDE, SIDE, 3), name="image")
    x: Any = layers.Conv2D(6, 4, strides=4, name="embed")(image)
    x = layers.Reshape((-1, 6), name="laid_out")(x)
    y = layers.LayerNormalization(name="norm")(x)
    y = layers.MultiHeadAttention(2, 4, value_dim=3, dropout=0.1, name="attend")(y, y)
    x = x + y
    y = keras.ops.gelu(layers.Dense(9, name="wide")(x), approximate=True)
    x = layers.Add(name="sum")([x, layers.Dense(6, activation="gelu", name="narrow")(y)])
    x = layers.GlobalAveragePooling1D(name="pooled")(x)
    network = keras.Model(image, layers.Dense(CLASSES, "softmax", name="likely")(x), name="own")
    randomise(network, seed=2)
    return network


def images(count: int = 2) -> np.ndarray:
    """Return noise in [0, 1], float32 (count, SIDE, SIDE, 3)."""
    return np.random.default_rng(5).random((count, SIDE, SIDE, 3), np.float32)
