"""What a network costs: the operations of one image's forward pass."""

import math

import keras

from heatproof.models import convolution, pointwise

# Layers with weights that compute a few operations with each value by itself.
_OF_EACH_VALUE = (
    "GroupNormalization",
    "LayerNormalization",
    "LayerScale",
    "Normalization",
    "PReLU",
)


def flops(model: keras.Model) -> int:
    """Count the floating-point operations of the forward pass of one image.

    A multiplication and an addition are two operations, and each addition of a bias is one.
    Counted are convolutions, depthwise and separable convolutions, and dense layers, as computed:
    with the products at zero padding. Not counted, as is usual in the literature, are
    normalisations and layer scale (batch normalisation can be folded into the convolution before
    it), activations, pooling, sums, products with a gate, concatenations, padding and normalising
    the image. Half of it is about the number of multiply-accumulates.

    Args:
        model: a flat functional model whose spatial sizes are all known.

    Raises:
        ValueError: a layer with weights has no known cost (a nested model, for example), is used
            more than once, or gives an output of unknown size.
    """
    uses = {layer["name"]: len(layer["inbound_nodes"]) for layer in model.get_config()["layers"]}
    total = 0
    for layer in model.layers:
        if not layer.weights:
            continue
        if uses[layer.name] != 1:
            raise ValueError(f"layer '{layer.name}' is used {uses[layer.name]} times: not counted")
        if isinstance(layer.input, list) or isinstance(layer.output, list | tuple):
            raise _unknown(layer)
        if None in layer.output.shape[1:]:
            raise ValueError(f"layer '{layer.name}' has an output of unknown size: not counted")
        total += _of_layer(layer)
    return total


def parameters(model: keras.Model) -> int:
    """Count a network's weights; of a black box the numbers in it."""
    return sum(getattr(layer, "parameters", layer.count_params()) for layer in model.layers)


def flops_if_known(model: keras.Model) -> int | None:
    """Do as `flops`; None of a network from elsewhere that has a layer of unknown cost."""
    try:
        return flops(model)
    except ValueError:
        return None


def _of_layer(layer: keras.Layer) -> int:
    *_, channels = layer.input.shape
    *places, filters = layer.output.shape[1:]
    outputs = math.prod(places) * filters
    kind = type(layer)  # exactly: a subclass may compute something else
    if isinstance(layer, keras.layers.BatchNormalization) or kind.__name__ in _OF_EACH_VALUE:
        return 0
    if kind is keras.layers.Dense:
        products = channels * outputs
    elif kind in (keras.layers.Conv2D, convolution.Conv2D, pointwise.Conv2D):
        products = math.prod(layer.kernel_size) * (channels // layer.groups) * outputs
    elif kind is keras.layers.DepthwiseConv2D:
        products = math.prod(layer.kernel_size) * outputs
    elif kind is keras.layers.SeparableConv2D:
        between = math.prod(places) * channels * layer.depth_multiplier
        products = between * (math.prod(layer.kernel_size) + filters)
    else:
        raise _unknown(layer)
    return 2 * products + (outputs if layer.use_bias else 0)


def _unknown(layer: keras.Layer) -> ValueError:
    return ValueError(
        f"layer '{layer.name}' ({type(layer).__name__}) has weights and no known cost: add it to "
        "heatproof/models/cost.py"
    )
