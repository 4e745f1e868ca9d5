"""Networks that attend, small enough for a test to compute them again."""

import keras
import numpy as np
from keras import layers

from heatproof.models.transformer import class_token, first_token, sequence_pooling, tokens

SIDE, CHANNELS, CLASSES, WIDTH = 8, 3, 3, 4


def attending(pooled: bool, blocks: int = 2, seed: int = 0, scale: float = 1.0) -> keras.Model:
    """Return patches of 4 × 4 -> blocks of attention alone -> logits.

    Args:
        pooled: whether the sequence is pooled; otherwise there is a class token.
        blocks: of two heads each, with a residual connection.
        seed: of all weights.
        scale: of those of the logits.
    """
    inputs = keras.Input((SIDE, SIDE, CHANNELS))
    x = tokens(layers.Conv2D(WIDTH, 4, strides=4, name="patches")(inputs))
    x = x if pooled else class_token(x)
    for number in range(blocks):
        attended = layers.MultiHeadAttention(2, 2, name=f"attention_{number}")(x, x)
        x = layers.Add(name=f"add_{number}")([x, attended])
    x = sequence_pooling(x) if pooled else first_token(x)
    model = keras.Model(inputs, layers.Dense(CLASSES, name="logits")(x))
    random = np.random.default_rng(seed)
    model.set_weights(
        [random.normal(scale=w.size**-0.25, size=w.shape) for w in model.get_weights()]
    )
    logits = model.get_layer("logits")
    logits.set_weights([scale * logits.get_weights()[0], random.normal(size=CLASSES)])
    return model
