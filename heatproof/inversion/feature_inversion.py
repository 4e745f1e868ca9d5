"""Feature inversion: an image that a layer takes for another one (Mahendran & Vedaldi 2015).

https://arxiv.org/abs/1412.0035, equations 1 to 4: the image x with the least
|f(x) - f(x0)|² / |f(x0)|², f what the layer gives, beside its total variation (beta = 2) and its
alpha-norm (alpha = 6). In what x differs from x0, the layer does not tell the two apart, or the
search did not find it: the error that is left says which.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.attribution.core.network import Network
from heatproof.inversion.depth import values_in_loop
from heatproof.inversion.descent import descend, relative_error, sizes, start
from heatproof.inversion.options import InversionOptions


@dataclass(frozen=True)
class Inverted:
    """What was found: images float32 (n, height, width, channels), and their error (n,)."""

    images: np.ndarray
    error: np.ndarray


def invert(
    network: Network, layer: str, images: np.ndarray, options: InversionOptions, seed: int
) -> Inverted:
    """Seek images that a layer takes for those given, from the same grey one for all.

    Args:
        network: the network to look into.
        layer: a layer's name, or LOGITS.
        images: float32 (n, height, width, channels) in [0, 1].
        options: steps, their size, and the weights of what keeps the image natural.
        seed: of where it starts.

    Raises:
        FloatingPointError: a value is NaN or infinite.
    """

    def search(begin: Any, batch: Any, step_sizes: Any, weights: Any) -> Any:
        wanted = values_in_loop(network.model, layer, batch)

        def loss(found: Any) -> Any:
            return relative_error(values_in_loop(network.model, layer, found), wanted)

        found = descend(begin, loss, step_sizes, weights)
        return found, loss(found)

    compiled = network.compiled(("invert", layer), search)
    step_sizes = sizes(options.steps, options.step_size)
    weights = np.array([options.total_variation, options.alpha_norm], np.float32)
    begin = np.broadcast_to(start(images.shape[1:], seed), images.shape)
    found, error = network.in_batches(
        lambda *batch: compiled(*batch, step_sizes, weights), begin, images
    )
    return Inverted(found, error)


def distance(network: Network, layer: str, images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how far a layer takes other images to be from given ones: the same error, (n,).

    Args:
        network: the network to look into.
        layer: a layer's name, or LOGITS.
        images: float32 (n, height, width, channels) in [0, 1], the ones that are wanted.
        others: like `images`.
    """

    def function(batch: Any, other: Any) -> Any:
        wanted, found = (values_in_loop(network.model, layer, each) for each in (batch, other))
        return relative_error(found, wanted)

    return network.in_batches(network.compiled(("far", layer), function), images, others)


def pixel_distance(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the root mean square of pixels' differences, (n,), of images in [0, 1]."""
    return np.sqrt(((images - others) ** 2).mean(axis=(1, 2, 3)))
