"""Where a network attends: its layers of attention, the grid of its tokens, who reads them.

Attention weights are the output of a softmax, (n, heads, queries, keys): in the network that is
explained each attention layer is taken apart (`folding`), so that they stand in its graph. Tokens
are the places of a feature map (`token_grids`); a class token may stand beside them. What the
logits are made of is one of three: the class token; the mean of the tokens; or, in a network that
pools its sequence (Hassani et al. 2021, https://arxiv.org/abs/2104.05704, equations 2 and 3), their
weighted mean, whose weights are a softmax over the tokens.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heatproof.attribution.core.geometry import Axis, feature_axes
from heatproof.attribution.core.graph import inputs_of
from heatproof.attribution.core.token_grids import TokenGrid, token_grids

if TYPE_CHECKING:
    import keras

# The kinds of layers that give attention weights, and that attend without giving them.
WEIGHTS, WHOLE = "AttentionWeights", "MultiHeadAttention"
CLASS_TOKEN, MEAN, POOLING = "class token", "mean", "pooling"
# What may follow the last attention and leaves each token what it is made of.
_ENDS = ("Cropping1D", "Flatten", "GlobalAveragePooling1D", "GlobalMaxPooling1D", "Softmax")


@dataclass(frozen=True)
class Tokens:
    """What a network attends with, and what its tokens are.

    layers: whose outputs are the attention weights, (n, heads, tokens, tokens), the first first.
    grid: which tokens are places. axes: of the grid, vertical and horizontal, on the image.
    reader: what the logits are made of, `CLASS_TOKEN`, `MEAN` or `POOLING`. class_token: its place
    among the tokens, where they are made of it. pooling: the layer whose output are the pooling
    weights, (n, tokens, 1); "" where there are none.
    """

    layers: tuple[str, ...]
    grid: TokenGrid
    axes: tuple[Axis, Axis]
    reader: str
    class_token: int = 0
    pooling: str = ""

    def places(self, values: Any) -> Any:
        """Return those of values per token, (..., tokens), that are of places."""
        return values[..., self.grid.before : self.grid.tokens - self.grid.after]


class NoGrid(Exception):
    """A network attends, but its tokens or their reader are of no known kind; why, in words."""


def attention_layers(model: "keras.Model") -> tuple[str, ...]:
    """Name the layers whose outputs are attention weights, in the order of the graph; often none.

    Args:
        model: a flat functional network whose attention layers are taken apart.
    """
    return tuple(layer.name for layer in model.layers if type(layer).__name__ == WEIGHTS)


def attends(model: "keras.Model") -> bool:
    """Say whether a network attends between tokens, in layers that are taken apart or not."""
    kinds = {kind.__name__ for layer in model.layers for kind in type(layer).__mro__}
    return bool(kinds & {WEIGHTS, WHOLE})


def tokens_of(model: "keras.Model") -> Tokens:
    """Say what a network's tokens are.

    Args:
        model: a flat functional network that `attends`.

    Raises:
        NoGrid: it gives no attention weights, its tokens are not the places of one feature map,
            or it is not known what of them the logits read.
    """
    layers = attention_layers(model)
    if not layers:
        raise NoGrid("it gives no attention weights: its layers of attention cannot be taken apart")
    weights = [model.get_layer(name).output for name in layers]
    counts = {tuple(each.shape[2:]) for each in weights}
    if len(counts) > 1 or any(queries != keys for queries, keys in counts):
        raise NoGrid("its attention layers do not all attend from the same tokens to the same")
    grids = token_grids(model)
    if not all(id(each) in grids for each in weights):
        raise NoGrid("its tokens are not the places of a feature map, so they form no grid")
    grid, axes = grids[id(weights[0])], feature_axes(model, layers[0])
    reader, class_token, pooling = _reader(model, grid)
    return Tokens(layers, grid, axes, reader, class_token, pooling)


def _reader(model: "keras.Model", grid: TokenGrid) -> tuple[str, int, str]:
    """Say what the logits are made of, which token it is, and which layer gives pooling weights."""
    for layer in reversed(model.operations):
        kind, read = type(layer).__name__, inputs_of(layer)
        shape = tuple(read[0].shape[1:]) if read else ()
        if kind not in _ENDS or len(shape) != 2 or shape[0] != grid.tokens:
            continue
        if kind == "Softmax" and layer.axis in (1, -2) and shape[1] == 1:
            return POOLING, 0, layer.name
        if kind == "GlobalAveragePooling1D":
            return MEAN, 0, ""
        if kind == "Cropping1D" and layer.output.shape[1] == 1:
            return CLASS_TOKEN, layer.cropping[0], ""
        break
    raise NoGrid(
        "what of its tokens the logits read is not known: it is no class token, no mean of the "
        "tokens and no sequence pooling"
    )
