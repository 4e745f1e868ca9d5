"""Where a network activates: the layers whose outputs are shown, counted and maximised."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

# What the network's output is called here, whatever its layer's name.
LOGITS = "logits"

# Keras' kinds of layers that activate each value by itself, and keep zero at zero.
ACTIVATING = ("ELU", "LeakyReLU", "PReLU", "ReLU", "TanhGelu")

# The names of the activations of each value by itself that keep zero at zero.
PASSED = (
    "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "silu", "hard_silu", "gelu", "mish",
    "tanh", "hard_tanh", "softsign", "soft_shrink", "hard_shrink", "tanh_shrink",
)  # fmt: skip

# All of each value by itself.
ELEMENTWISE = (
    *PASSED, "exponential", "hard_sigmoid", "log_sigmoid", "sigmoid", "softplus", "squareplus",
)  # fmt: skip


def activated_maps(model: "keras.Model") -> list[str]:
    """Name the layers that give activated feature maps of more than one cell.

    One for each convolution that is activated: after its batch normalisation, and after the sum
    where it ends a residual block. A network that activates nowhere gives its convolutions.

    Args:
        model: a flat functional network.
    """
    maps = [layer for layer in model.layers if _has_places(layer)]
    return [layer.name for layer in maps if _activates(layer)] or [
        layer.name for layer in maps if hasattr(layer, "kernel_size")
    ]


def rectified(model: "keras.Model") -> list[str]:
    """Name the layers that end in ReLU or ReLU6, of feature maps and of dense units."""
    return [layer.name for layer in model.layers if rectifies(layer)]


def before_activation(model: "keras.Model", name: str) -> "keras.KerasTensor":
    """Return the values that a layer activates; its output, where it does more than activate.

    They say more than the activated ones: how far below zero a dead unit stays, and which way is
    up. A rectified unit is active exactly where they are above zero.

    Args:
        model: a flat functional network.
        name: a layer's name, or LOGITS for the network's output.
    """
    if name == LOGITS:
        return model.output
    layer = model.get_layer(name)
    weighs = layer.weights and type(layer).__name__ not in ACTIVATING
    return layer.output if weighs or not _activates(layer) else layer.input


def _has_places(layer: "keras.layers.Layer") -> bool:
    shape = getattr(layer.output, "shape", ())
    return len(shape) == 4 and shape[1] * shape[2] > 1


def _activates(layer: "keras.layers.Layer") -> bool:
    import keras

    if type(layer).__name__ in ACTIVATING:
        return True
    activation = getattr(layer, "activation", None)
    return activation is not None and activation is not keras.activations.linear


def activates_alone(layer: "keras.layers.Layer") -> bool:
    """Say whether a layer does nothing but activate each value by itself."""
    kind = type(layer).__name__
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    return kind in ACTIVATING or (kind == "Activation" and activation in ELEMENTWISE)


def rectifies(layer: "keras.layers.Layer") -> bool:
    """Say whether a layer ends in ReLU or ReLU6."""
    import keras

    if isinstance(layer, keras.layers.ReLU):
        return not layer.negative_slope and not layer.threshold
    return getattr(layer, "activation", None) in (keras.activations.relu, keras.activations.relu6)
