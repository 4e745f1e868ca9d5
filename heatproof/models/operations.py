"""Operations that are written between a network's layers, such as `x + y`, as layers."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from heatproof.models.gelu import TanhGelu
from heatproof.run.errors import UserError

# By the operation: the layer that does the same.
_MERGES = {
    "Add": keras.layers.Add,
    "Multiply": keras.layers.Multiply,
    "Maximum": keras.layers.Maximum,
    "Minimum": keras.layers.Minimum,
    "Subtract": keras.layers.Subtract,
}
_SCALES: dict[str, Callable[[float], tuple[float, float]]] = {
    "Add": lambda number: (1.0, number),
    "Subtract": lambda number: (1.0, -number),
    "Multiply": lambda number: (number, 0.0),
    "TrueDivide": lambda number: (1 / number, 0.0),
    "Divide": lambda number: (1 / number, 0.0),
}
_SYMMETRIC = ("Add", "Multiply")
_ACTIVATIONS = ("relu", "relu6", "sigmoid", "silu", "gelu", "tanh", "elu", "softplus", "softmax")


def as_layer(operation: keras.Operation, inputs: Sequence[Any], name: str) -> Any:
    """Return the outputs of the layer that does what an operation does.

    Args:
        operation: of a functional network, no layer.
        inputs: what it is given: tensors, and numbers.
        name: of the layer.

    Raises:
        UserError: there is no such layer.
    """
    kind = type(operation).__name__
    tensors = [each for each in inputs if isinstance(each, keras.KerasTensor)]
    others = [each for each in inputs if not isinstance(each, keras.KerasTensor)]
    if kind == "ConvertToTensor":
        return tensors[0]
    if kind in _MERGES and len(tensors) == 2 and tensors[0].shape == tensors[1].shape:
        return _MERGES[kind](name=name)(tensors)
    by_number = len(tensors) == 1 and [np.ndim(each) for each in others] == [0]
    if by_number and kind in _SCALES and (tensors[0] is inputs[0] or kind in _SYMMETRIC):
        scale, offset = _SCALES[kind](float(others[0]))
        return keras.layers.Rescaling(scale, offset, name=name)(tensors[0])
    if kind == "Gelu" and len(inputs) == 1 and operation.approximate:
        return TanhGelu(name=name)(inputs[0])
    if kind.lower() in _ACTIVATIONS and len(inputs) == 1:
        return keras.layers.Activation(kind.lower(), name=name)(inputs[0])
    if masked := _masked_layer(operation):
        raise UserError(
            f"the network computes a mask for '{masked}', which Keras makes of what a layer such "
            "as Masking, or Embedding with mask_zero, passes on; expected a network without masks: "
            "leave that layer out"
        )
    raise UserError(
        f"the network computes '{kind}' ('{operation.name}') between its layers; expected "
        "layers of Keras only: write it as a layer"
    )


def _masked_layer(operation: keras.Operation) -> str | None:
    """Return the layer that takes what an operation gives, at once or later, as its mask."""
    for node in operation._outbound_nodes:
        if not isinstance(node.operation, keras.Layer):
            if found := _masked_layer(node.operation):
                return found
        elif any(
            "mask" in name
            and isinstance(value, keras.KerasTensor)
            and value._keras_history.operation is operation
            for name, value in node.arguments.kwargs.items()
        ):
            return str(node.operation.name)
    return None
