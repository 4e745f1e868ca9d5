"""A layer of attention as the steps that it is made of, each a layer of its own.

Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, equation 1: queries, keys and values are
projections; scores are products of queries and keys; their softmax over the keys, the attention
weights, says how much of each value comes to a query; what has come is projected once more.

Explaining needs each step by itself: rules of relevance, and the attention weights. The parts have
the same weights and, dropout aside, which acts in training alone, give the same numbers.
"""

from typing import Any

import keras
import numpy as np

PROJECTED = ("query", "key", "value")


class AttentionScores(keras.layers.Layer):
    """Products of queries (n, q, heads, c) and keys (n, k, heads, c), scaled: (n, heads, q, k)."""

    def __init__(self, scale: float, **options: Any) -> None:
        """`scale` multiplies each product; it is 1 / √c."""
        super().__init__(**options)
        self.scale = scale

    def call(self, inputs):
        """Give the scores of the pair (queries, keys)."""
        queries, keys = inputs
        return keras.ops.einsum("nqhc,nkhc->nhqk", queries * self.scale, keys)

    def compute_output_shape(self, input_shape):
        """Give (n, heads, queries, keys)."""
        (batch, queries, heads, _), (_, keys, *_) = input_shape
        return batch, heads, queries, keys

    def get_config(self):
        """Give what the layer is made of."""
        return super().get_config() | {"scale": self.scale}


class AttentionWeights(keras.layers.Softmax):
    """How much each query takes of each key: (n, heads, queries, keys), of sum 1 over the keys."""


class AttendedValues(keras.layers.Layer):
    """What comes to each query, (n, q, heads, c), of values (n, k, heads, c) by their weights."""

    def call(self, inputs):
        """Give what comes of the pair (attention weights, values)."""
        weights, values = inputs
        return keras.ops.einsum("nhqk,nkhc->nqhc", weights, values)

    def compute_output_shape(self, input_shape):
        """Give (n, queries, heads, channels)."""
        (batch, heads, queries, _), (*_, channels) = input_shape
        return batch, queries, heads, channels


def why_whole(layer: keras.Layer) -> str:
    """Return why a layer of attention cannot be taken apart; "" where it can, or is none.

    Args:
        layer: of a functional network.
    """
    if not isinstance(layer, keras.layers.MultiHeadAttention):
        return ""
    given = layer._inbound_nodes[0].arguments
    options = {name: each for name, each in given.kwargs.items() if name not in PROJECTED}
    masks = [name for name in options if "mask" in name and options[name] is not None]
    config = layer.get_config()
    if [name for name in masks if options[name] is not False] or any(
        getattr(tensor, "_keras_mask", None) is not None for tensor in _read(layer)
    ):
        return "its attention is masked"
    if config.get("sliding_window"):
        return "its attention is limited to a window"
    if config.get("use_gate"):
        return "its attention is gated"
    if options.get("return_attention_scores"):
        return "it hands on its attention weights"
    if any(len(tensor.shape) != 3 for tensor in _read(layer)) or len(layer.output.shape) != 3:
        return "it attends along more than one axis"
    return ""


def is_split(layer: keras.Layer) -> bool:
    """Say whether a layer is one of attention that can be taken apart."""
    return isinstance(layer, keras.layers.MultiHeadAttention) and not why_whole(layer)


def split(layer: keras.Layer, dtype: str, *inputs: Any, **options: Any) -> Any:
    """Call a copy of a layer of attention in its parts.

    They are called as the layer with _query, _key, _value, _scores, _weights and _values behind;
    the last projection is called as the layer itself. `parts_weights` fills them.

    Args:
        layer: that `is_split`.
        dtype: of what the parts hold and compute.
        inputs: query, value and key, as the layer is called.
        options: the same by name.

    Returns:
        the output, (n, queries, channels).
    """
    read = dict(zip(("query", "value", "key"), inputs, strict=False)) | {
        name: each for name, each in options.items() if name in PROJECTED
    }
    read.setdefault("key", read["value"])
    config = layer.get_config()
    heads, width, bias = config["num_heads"], config["key_dim"], config["use_bias"]
    widths = {"query": width, "key": width, "value": config["value_dim"]}
    projected = {
        part: keras.layers.EinsumDense(
            "ntc,chd->nthd",
            output_shape=(read[part].shape[1], heads, widths[part]),
            bias_axes="hd" if bias else None,
            name=f"{layer.name}_{part}",
            dtype=dtype,
        )(read[part])
        for part in PROJECTED
    }
    scores = AttentionScores(width**-0.5, name=f"{layer.name}_scores", dtype=dtype)(
        [projected["query"], projected["key"]]
    )
    weights = AttentionWeights(name=f"{layer.name}_weights", dtype=dtype)(scores)
    attended = AttendedValues(name=f"{layer.name}_values", dtype=dtype)(
        [weights, projected["value"]]
    )
    return keras.layers.EinsumDense(
        "nthd,hdc->ntc",
        output_shape=tuple(layer.output.shape[1:]),
        bias_axes="c" if bias else None,
        name=layer.name,
        dtype=dtype,
    )(attended)


def parts_weights(layer: keras.Layer, dtype: str) -> dict[str, list[np.ndarray]]:
    """Return the weights of each part that has some, by its name (see `split`)."""
    parts = {f"{layer.name}_{part}": getattr(layer, f"{part}_dense") for part in PROJECTED}
    parts[layer.name] = layer.output_dense
    return {
        name: [np.asarray(keras.ops.convert_to_numpy(each), dtype) for each in part.weights]
        for name, part in parts.items()
    }


def _read(layer: keras.Layer) -> list[Any]:
    return layer.input if isinstance(layer.input, list) else [layer.input]
