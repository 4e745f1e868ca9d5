"""Attention whose three readers hand back one gradient, where TensorFlow trains.

Self-attention makes queries, keys and values of one tensor, so that three gradients meet at it.
TensorFlow adds more than two in the order in which they happen to come (`runtime.configure`), and
trainings would not repeat bit for bit. Here each reader has a tensor of its own, and their
gradients are added in one order.
"""

from typing import Any

import keras


class MultiHeadAttention(keras.layers.MultiHeadAttention):
    """Keras' layer of this name, with the same weights, numbers and configuration."""

    def call(self, query, value, key=None, **options):
        """Attend (n, queries, channels) to (n, keys, channels); see keras' own layer."""
        key = value if key is None else key
        if keras.backend.backend() == "tensorflow" and query is value and value is key:
            query, value, key = parted(query, 3)
        return super().call(query, value, key=key, **options)


def parted(tensor: Any, count: int) -> list[Any]:
    """Return a tensor `count` times, whose gradients are added in the order of the list."""
    import tensorflow as tf

    @tf.custom_gradient
    def function(tensor: Any) -> Any:
        def gradient(*upstream: Any) -> Any:
            # A sum of a stack, which no optimiser of graphs takes for a sum of `count` tensors.
            return tf.reduce_sum(tf.stack(upstream), axis=0)

        return [tf.identity(tensor) for _ in range(count)], gradient

    return list(function(tensor))
