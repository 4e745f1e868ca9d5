"""What each head of each attention layer attends to, and how far heads agree.

Of a network that attends, for some images: what the reader's token takes of each token by way of
each head, as small maps. And of all explained images three numbers of each layer:

- Agreement of heads: Spearman's rank correlation between the maps of every two heads of an image,
  mean over pairs; the mean over images, with their standard deviation. Heads that agree do the same
  work twice, and their mean says what each says; where they do not, the mean is nobody's map.
- Entropy of each query's weights over the keys, as a share of log(keys), the most there can be: 1
  where a head attends to all alike, 0 where to one.
- Mean attention distance (Dosovitskiy et al. 2020, https://arxiv.org/abs/2010.11929, section 4.5):
  how far from a token's place lie the places that it attends to, in pixels, weighted by attention.
  The class token has no place and is left out. A head that attends to all places alike has the
  mean distance of all places, which is given beside it.

Attention is not explanation: see `attribution.attention.attended`.
"""

from itertools import combinations
from typing import Any

import numpy as np

from heatproof.attribution.attention.attended import attention, supported
from heatproof.attribution.core.method import UnsupportedNetwork
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.tokens import Tokens
from heatproof.statistics.correlation import rank_correlation


def heads(
    network: Network, images: np.ndarray, shown: int
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Look at the heads of a network.

    Args:
        network: one that attends.
        images: float32 (n, height, width, channels) in [0, 1], of which the numbers are.
        shown: of so many, the first, the maps are kept.

    Returns:
        layer -> float32 (shown, heads, rows, columns), the share of the attention that each place
        gets; and `images`, `tokens` (rows, columns), `reader`, `uniform_distance` in pixels, and
        `layers`: layer -> `heads`, `agreement` and `agreement_std` (None of a single head, or where
        maps have no order), `entropy` and `distance`, one of each head; or `unsupported`, the
        reason why a network has none of this.
    """
    try:
        tokens = supported(network)
    except UnsupportedNetwork as reason:
        return {}, {"unsupported": str(reason)}
    apart, grid = distances(tokens), (tokens.grid.rows, tokens.grid.columns)

    def function(batch: Any) -> tuple[Any, ...]:
        return _of_heads(network, tokens, apart.astype(np.float32), batch)

    found = network.in_batches(network.compiled("attention heads", function), images)
    maps, layers = {}, {}
    # Of each layer the reader's row by way of each head, the entropy and the distance of each head.
    for place, name in enumerate(tokens.layers):
        rows, entropy, distance = found[3 * place : 3 * place + 3]
        maps[name] = rows[:shown].reshape(-1, rows.shape[1], *grid)
        between = agreement(rows.reshape(len(rows), rows.shape[1], *grid))
        known = between[~np.isnan(between)]
        layers[name] = {
            "heads": int(rows.shape[1]),
            "agreement": float(known.mean()) if len(known) else None,
            "agreement_std": float(known.std()) if len(known) else None,
            "entropy": [float(each) for each in entropy.mean(axis=0, dtype=np.float64)],
            "distance": [float(each) for each in distance.mean(axis=0, dtype=np.float64)],
        }
    return maps, {
        "images": len(images),
        "tokens": list(grid),
        "reader": tokens.reader,
        "uniform_distance": float(apart.mean()),
        "layers": layers,
    }


def agreement(maps: np.ndarray) -> np.ndarray:
    """Return the mean rank correlation of every two heads' maps of an image.

    Args:
        maps: float (n, heads, rows, columns).

    Returns:
        float64 (n,) in [-1, 1]; NaN of a single head, and where no two maps have an order.
    """
    pairs = [
        rank_correlation(maps[:, one], maps[:, other])
        for one, other in combinations(range(maps.shape[1]), 2)
    ]
    if not pairs:
        return np.full(len(maps), np.nan)
    known = ~np.isnan(pairs)
    sums, counts = np.where(known, pairs, 0).sum(axis=0), known.sum(axis=0)
    return np.divide(sums, counts, out=np.full(len(maps), np.nan), where=counts > 0)


def distances(tokens: Tokens) -> np.ndarray:
    """Return how far apart any two places are, float64 (places, places), in pixels."""
    rows, columns = (np.arange(axis.cells) * axis.jump for axis in tokens.axes)
    places = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
    return np.sqrt(((places[:, None] - places) ** 2).sum(axis=-1))


def _of_heads(network: Network, tokens: Tokens, apart: np.ndarray, batch: Any) -> tuple[Any, ...]:
    """Return of each layer the reader's row, (n, heads, places), entropy, distance (n, heads)."""
    import tensorflow as tf

    # Of no class in particular: the weights are the same for all.
    targets = tf.zeros(tf.shape(batch)[0], tf.int64)
    attended = attention(network, tokens, batch, targets, gradients=False)
    found = []
    for weights in attended.weights:
        rows = tokens.places(tf.einsum("nq,nhqk->nhk", attended.read, weights))
        keys = tf.cast(weights.shape[-1], weights.dtype)
        logarithms = tf.math.log(tf.maximum(weights, 1e-30))
        # Of one key alone, to which all attend, the most there can be is 0 as well.
        entropy = tf.math.divide_no_nan(
            -tf.reduce_sum(weights * logarithms, axis=-1), tf.math.log(keys)
        )
        queries = tokens.places(tf.linalg.matrix_transpose(weights))
        places = tokens.places(tf.linalg.matrix_transpose(queries))
        distance = tf.math.divide_no_nan(
            tf.reduce_sum(places * apart, axis=-1), tf.reduce_sum(places, axis=-1)
        )
        found += [rows, tf.reduce_mean(entropy, axis=-1), tf.reduce_mean(distance, axis=-1)]
    return tuple(found)
