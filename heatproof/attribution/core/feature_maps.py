"""Which layer's feature maps a class activation map weighs."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from heatproof.attribution.core.graph import inputs_of
from heatproof.attribution.core.token_grids import token_maps
from heatproof.run.errors import UserError, require_known

if TYPE_CHECKING:
    import keras

LAST = "last_conv"


def feature_layer(model: "keras.Model", wanted: str = LAST, key: str = "layer") -> str:
    """Return the name of the layer to use.

    `last_conv` is the last feature map that still has places: the last convolution larger than one
    cell with what is applied to it cell by cell (batch normalisation, residual sum, activation),
    before any pooling. The deeper, the more a map says of classes rather than edges; and pooling
    only makes it coarser. In a transformer it is the last tokens that have places and that the
    score is made of, usually a layer normalisation: of a network that ends in its class token,
    what the last attention reads.

    Args:
        model: a flat functional network.
        wanted: `last_conv`, or a layer's name.
        key: where params.yaml says so, for the message.

    Raises:
        UserError: the network has no such layer; the message lists those it has.
    """
    maps = feature_maps(model)
    if not maps:
        raise UserError(
            f"{model.name}: no convolution of this network gives a feature map larger than one "
            "cell, and no tokens form a grid, so there is no class activation map; use a smaller "
            "stride or larger images"
        )
    if wanted == LAST:
        return [name for name, pooled in maps.items() if not pooled][-1]
    what = f"params.yaml: {key} = {wanted!r}: {model.name} has no such feature map"
    require_known(what, wanted, [LAST, *maps])
    return wanted


def feature_layers(model: "keras.Model", wanted: str = LAST, key: str = "layer") -> list[str]:
    """Return the names of the layers to use: one, or where several are the last, all of them.

    Several are in a network of branches that meet behind their feature maps, as the members of an
    ensemble do: none of them is computed from another one.

    Args:
        model: a flat functional network.
        wanted: `last_conv`, or a layer's name.
        key: where params.yaml says so, for the message.

    Raises:
        UserError: as `feature_layer`.
    """
    chosen = feature_layer(model, wanted, key)
    if wanted != LAST:
        return [chosen]
    maps = feature_maps(model)
    # Of each tensor the feature maps that it is computed from; of all together those that another
    # one is computed from.
    behind: dict[int, frozenset[str]] = {}
    followed: set[str] = set()
    for layer in model.layers:
        read = frozenset[str]().union(*(behind.get(id(each), ()) for each in inputs_of(layer)))
        if not maps.get(layer.name, True):
            followed |= read
            read = read | {layer.name}
        behind[id(layer.output)] = read
    return [name for name, pooled in maps.items() if not (pooled or name in followed)]


def feature_maps(model: "keras.Model") -> dict[str, bool]:
    """List the layers that give feature maps of more than one cell, from the first convolution on.

    Tokens that form a grid (`token_grids`) are feature maps too.

    Returns:
        layer name -> whether it changes the grid without convolving (pooling, padding, resizing),
        in the order of the graph.
    """
    maps: dict[str, bool] = {}
    convolved: set[int] = set()
    tokens = token_maps(model)
    for layer in model.layers:
        if layer.name in tokens:
            maps[layer.name] = False
            continue
        inputs = inputs_of(layer)
        convolves = hasattr(layer, "kernel_size")
        if not convolves and not any(id(tensor) in convolved for tensor in inputs):
            continue
        shape = layer.output.shape
        if len(shape) != 4:
            continue
        convolved.add(id(layer.output))
        if shape[1] * shape[2] > 1:
            regrids = hasattr(layer, "pool_size") or all(
                tensor.shape[1:3] != shape[1:3] for tensor in inputs
            )
            maps[layer.name] = regrids and not convolves
    return maps


def as_map(model: "keras.Model", layer: str) -> Callable[[Any], Any]:
    """Return the function that makes a feature map of a layer's output, array or tensor.

    Tokens are laid out in their rows and columns, without those that have no place; what is a
    feature map already stays as it is.
    """
    grid = token_maps(model).get(layer)
    return grid.places if grid else lambda output: output
