"""A network as the steps of the live page's engine, one for each layer, or two."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.core.graph import inputs_of
from heatproof.playground.layer_kinds import CHANNELS_ANYWHERE, LAYERS, Unknown, activation

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Operation:
    """A step of the engine.

    name, kind: of the layer. operation: the engine's. inputs: the numbers of the steps that it
    reads. shape: of its output, without the batch. facts: what else the engine needs, as JSON.
    weights, bias: float32, of two dimensions where columns have a scale of their own (`precision`).
    """

    name: str
    kind: str
    operation: str
    inputs: list[int]
    shape: list[int]
    facts: dict[str, Any] = field(default_factory=dict)
    weights: np.ndarray | None = None
    bias: np.ndarray | None = None


def operations(model: "keras.Model") -> list[Operation]:
    """Return a network's steps, the image first and the logits last.

    A layer that ends in an activation gives two steps, of which the second has its name.

    Args:
        model: a flat functional network, folded (`attribution.core.folding`).

    Raises:
        Unknown: the engine has no operation for a layer.
    """
    steps: list[Operation] = []
    made_by: dict[int, int] = {}
    for layer in model.operations:
        kind = type(layer).__name__
        inputs = [made_by[id(tensor)] for tensor in inputs_of(layer)]
        shape = list(layer.output.shape[1:])
        if kind not in LAYERS:
            raise Unknown(f"layers of the kind {kind}, as '{layer.name}' is")
        if getattr(layer, "data_format", "") == "channels_first" and kind not in CHANNELS_ANYWHERE:
            raise Unknown(f"channels before places, as '{layer.name}' has them")
        operation, facts, weights, bias = LAYERS[kind](layer)
        ending = activation(layer) if kind != "Activation" else "linear"
        if ending != "linear":
            name = f"{layer.name} before {ending}"
            steps.append(Operation(name, kind, operation, inputs, shape, facts, weights, bias))
            inputs, operation, facts = [len(steps) - 1], "activate", {"activation": ending}
            weights = bias = None
        steps.append(Operation(layer.name, kind, operation, inputs, shape, facts, weights, bias))
        made_by[id(layer.output)] = len(steps) - 1
    return steps
