"""What layer-wise relevance propagation takes a layer for: affine, passing on, or moving values.

Which of Keras' layers are which; through which of them relevance comes; and which layers are
summands of a residual block's neurons.
"""

from collections import Counter
from typing import TYPE_CHECKING

from heatproof.attribution.core.activation_layers import ACTIVATING, PASSED
from heatproof.attribution.core.graph import inputs_of
from heatproof.attribution.core.method import UnsupportedNetwork
from heatproof.attribution.propagation.affine import AFFINE
from heatproof.attribution.propagation.ranges import Range, is_share, ranges

if TYPE_CHECKING:
    import keras

# Keras' layers that only move, drop or choose values: their own gradient is the right rule. The
# maximum of a pooling window, or of two branches, takes all of the relevance.
MOVING = (
    "InputLayer", "Flatten", "Reshape", "Permute", "Identity", "ZeroPadding1D", "ZeroPadding2D",
    "Cropping1D", "Cropping2D", "Concatenate", "MaxPooling2D", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "Maximum", "Minimum", "Dropout", "SpatialDropout1D", "SpatialDropout2D",
    "GaussianNoise",
)  # fmt: skip

# Products of two inputs, summed up: neurons whose kernel depends on the image too.
PRODUCTS = ("AttentionScores", "AttendedValues", "Dot")

# What gives shares that sum to one. An Activation may be one too.
SOFTMAX = ("Softmax", "AttentionWeights")

# What hands an output's relevance to its input as it is.
PASSING = ("Activation", *ACTIVATING)

# Sums of branches, each with a weight that depends on its place and on how many there are.
SUMS = {
    "Add": lambda place, count: 1.0,
    "Subtract": lambda place, count: (1.0, -1.0)[place],
    "Average": lambda place, count: 1.0 / count,
}

# What changes the image's units: pixels in [0, 1] become what the first layer was made for.
_PREPARING = ("Rescaling", "Normalization")

# Those of the moving ones that leave every value where it is, for what passes through them.
_UNCHANGING = ("Identity", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise")


def require_rules(model: "keras.Model", attends: bool = True) -> None:
    """Refuse a network with a layer that has no rule and that relevance comes to.

    Args:
        model: a flat functional network.
        attends: whether relevance goes to attention weights too (`signals`).

    Raises:
        UnsupportedNetwork: naming the layer.
    """
    from heatproof.models.attention_parts import why_whole

    reached = reached_layers(model, attends)
    for layer in (layer for layer in model.operations if layer.name in reached):
        kind = type(layer).__name__
        activation = getattr(layer, "activation", None)
        named = getattr(activation, "__name__", "linear")
        last = (-1, len(getattr(layer.output, "shape", ())) - 1)
        if whole := why_whole(layer):
            why = f"a {kind} that cannot be taken apart: {whole}"
        elif kind not in (*MOVING, *PASSING, *AFFINE, *SUMS, *PRODUCTS, *SOFTMAX, "Multiply"):
            why = f"layers of the kind {kind}"
        elif named not in ("linear", *PASSED) and not is_softmax(layer):
            why = f"the activation {named}"
        elif getattr(layer, "data_format", "channels_last") != "channels_last":
            why = "channels before places"
        elif kind == "BatchNormalization" and layer.axis not in last:
            why = "a normalisation of rows or columns"
        elif kind == "LayerNormalization" and (
            [axis for axis in layer.axis if axis not in last] or layer.rms_scaling
        ):
            why = "a layer normalisation of more than the channels of each place"
        else:
            continue
        raise UnsupportedNetwork(
            f"layer-wise relevance propagation has no rule for {why} ('{layer.name}')"
        )


def is_softmax(layer: "keras.layers.Layer") -> bool:
    """Say whether a layer is a softmax and nothing else."""
    kind, activation = type(layer).__name__, getattr(layer, "activation", None)
    alone = kind == "Activation" and getattr(activation, "__name__", "") == "softmax"
    return kind in SOFTMAX or alone


def signals(
    layer: "keras.layers.Layer", known: dict[int, Range], attends: bool = True
) -> list[bool]:
    """Say which factors of a product its relevance goes to: those that are no gates.

    Where all are gates, or none is, to all.

    Args:
        layer: a `Multiply`, or one of PRODUCTS.
        known: the range of each tensor.
        attends: whether of PRODUCTS all are signals, attention weights too.
    """
    if attends and type(layer).__name__ in PRODUCTS:
        return [True] * len(layer.input)
    gates = [is_share(known[id(tensor)]) for tensor in layer.input]
    return [all(gates) or not gate for gate in gates]


def reached_layers(model: "keras.Model", attends: bool = True) -> set[str]:
    """Name the layers that relevance comes to: all but those that make nothing but gates."""
    known = ranges(model)
    reached, wanted = set(), {id(tensor) for tensor in model.outputs}
    for layer in reversed(model.operations):
        if id(layer.output) not in wanted:
            continue
        reached.add(layer.name)
        tensors = inputs_of(layer)
        multiplies = type(layer).__name__ in (*PRODUCTS, "Multiply")
        kept = signals(layer, known, attends) if multiplies else [True] * len(tensors)
        wanted |= {id(tensor) for tensor, keeps in zip(tensors, kept, strict=True) if keeps}
    return reached


def preparing_layers(model: "keras.Model") -> set[str]:
    """Name the layers that change the image's units, before any other computes with it."""
    image, found = {id(model.input)}, set()
    for layer in model.operations:
        tensors = inputs_of(layer)
        kind = type(layer).__name__
        if tensors and kind in (*_PREPARING, *MOVING) and all(id(t) in image for t in tensors):
            image.add(id(layer.output))
            if kind in _PREPARING:
                found.add(layer.name)
    return found


def summands(model: "keras.Model") -> set[str]:
    """Name the layers whose sums are only a part of the sum that a neuron is.

    In a residual block a neuron adds what a convolution gathers to what the other branch brings, so
    the convolution has no neurons of its own. That holds for an affine layer without activation,
    or a sum, that an `Add` alone reads, and for layers between that leave its values as they are.
    """
    preparing = preparing_layers(model)
    made_by = {id(layer.output): layer for layer in model.operations}
    readers = Counter(id(tensor) for layer in model.operations for tensor in inputs_of(layer))
    found: set[str] = set()
    for add in (layer for layer in model.operations if type(layer).__name__ == "Add"):
        for tensor in add.input:
            way = []
            layer = made_by[id(tensor)]
            while type(layer).__name__ in _UNCHANGING and readers[id(layer.output)] == 1:
                way.append(layer.name)
                layer = made_by[id(layer.input)]
            activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
            sums = type(layer).__name__ in (*AFFINE, "Add") and activation == "linear"
            if sums and layer.name not in preparing and readers[id(layer.output)] == 1:
                found.update(way, [layer.name])
    return found
