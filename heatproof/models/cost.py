"""What a network costs: the operations of one image's forward pass."""

import math

import keras

from heatproof.models import attention, convolution, pointwise

FLOAT_BYTES = 4  # of a weight as it is trained
# Layers with weights that compute a few operations with each value by itself.
_OF_EACH_VALUE = (
    "GroupNormalization",
    "LayerNormalization",
    "LayerScale",
    "Normalization",
    "PReLU",
)
_ATTENTION = (keras.layers.MultiHeadAttention, attention.MultiHeadAttention)


def flops(model: keras.Model) -> int:
    """Count the floating-point operations of the forward pass of one image.

    A multiplication and an addition are two operations, and each addition of a bias is one.
    Counted are convolutions, depthwise and separable convolutions, dense layers, and attention with
    its projections and its products of queries with keys and of weights with values, as computed:
    with the products at zero padding. Not counted, as is usual in the literature, are
    normalisations and layer scale (batch normalisation can be folded into the convolution before
    it), activations, the softmax of attention among them, pooling, also that of tokens by weights,
    sums, products with a gate, concatenations, padding and normalising the image. Half of it is
    about the number of multiply-accumulates.

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
        if type(layer) in _ATTENTION and not isinstance(layer.output, list | tuple):
            total += _of_attention(layer)
            continue
        if isinstance(layer.input, list) or isinstance(layer.output, list | tuple):
            raise _unknown(layer)
        if None in layer.output.shape[1:]:
            raise ValueError(f"layer '{layer.name}' has an output of unknown size: not counted")
        total += _of_layer(layer)
    return total


def float_bytes(model: keras.Model) -> int:
    """Return what a network's weights take as 32-bit floats."""
    return FLOAT_BYTES * parameters(model)


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
    elif kind is keras.layers.EinsumDense:
        kernel, given = layer.equation.split(",")[1].split("->")
        sizes = zip(kernel, layer.kernel.shape, strict=True)
        products = outputs * math.prod(size for axis, size in sizes if axis not in given)
        return 2 * products + (outputs if layer.bias is not None else 0)
    elif kind is keras.layers.SeparableConv2D:
        between = math.prod(places) * channels * layer.depth_multiplier
        products = between * (math.prod(layer.kernel_size) + filters)
    else:
        raise _unknown(layer)
    return 2 * products + (outputs if layer.use_bias else 0)


def _of_attention(layer: keras.layers.MultiHeadAttention) -> int:
    """Count four projections, and the products of each query with each key and value."""
    projections = [layer.query_dense, layer.key_dense, layer.value_dense, layer.output_dense]
    read = layer.input if isinstance(layer.input, list) else [layer.input]
    if len(layer.attention_axes) != len(read[0].shape) - 2:
        raise _unknown(layer)
    queries, keys = (math.prod(tensor.shape[1:-1]) for tensor in (read[0], read[1]))
    total = 2 * layer.num_heads * queries * keys * (layer.key_dim + layer.value_dim)
    for projection, tokens in zip(projections, (queries, keys, keys, queries), strict=True):
        total += tokens * 2 * math.prod(projection.kernel.shape)
        total += tokens * (math.prod(projection.bias.shape) if layer.use_bias else 0)
    return total


def _unknown(layer: keras.Layer) -> ValueError:
    return ValueError(
        f"layer '{layer.name}' ({type(layer).__name__}) has weights and no known cost: add it to "
        "heatproof/models/cost.py"
    )
