"""Networks so small that what explains them can be worked out on paper."""

import keras
import numpy as np
from keras import layers


def linear(weights: np.ndarray) -> keras.Model:
    """Return a network whose logits are pixels times `weights` (h, w, channels, classes)."""
    inputs = keras.Input(weights.shape[:3])
    dense = layers.Dense(weights.shape[3], name="logits")
    model = keras.Model(inputs, dense(layers.Flatten()(inputs)))
    dense.set_weights([weights.reshape(-1, weights.shape[3]), np.zeros(weights.shape[3])])
    return model


def polynomial(*weights: np.ndarray) -> keras.Model:
    """Return a network whose logits are the sum over p of pixels to the power p times weights[p-1].

    Args:
        weights: (h, w, channels, classes) each; none of them is a bias.
    """
    inputs = keras.Input(weights[0].shape[:3])
    powers = [inputs]
    for _ in weights[1:]:
        powers.append(layers.Multiply()([powers[-1], inputs]))
    flat = layers.Flatten()(layers.Concatenate()(powers) if len(powers) > 1 else inputs)
    dense = layers.Dense(weights[0].shape[3], use_bias=False, name="logits")
    model = keras.Model(inputs, dense(flat))
    kernel = np.concatenate(weights, axis=2)
    dense.set_weights([kernel.reshape(-1, kernel.shape[3])])
    return model


def averaged(weights: np.ndarray, side: int = 6, channels: int = 1, seed: int = 0) -> keras.Model:
    """Return conv 3x3 -> relu -> global average -> dense `weights` (filters, classes)."""
    inputs = keras.Input((side, side, channels))
    x = layers.Conv2D(len(weights), 3, padding="same", name="conv")(inputs)
    x = layers.Activation("relu", name="conv_relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    dense = layers.Dense(weights.shape[1], name="logits")
    model = keras.Model(inputs, dense(x))
    random = np.random.default_rng(seed)
    conv = model.get_layer("conv")
    conv.set_weights([random.normal(size=w.shape) for w in conv.get_weights()])
    dense.set_weights([weights, np.zeros(weights.shape[1])])
    return model


def blob_detector(side: int, padding: int, pool: int) -> keras.Model:
    """Return a network that answers to brightness, and pools it after padding the image."""
    inputs = keras.Input((side, side, 1))
    x = layers.ZeroPadding2D(padding)(inputs) if padding else inputs
    x = layers.Conv2D(1, 1, padding="same", name="conv")(x)
    x = layers.AveragePooling2D(pool, name="pool")(x)
    x = layers.Conv2D(1, 1, padding="same", name="last")(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(1, name="logits")(x))
    model.set_weights([np.ones_like(w) if w.ndim > 1 else np.zeros_like(w) for w in
                       model.get_weights()])  # fmt: skip
    return model


def images(count: int, side: int, channels: int, seed: int = 1) -> np.ndarray:
    """Return noise in [0, 1], float32 (count, side, side, channels)."""
    shape = (count, side, side, channels)
    return np.random.default_rng(seed).random(shape).astype(np.float32)
