"""The rules of layer-wise relevance propagation by name, and a network to work out on paper."""

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from heatproof.attribution.core.method import Attribution
from heatproof.attribution.core.network import Network
from heatproof.attribution.propagation.lrp import lrp_alpha_beta, lrp_epsilon

NO_EPSILON = 1e-9


def by_epsilon(network: Network, images: np.ndarray, targets: np.ndarray) -> Attribution:
    return lrp_epsilon(network, images, targets, NO_EPSILON)


def by_alpha_1(network: Network, images: np.ndarray, targets: np.ndarray) -> Attribution:
    return lrp_alpha_beta(network, images, targets, 1.0)


def by_alpha_2(network: Network, images: np.ndarray, targets: np.ndarray) -> Attribution:
    return lrp_alpha_beta(network, images, targets, 2.0)


RULES = [by_epsilon, by_alpha_1, by_alpha_2]
Rule = Callable[[Network, np.ndarray, np.ndarray], Attribution]


def two_layers() -> Network:
    """Pixels (1, 2) make hidden units 1 + 2 + 1 and -1 + 4, and these the logit 8 - 3 + 1."""
    inputs = keras.Input((1, 2, 1))
    x = layers.Flatten()(inputs)
    x = layers.Dense(2, name="hidden")(x)
    x = layers.ReLU()(x)
    model = keras.Model(inputs, layers.Dense(1, name="logits")(x))
    model.set_weights([
        np.array([[1, -1], [1, 2]]), np.array([1, 0]), np.array([[2], [-1]]), np.array([1])
    ])  # fmt: skip
    return Network(model)


PIXELS = np.array([1, 2], np.float32).reshape(1, 1, 2, 1)
