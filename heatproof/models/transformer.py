"""The pieces that transformers of images share: tokens, their places, blocks of attention.

As in `layers`, every function takes a KerasTensor and gives a KerasTensor, so that a network stays
one flat graph of public Keras layers. Tokens are (n, tokens, channels); those of a feature map are
its places, row by row.
"""

import keras
from keras import KerasTensor

from heatproof.models.attention import MultiHeadAttention
from heatproof.models.layer_normalisation import LayerNormalization

EPSILON = 1e-6  # of layer normalisation, as in the program of Dosovitskiy et al. 2020


def tokens(x: KerasTensor) -> KerasTensor:
    """Lay the places of a feature map out as tokens: (n, h, w, c) -> (n, h * w, c)."""
    rows, columns, channels = x.shape[1:]
    return keras.layers.Reshape((rows * columns, channels), name="tokens")(x)


def class_token(x: KerasTensor) -> KerasTensor:
    """Put a token of zeros before the others: (n, t, c) -> (n, 1 + t, c).

    What `positions` adds to it is the learned class token: nothing else of it is needed.
    """
    return keras.layers.ZeroPadding1D((1, 0), name="class_token")(x)


def positions(x: KerasTensor) -> KerasTensor:
    """Add a learned vector to each token: (n, t, c) -> (n, t, c).

    A layer of Keras' own that does nothing else does not exist. This one multiplies each channel by
    a weight too, one at the start, which the layer before could do as well.
    """
    places = keras.layers.EinsumDense(
        "ntc,c->ntc",
        output_shape=tuple(x.shape[1:]),
        bias_axes="tc",
        kernel_initializer="ones",
        bias_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name="positions",
    )
    return places(x)


def layer_norm(x: KerasTensor, *, name: str) -> KerasTensor:
    """Normalise each token over its channels (https://arxiv.org/abs/1607.06450)."""
    return LayerNormalization(epsilon=EPSILON, name=name)(x)


def block(
    x: KerasTensor,
    *,
    heads: int,
    head_width: int,
    hidden: int,
    dropout: float,
    attention_dropout: float,
    stochastic_depth: float,
    name: str,
) -> KerasTensor:
    """Let tokens attend to each other, then pass each through two dense layers.

    Equations 2 and 3 of Dosovitskiy et al. 2020 (https://arxiv.org/abs/2010.11929): both halves are
    normalised first and added to what they read.

    Args:
        x: (n, tokens, channels).
        heads: of the attention.
        head_width: channels of the queries, keys and values of each head.
        hidden: units between the two dense layers.
        dropout: share of the values that is dropped in training, after each dense layer.
        attention_dropout: share of the attention weights that is dropped in training.
        stochastic_depth: how probably a half is left out for an image in training (Huang et al.
            2016, https://arxiv.org/abs/1603.09382).
        name: with which the names of its layers begin.
    """
    attended = layer_norm(x, name=f"{name}_norm1")
    attended = MultiHeadAttention(
        heads, head_width, dropout=attention_dropout, name=f"{name}_attention"
    )(attended, attended)
    x = _added(x, attended, stochastic_depth, f"{name}_depth1", f"{name}_add1")
    fed = layer_norm(x, name=f"{name}_norm2")
    fed = keras.layers.Dense(hidden, name=f"{name}_dense1")(fed)
    fed = keras.layers.Activation("gelu", name=f"{name}_gelu")(fed)
    fed = _dropped(fed, dropout, f"{name}_dropout1")
    fed = keras.layers.Dense(x.shape[-1], name=f"{name}_dense2")(fed)
    fed = _dropped(fed, dropout, f"{name}_dropout2")
    return _added(x, fed, stochastic_depth, f"{name}_depth2", f"{name}_add2")


def depths(rate: float, blocks: int) -> list[float]:
    """Return the stochastic depth of each block: from 0 in the first to `rate` in the last."""
    return [rate * number / max(blocks - 1, 1) for number in range(blocks)]


def sequence_pooling(x: KerasTensor) -> KerasTensor:
    """Average the tokens by weights that are made of them: (n, t, c) -> (n, c).

    Hassani et al. 2021 (https://arxiv.org/abs/2104.05704), equations 2 and 3.
    """
    scores = keras.layers.Dense(1, name="pool_scores")(x)
    weights = keras.layers.Softmax(axis=1, name="pool_weights")(scores)
    pooled = keras.layers.Dot(axes=1, name="pool")([weights, x])
    return keras.layers.Flatten(name="pooled")(pooled)


def first_token(x: KerasTensor) -> KerasTensor:
    """Keep the first token: (n, t, c) -> (n, c)."""
    first = keras.layers.Cropping1D((0, x.shape[1] - 1), name="first_token")(x)
    return keras.layers.Flatten(name="flatten")(first)


def _added(x: KerasTensor, branch: KerasTensor, rate: float, drop: str, name: str) -> KerasTensor:
    if rate:
        # One number for all of an image's values: the branch is left out, or is divided by the
        # probability that it is not.
        branch = keras.layers.Dropout(rate, noise_shape=(None, 1, 1), name=drop)(branch)
    return keras.layers.Add(name=name)([x, branch])


def _dropped(x: KerasTensor, rate: float, name: str) -> KerasTensor:
    return keras.layers.Dropout(rate, name=name)(x) if rate else x
