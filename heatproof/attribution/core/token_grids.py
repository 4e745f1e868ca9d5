"""Where a transformer's tokens lie on the image: rows and columns of a grid.

Tokens (n, tokens, channels) that a feature map was laid out as keep its places, row by row, through
all that treats each token alike: dense layers, normalisation, activation, sums, attention, whose
output is a token for each query. A class token before or behind them has no place.

Which tokens still count at a layer matters to class activation maps. Where the score is made of the
class token, what the last block computes at the other tokens is read by nothing: the last layer
that still says something of places is the one that the last attention reads.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heatproof.attribution.core.graph import inputs_of

if TYPE_CHECKING:
    import keras

# Layers that give a token for each token that they read.
_KEEPING = (
    "Activation", "Add", "AlphaDropout", "Average", "BatchNormalization", "Dense", "Dropout",
    "ELU", "EinsumDense", "GaussianDropout", "GaussianNoise", "Identity", "LayerNormalization",
    "LayerScale", "LeakyReLU", "Maximum", "Minimum", "MultiHeadAttention", "Multiply",
    "Normalization", "PReLU", "ReLU", "Rescaling", "RMSNormalization", "SpatialDropout1D",
    "Softmax", "Subtract", "AttendedValues", "AttentionScores", "AttentionWeights",
)  # fmt: skip
# What makes each token of all that it reads, but for one input, which it reads token by token: the
# queries, and what is made of them.
_MIXING = {"MultiHeadAttention": 0, "AttentionScores": 0, "AttendedValues": 0}
_PLACES, _OTHERS = "places", "others"  # which tokens of a tensor the score is made of


@dataclass(frozen=True)
class TokenGrid:
    """Which of the tokens (axis 1) are places, and of what grid.

    rows, columns: of the grid, whose places are tokens row by row. before, after: how many tokens
    that have no place, such as a class token, are before and behind them.
    """

    rows: int
    columns: int
    before: int = 0
    after: int = 0

    @property
    def tokens(self) -> int:
        """How many tokens there are in all."""
        return self.before + self.rows * self.columns + self.after

    def places(self, tokens: Any) -> Any:
        """Return the tokens that are places, as a feature map.

        Args:
            tokens: an array or a tensor (n, tokens, channels).

        Returns:
            the same, (n, rows, columns, channels).
        """
        import numpy as np

        kept = tokens[:, self.before : self.before + self.rows * self.columns]
        shape = (-1, self.rows, self.columns, tokens.shape[-1])
        if isinstance(kept, np.ndarray):
            return kept.reshape(shape)
        import tensorflow as tf

        return tf.reshape(kept, shape)


def token_grids(model: "keras.Model") -> dict[int, TokenGrid]:
    """Return the grid of each tensor of tokens, by its id.

    Those of queries, keys and values (n, tokens, heads, channels) are among them; of attention
    scores and weights (n, heads, queries, keys) it is the grid of their queries (axis 2).

    Args:
        model: a flat functional network of images.
    """
    grids: dict[int, TokenGrid] = {}
    for layer in model.operations:
        grid = _of_layer(layer, grids)
        if grid is not None:
            grids[id(layer.output)] = grid
    return grids


def token_maps(model: "keras.Model") -> dict[str, TokenGrid]:
    """List the layers whose tokens are feature maps: those of the tokens' own width that count.

    Queries, keys, units within a block, and scores of one channel are none; neither is what the
    network's output is not made of (see above).

    Returns:
        layer name -> its grid, of more than one place, in the order of the graph.
    """
    grids = token_grids(model)
    if not grids:
        return {}
    read = _read_of(model, grids)
    maps: dict[str, TokenGrid] = {}
    width = None
    for layer in model.operations:
        grid, shape = grids.get(id(layer.output)), getattr(layer.output, "shape", ())
        if grid is None or len(shape) != 3:
            continue
        width = width or shape[-1]
        places = grid.rows * grid.columns
        if shape[-1] == width and places > 1 and read.get(id(layer.output)) == _PLACES:
            maps[layer.name] = grid
    return maps


def _of_layer(layer: "keras.layers.Layer", grids: dict[int, TokenGrid]) -> TokenGrid | None:
    """Return the grid of a layer's output; None where it is none of tokens with places."""
    kind, shape = type(layer).__name__, getattr(layer.output, "shape", ())
    tensors = inputs_of(layer)
    if not tensors or not 3 <= len(shape) <= 4:
        return None
    first = grids.get(id(tensors[0]))
    if kind == "Reshape" and len(shape) == 3:
        return first if first and first.tokens == shape[1] else _laid_out(tensors[0], shape)
    if kind == "ZeroPadding1D" and first:
        before, after = layer.padding
        return TokenGrid(first.rows, first.columns, first.before + before, first.after + after)
    if kind == "Cropping1D" and first:
        before, after = (had - cut for had, cut in zip(
            (first.before, first.after), layer.cropping, strict=True
        ))  # fmt: skip
        whole = before >= 0 and after >= 0
        return TokenGrid(first.rows, first.columns, before, after) if whole else None
    if kind == "Concatenate" and layer.axis in (1, -2):
        return _joined(tensors, grids)
    if kind not in _KEEPING:
        return None
    read = tensors[:1] if kind in _MIXING else tensors
    known = [grids[id(tensor)] for tensor in read if id(tensor) in grids]
    axis = 2 if kind in ("AttentionScores", "AttentionWeights") else 1
    return known[0] if known and known[0].tokens == shape[axis] else None


def _laid_out(tensor: Any, shape: tuple[int, ...]) -> TokenGrid | None:
    """Return the grid of a feature map (n, rows, columns, c) that is laid out as (n, tokens, c)."""
    if len(tensor.shape) != 4:
        return None
    rows, columns, channels = tensor.shape[1:]
    fits = rows * columns == shape[1] and channels == shape[2]
    return TokenGrid(rows, columns) if fits else None


def _joined(tensors: list[Any], grids: dict[int, TokenGrid]) -> TokenGrid | None:
    """Return the grid of tokens of which one part has places."""
    places = [number for number, tensor in enumerate(tensors) if id(tensor) in grids]
    if len(places) != 1:
        return None
    (number,) = places
    grid = grids[id(tensors[number])]
    before = sum(tensor.shape[1] for tensor in tensors[:number])
    after = sum(tensor.shape[1] for tensor in tensors[number + 1 :])
    return TokenGrid(grid.rows, grid.columns, grid.before + before, grid.after + after)


def _cuts_places_off(layer: "keras.layers.Layer", grid: TokenGrid | None) -> bool:
    """Say whether a cropping leaves none of the tokens that are places."""
    if grid is None:
        return False
    first, last = layer.cropping[0], grid.tokens - layer.cropping[1]
    return last <= grid.before or first >= grid.tokens - grid.after


def _read_of(model: "keras.Model", grids: dict[int, TokenGrid]) -> dict[int, str]:
    """Say of each tensor that the output is made of whether it is of its places, by its id."""
    read = {id(tensor): _PLACES for tensor in model.outputs}
    for layer in reversed(model.operations):
        wanted = read.get(id(layer.output))
        if wanted is None:
            continue
        kind = type(layer).__name__
        for number, tensor in enumerate(inputs_of(layer)):
            own = wanted
            if kind == "Cropping1D" and _cuts_places_off(layer, grids.get(id(tensor))):
                own = _OTHERS
            elif id(tensor) in grids and (
                id(layer.output) not in grids or (kind in _MIXING and number != _MIXING[kind])
            ):
                own = _PLACES
            if read.get(id(tensor)) != _PLACES:
                read[id(tensor)] = own
    return read
