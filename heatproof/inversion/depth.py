"""Which layers are looked into, and what they give of images."""

from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.core import graph
from heatproof.attribution.core.activation_layers import LOGITS, activated_maps, rectified

if TYPE_CHECKING:
    import keras


def spread_layers(model: "keras.Model", count: int) -> list[str]:
    """Name layers evenly spread over a network's depth, and the logits.

    They are of those that activate or pool, since there something can be lost.

    Args:
        model: a flat functional network.
        count: how many, the logits among them; fewer where there are no more.
    """
    known = {*activated_maps(model), *rectified(model)}
    depth = [
        layer.name
        for layer in model.layers[1:-1]
        if layer.name in known or "Pooling" in type(layer).__name__
    ]
    chosen = np.linspace(0, len(depth) - 1, min(count - 1, len(depth))).round().astype(int)
    return [*dict.fromkeys(depth[place] for place in chosen), LOGITS]


def output_of(model: "keras.Model", layer: str) -> "keras.KerasTensor":
    """Return a layer's output; `LOGITS` is the network's."""
    return model.output if layer == LOGITS else model.get_layer(layer).output


def values_in_loop(model: "keras.Model", layer: str, images: Any) -> Any:
    """Compute a layer's output in TensorFlow, also within a compiled loop: (n, ...)."""
    return graph.value(model, images, output_of(model, layer), in_loop=True)


def has_places(model: "keras.Model", layer: str) -> bool:
    """Say whether a layer gives feature maps of more than one cell."""
    shape = output_of(model, layer).shape
    return len(shape) == 4 and shape[1] * shape[2] > 1
