"""Networks as flat graphs: copied whole, and what they end in."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def copied(model: "keras.Model", name: str | None = None) -> "keras.Model":
    """Return another network with the same layers, names and weights, sharing none of them.

    Args:
        model: flat functional. Of layers that were called before, only this call is copied.
        name: of the copy, by which a training is told of; the network's own if None.
    """
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy if name is None else keras.Model(copy.inputs[0], copy.outputs[0], name=name)


def last_layer(model: "keras.Model") -> "keras.Layer":
    """Return the layer that gives a network's logits."""
    return next(layer for layer in model.layers if layer.output is model.outputs[0])
