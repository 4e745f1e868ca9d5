"""What training images and test images are to a network's last layer: features and errors.

The gradient of an image's cross-entropy loss by the weights of a dense last layer is the outer
product of its features, what the layer reads and a 1 for the bias, and of its error, softmax less
one-hot label. So an inner product of two gradients is one of features times one of errors, and no
gradient is ever kept (Pruthi et al. 2020, https://arxiv.org/abs/2002.08484).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.core import graph
from heatproof.attribution.core.network import Network
from heatproof.storage.images import Images

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Compared:
    """Training images beside explained ones, as the last layer sees them.

    inner: float64 (n, m), inner products of features, without the 1 for the bias. squared, float64
    (n,), and explained_squared, (m,): of features with themselves. logits, float64 (n, classes),
    and explained_logits, (m, classes). bias: 1 where the layer has one, else 0.
    """

    inner: np.ndarray
    squared: np.ndarray
    explained_squared: np.ndarray
    logits: np.ndarray
    explained_logits: np.ndarray
    bias: int


def errors(logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return d cross-entropy / d logits, float64 (n, classes): softmax less one-hot.

    Args:
        logits: float (n, classes).
        classes: int64 (n,), of the loss: labels, or the classes predicted.
    """
    exact = logits.astype(np.float64)
    shares = np.exp(exact - exact.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    rows = np.arange(len(shares))
    # Not p - 1: of a network that is sure of the class nothing would be left but rounding.
    shares[rows, classes] = 0
    shares[rows, classes] = -shares.sum(axis=1)
    return shares


def last_dense(model: "keras.Model") -> "keras.layers.Dense | None":
    """Return the layer that gives the logits, if it is a dense one of a vector; else None."""
    import keras

    last = next(layer for layer in model.operations if layer.output is model.output)
    plain = isinstance(last, keras.layers.Dense) and len(last.input.shape) == 2
    return last if plain else None


def not_possible(network: Network) -> str:
    """Say why a network's last layer has no such gradients; "" where it has.

    Where weights are shared between places, as by a convolution that is averaged afterwards, the
    gradient is a sum of as many outer products as there are places.
    """
    if network.opaque:
        return f"the network’s last layer is needed, and {network.opaque} shows no layers"
    if last_dense(network.trained) is not None:
        return ""
    last = network.trained.layers[-1]
    return (
        f"the logits are not of a dense layer, but of {last.name} ({type(last).__name__}), whose "
        "gradient is no product of features and error"
    )


def features(network: Network, images: Images, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Return what the last layer reads, float32 (a batch, units) at a time.

    Of the network as it was trained: folding may change it.

    Args:
        network: one of which `not_possible` says "".
        images: uint8 (n, height, width, channels).
        rows: int64, which of them.

    Raises:
        FloatingPointError: a feature is NaN or infinite.
    """
    last = last_dense(network.trained)
    assert last is not None, "not_possible says so first"
    read = partial(graph.value, network.trained, wanted=last.input)
    compiled = network.compiled("what the last layer reads", lambda batch: read(batch))
    for start in range(0, len(rows), network.batch_size):
        batch = images[rows[start : start + network.batch_size]]
        yield network.in_batches(compiled, batch.astype(np.float32) / 255)


def compare(
    network: Network,
    training: tuple[Images, np.ndarray],
    explained: tuple[Images, np.ndarray],
) -> Compared:
    """Pass images up to the last layer, and compare what it reads of them.

    Args:
        network: one of which `not_possible` says "".
        training: images, uint8 (many, height, width, channels), and which of them, int64 (n,).
        explained: the same of the m explained ones, whose features are kept in memory.
    """
    from threadpoolctl import threadpool_limits

    last = last_dense(network.trained)
    assert last is not None, "not_possible says so first"
    kernel, *rest = (np.asarray(each, np.float64) for each in last.get_weights())
    offset: Any = rest[0] if rest else 0.0
    with threadpool_limits(1, user_api="blas"):  # more threads add in another order
        other = np.concatenate([*features(network, *explained)]).astype(np.float64)
        parts = []
        for batch in features(network, *training):
            exact = batch.astype(np.float64)
            parts.append((exact @ other.T, np.square(exact).sum(axis=1), exact @ kernel + offset))
        inner, squared, logits = (np.concatenate(each) for each in zip(*parts, strict=True))
        given = other @ kernel + offset
    return Compared(inner, squared, np.square(other).sum(axis=1), logits, given, len(rest))
