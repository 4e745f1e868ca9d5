"""Content and style: a picture with the features of one and the Gram matrices of another.

Gatys, Ecker & Bethge 2016, https://arxiv.org/abs/1508.06576. A layer's Gram matrix has for each
pair of channels the mean over places of their product (equation 3): which features come together,
and not where. Both losses are relative here, as in feature inversion, so that layers of any size
and scale count alike; in the paper they are divided by constants (equations 1 and 4).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from heatproof.attribution.core.network import Network
from heatproof.inversion.depth import values_in_loop
from heatproof.inversion.descent import descend, relative_error, sizes
from heatproof.inversion.options import InversionOptions

MAX_CHANNELS = 128  # of a layer whose Gram matrices are compared, the first ones
TILES = 4  # along a side of an image that is taken apart


def gram(features: Any) -> Any:
    """Return Gram matrices over places, (n, k, k), of features (n, rows, columns, k)."""
    import tensorflow as tf

    rows, columns, channels = features.shape[1:]
    flat = tf.reshape(features, (-1, rows * columns, channels))
    return tf.matmul(flat, flat, transpose_a=True) / float(rows * columns)


def synthesise(
    network: Network,
    contents: np.ndarray,
    styles: np.ndarray,
    layers: tuple[str, Sequence[str]],
    options: InversionOptions,
) -> np.ndarray:
    """Make a picture of each content with the style beside it, from the content on.

    Args:
        network: whose features are taken.
        contents: float32 (n, height, width, channels) in [0, 1].
        styles: like `contents`.
        layers: of the content; and of the style, each with the same weight.
        options: steps and weights.

    Returns:
        float32 like `contents`.
    """
    of_content, of_style = layers[0], tuple(layers[1])

    def search(content: Any, style: Any, step_sizes: Any, weights: Any) -> Any:
        kept = values_in_loop(network.model, of_content, content)
        wanted = [gram(values_in_loop(network.model, name, style)) for name in of_style]

        def loss(found: Any) -> Any:
            total = weights[2] * relative_error(
                values_in_loop(network.model, of_content, found), kept
            )
            for name, matrix in zip(of_style, wanted, strict=True):
                found_matrix = gram(values_in_loop(network.model, name, found))
                total += weights[3] / len(of_style) * relative_error(found_matrix, matrix)
            return total

        return descend(content, loss, step_sizes, weights)

    compiled = network.compiled(("style", of_content, of_style), search)
    step_sizes = sizes(options.style.steps, options.step_size)
    weights = np.array(
        [
            options.total_variation,
            options.alpha_norm,
            options.style.content_weight,
            options.style.style_weight,
        ],
        np.float32,
    )
    return network.in_batches(
        lambda *batch: compiled(*batch, step_sizes, weights), contents, styles
    )


def style_distance(
    network: Network, layer: str, images: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Return the relative distance of Gram matrices, (n,): 0 for the same picture.

    Args:
        network: the network to look into.
        layer: one with places.
        images: float32 (n, height, width, channels) in [0, 1], whose style is wanted.
        others: like `images`.
    """

    def function(batch: Any, other: Any) -> Any:
        wanted, found = (gram(values_in_loop(network.model, layer, x)) for x in (batch, other))
        return relative_error(found, wanted)

    return network.in_batches(network.compiled(("style far", layer), function), images, others)


def gram_matrices(network: Network, layer: str, images: np.ndarray) -> np.ndarray:
    """Return each image's Gram matrix of the layer's first channels as a row, float32 (n, k²)."""
    import tensorflow as tf

    def function(batch: Any) -> Any:
        features = values_in_loop(network.model, layer, batch)[..., :MAX_CHANNELS]
        return tf.reshape(gram(features), (-1, features.shape[-1] ** 2))

    return network.in_batches(network.compiled(("grams", layer), function), images)


def nearest_agrees(rows: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of rows whose nearest other row, by direction, is of their class.

    Args:
        rows: float (n, values), such as Gram matrices; compared by the cosine.
        labels: int (n,).
    """
    exact = rows.astype(np.float64)
    lengths = np.sqrt((exact**2).sum(axis=1, keepdims=True))
    unit = np.divide(exact, lengths, out=np.zeros_like(exact), where=lengths > 0)
    likeness = unit @ unit.T
    np.fill_diagonal(likeness, -np.inf)
    return float((labels[likeness.argmax(axis=1)] == labels).mean())


def taken_apart(images: np.ndarray, seed: int) -> np.ndarray:
    """Put the tiles of images in random order: the same details, at other places.

    What is left over where a side is no multiple of the tiles stays as it is.
    """
    count, height, width, channels = images.shape
    down, across = height // TILES, width // TILES
    inside = images[:, : down * TILES, : across * TILES]
    tiles = inside.reshape(count, TILES, down, TILES, across, channels).swapaxes(2, 3)
    tiles = tiles.reshape(count, TILES**2, down, across, channels)
    order = np.random.default_rng(seed).permutation(TILES**2)
    moved = tiles[:, order].reshape(count, TILES, TILES, down, across, channels).swapaxes(2, 3)
    result = images.copy()
    result[:, : down * TILES, : across * TILES] = moved.reshape(inside.shape)
    return result


def stripes(shape: tuple[int, int, int]) -> np.ndarray:
    """Return a picture of slanting stripes, orange and blue where it has colours, float32.

    It has a style and no content: everywhere the same few details.
    """
    height, width, channels = shape
    rows, columns = np.indices((height, width))
    high = ((rows + columns) // 3 % 2 == 0)[..., None]
    bright, dark = np.array([0.95, 0.6, 0.1]), np.array([0.1, 0.25, 0.6])
    if channels != 3:
        bright, dark = np.full(channels, 0.9), np.full(channels, 0.1)
    return np.where(high, bright, dark).astype(np.float32)
