"""Networks with some of their weights random again: copies, and layers reset in their own way."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


def copied(model: "keras.Model") -> "keras.Model":
    """Return another network with the same layers, names and weights, sharing none of them."""
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def weighted_layers(model: "keras.Model") -> list["keras.layers.Layer"]:
    """Return the layers that have weights, from the logits down."""
    return [layer for layer in reversed(model.layers) if layer.weights]


def reset(layer: "keras.layers.Layer", seed: list[int]) -> None:
    """Draw a layer's weights anew, each from the initialiser it was built with.

    Batch normalisation goes back to its start too, its moving statistics included.

    Args:
        layer: any layer whose weights are named after their initialisers, as Keras' own are.
        seed: non-negative numbers; each weight of the layer gets a seed derived from them.

    Raises:
        TypeError: a weight whose initialiser is not found. Leaving it would make every method
            look less dependent on the weights than it is.
    """
    states = np.random.SeedSequence(seed).generate_state(len(layer.weights))
    for weight, state in zip(layer.weights, states, strict=True):
        initialiser = _initialiser(layer, weight.name)
        config = initialiser.get_config()
        if "seed" in config:
            config["seed"] = int(state)
        weight.assign(type(initialiser).from_config(config)(weight.shape, weight.dtype))


def _initialiser(layer: "keras.layers.Layer", weight: str) -> "keras.Initializer":
    # A depthwise kernel is called `kernel` in one layer and `depthwise_kernel` in another.
    for name in (f"{weight}_initializer", f"{weight.removesuffix('_kernel')}_initializer"):
        if hasattr(layer, name):
            return getattr(layer, name)
    if weight == "kernel" and hasattr(layer, "depthwise_initializer"):
        return layer.depthwise_initializer
    raise TypeError(f"{layer.name}: no initialiser found for the weight '{weight}'")
