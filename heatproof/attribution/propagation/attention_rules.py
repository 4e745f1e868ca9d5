"""Rules of relevance for attention: its products and its softmax (AttnLRP).

Achtibat et al. 2024, https://arxiv.org/abs/2402.05602, section 3.3:

- a product of two things that both depend on the image, such as attention weights and values, or
  queries and keys, hands half of its relevance to each (proposition 3.3); each half is shared out
  by the contributions to each sum, as a layer's with the other factor for its kernel.
- softmax s of x (proposition 3.1), by its Taylor decomposition at x:
  R_i = x_i (R'_i - s_i sum_j R'_j). What the decomposition's own bias takes is lost.

The other choice is to take attention weights for constants, as of a gate (Ali et al. 2022,
https://arxiv.org/abs/2202.07304, section 4.2): the values get it all, and keep the sign.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from heatproof.attribution.propagation.affine import Affine

if TYPE_CHECKING:
    import keras


def factor_of(layer: "keras.layers.Layer", place: int, other: Any) -> Affine:
    """Describe a product of two inputs as an affine layer of one of them.

    Args:
        layer: of two inputs, linear in each.
        place: of the input, 0 or 1.
        other: the other input's value, the kernel.
    """
    import tensorflow as tf

    def apply(x: Any, kernel: Any) -> Any:
        return layer([x, kernel] if place == 0 else [kernel, x])

    return Affine(apply, tf.stop_gradient(other), tf.constant(0.0, other.dtype))


def halved(one: Any, other: Any) -> Any:
    """Return what both arguments are; each takes half of its relevance."""
    import tensorflow as tf

    @tf.custom_gradient
    def rule(one: Any, other: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
        del other  # the same
        return tf.identity(one), lambda relevance: (relevance / 2, relevance / 2)

    return rule(one, other)


def softmax_rule(axis: int | list[int]) -> Callable[[Any], Any]:
    """Return softmax along an axis, whose gradient is relevance (proposition 3.1)."""
    import keras
    import tensorflow as tf

    @tf.custom_gradient
    def rule(x: Any) -> tuple[Any, Callable[[Any], Any]]:
        shares = keras.layers.Softmax(axis=axis, dtype=x.dtype.name)(x)

        def backward(relevance: Any) -> Any:
            total = tf.reduce_sum(relevance, axis=axis, keepdims=True)
            return x * (relevance - shares * total)

        return shares, backward

    return rule
