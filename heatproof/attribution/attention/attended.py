"""What the methods of attention share: the weights of a pass, and tokens as pixels.

A method of this kind is one function of the attention weights, of the logit's gradients at them
(or, in their place, of their relevance) and of what is read of the last tokens. It gives each token
a number; what is left is the same for all, and one compiled function from the pixels to the map in
pixels. A token's number is put at the middle of the pixels that it stands for, and those between
are interpolated, as Grad-CAM's cells are (`geometry`).

Of the class token what it says of the others is taken, as in the papers. A network without one
(cct) pools its sequence: the logits read a weighted mean of the tokens, and the pooling weights
take the place of the class token's row. They are the attention of one more query, so that methods
that weigh attention by its gradient weigh them likewise. Where the logits read the mean of the
tokens, each is read alike.

Attention is not explanation. Attention weights say from which tokens a layer takes what it adds to
a token, not what is in them, nor what it does to the logits: other weights may give the same
prediction (Jain & Wallace 2019, https://arxiv.org/abs/1902.10186), and leaving out the largest
often changes less than leaving out others (Serrano & Smith 2019,
https://arxiv.org/abs/1906.03731). After the first layer a token is no more its own place alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.attribution.core import graph
from heatproof.attribution.core.geometry import interpolation
from heatproof.attribution.core.method import Attribution, Method, UnsupportedNetwork
from heatproof.attribution.core.network import Network, target_scores
from heatproof.attribution.core.tokens import CLASS_TOKEN, NoGrid, Tokens, tokens_of


@dataclass(frozen=True)
class Attended:
    """What a pass attended to, tensors of TensorFlow.

    weights: of each layer, the first first, float32 (n, heads, queries, keys); rows sum to 1.
    gradients: of the target's logit at them, alike; () where not asked for. read: how much of each
    token the logits read, (n, tokens): 1 of the class token, the pooling weights, or the same of
    all. read_gradient: of the target's logit at the pooling weights, (n, tokens); None where not
    asked for, and where what is read is fixed.
    """

    weights: tuple[Any, ...]
    gradients: tuple[Any, ...]
    read: Any
    read_gradient: Any = None


# Attended -> each token's number, (n, tokens), the class token's among them. A function of a
# module, since what is compiled with it is kept under it.
Weighting = Callable[[Attended], Any]


def method(*, name: str, weighting: Weighting, gradients: bool, **facts: Any) -> Method:
    """Return the record of a method of attention, with the other `facts` of a `Method`.

    gradients: whether it needs those of the logit at the attention weights.
    """

    def explained(network: Network, images: np.ndarray, targets: np.ndarray) -> Attribution:
        return explain(network, images, targets, weighting, gradients)

    return Method(
        name=name,
        family="attention",
        needs="attention",
        explain=explained,
        signed=False,
        overlay=True,
        colours="viridis",
        **facts,
    )


def explain(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    weighting: Weighting,
    gradients: bool,
) -> Attribution:
    """Attribute to regions what their tokens are given, laid over the image.

    Raises:
        UnsupportedNetwork: the tokens form no grid, or it is not known what is read of them.
    """
    tokens = supported(network)

    def function(batch: Any, batch_targets: Any) -> Any:
        attended = attention(network, tokens, batch, batch_targets, gradients)
        return in_pixels(network, tokens, weighting(attended))

    compiled = network.compiled(("attention", weighting, gradients), function)
    return Attribution(network.in_batches(compiled, images, targets))


def supported(network: Network) -> Tokens:
    """Return what a network's tokens are.

    Raises:
        UnsupportedNetwork: they form no grid, or it is not known what is read of them.
    """
    try:
        return tokens_of(network.model)
    except NoGrid as reason:
        raise UnsupportedNetwork(f"the network attends, but {reason}") from None


def attention(
    network: Network, tokens: Tokens, batch: Any, targets: Any, gradients: bool
) -> Attended:
    """Pass a batch and return what was attended to, for use inside a compiled function."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        outputs = graph.run(network.model, batch, lambda _: None)
        score = target_scores(list(outputs.values())[-1], targets)
    weights = [outputs[name] for name in tokens.layers]
    pooling = [outputs[tokens.pooling]] if tokens.pooling else []
    read = pooling[0][..., 0] if pooling else _fixed(tokens, weights[0])
    if not gradients:
        return Attended(tuple(weights), (), read)
    # From the score to the first layer's weights, and no further back.
    found: Any = tape.gradient(
        score, [*weights, *pooling], unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    at_weights, at_pooling = found[: len(weights)], found[len(weights) :]
    return Attended(
        tuple(weights), tuple(at_weights), read, at_pooling[0][..., 0] if pooling else None
    )


def _fixed(tokens: Tokens, weights: Any) -> Any:
    """Return what is read of each token where that is the same in every image, (n, tokens)."""
    import tensorflow as tf

    count = weights.shape[-1]
    if tokens.reader == CLASS_TOKEN:
        row = tf.one_hot(tokens.class_token, count, dtype=weights.dtype)
    else:
        row = tf.fill((count,), tf.constant(1 / count, weights.dtype))
    return row * tf.ones_like(weights[:, 0, 0])


def in_pixels(network: Network, tokens: Tokens, values: Any) -> Any:
    """Lay what the tokens were given, (n, tokens), over the image: (n, height, width)."""
    import tensorflow as tf

    rows, columns = (
        tf.constant(interpolation(axis, pixels), values.dtype)
        for axis, pixels in zip(tokens.axes, network.image_shape[:2], strict=True)
    )
    grid = tf.reshape(tokens.places(values), (-1, tokens.grid.rows, tokens.grid.columns))
    return tf.matmul(tf.matmul(rows, grid), columns, transpose_b=True)  # (h,i) (n,i,j) (j,w)


def mean_of_heads(weights: Any) -> Any:
    """Return the mean over the heads, (n, queries, keys) of (n, heads, queries, keys)."""
    import tensorflow as tf

    return tf.reduce_mean(weights, axis=1)


def positive(weights: Any, gradients: Any) -> Any:
    """Return E_h((∇A ⊙ A)⁺), (n, queries, keys): what of the attention raises the logit.

    Chefer et al. 2021, https://arxiv.org/abs/2103.15679, equation 5.
    """
    import tensorflow as tf

    return mean_of_heads(tf.nn.relu(gradients * weights))


def positive_read(attended: Attended) -> Any:
    """Return what is read of each token, (n, tokens); pooling weights as `positive` has them."""
    import tensorflow as tf

    if attended.read_gradient is None:
        return attended.read
    return tf.nn.relu(attended.read_gradient * attended.read)


def last_first(attended: Attended) -> Iterator[tuple[Any, Any]]:
    """Give each layer's weights with their gradients, the last layer first."""
    pairs = list(zip(attended.weights, attended.gradients, strict=True))
    return reversed(pairs)


def through(row: Any, matrix: Any) -> Any:
    """Multiply a row (n, tokens) with a matrix (n, tokens, tokens).

    One row at a time, from the last layer down, so that no product of matrices is computed of which
    one row is wanted.
    """
    import tensorflow as tf

    return tf.einsum("nq,nqk->nk", row, matrix)
