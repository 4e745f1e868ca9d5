"""The rules of layer-wise relevance propagation, each a layer whose gradient is relevance.

A rule computes what the layer computes, and its gradient (`tf.custom_gradient`) takes the relevance
of the layer's outputs in place of a gradient, and gives that of its inputs. With such layers the
network's ordinary backward pass is the whole method.

Both rules share out an output's relevance R_j by the contributions z_ij = x_i w_ij to
z_j = sum_i z_ij + b_j (equation numbers of Bach et al. 2015,
https://doi.org/10.1371/journal.pone.0130140):

- epsilon (eq. 58): R_i = sum_j z_ij / (z_j ± epsilon) R_j, the sign being z_j's. What goes to
  epsilon and to the bias is lost.
- alpha-beta (eq. 60, with beta = alpha - 1 and its sign written out):
  R_i = sum_j (alpha z+_ij / z+_j - beta z-_ij / z-_j) R_j, positive and negative contributions
  apart. A positive bias counts among the positive contributions, a negative one among the
  negative; its share is lost. An output with contributions of one sign only gives them all of its
  relevance: the equation says nothing there, and no relevance is to appear or disappear.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from heatproof.attribution.propagation.lrp_layers import (
    MOVING,
    PASSING,
    Affine,
    affine,
    never_negative,
)

if TYPE_CHECKING:
    import keras

# Contributions below this count as this: relevance divided by them would not be finite.
TINY = 1e-20

# (the layer, whether its inputs are never negative) -> what to compute in its place.
Share = Callable[[Affine, bool], Callable[[Any], Any]]


def rules(model: "keras.Model", share: Share) -> Callable[["keras.layers.Layer"], Any]:
    """Return what `graph.run` asks for each layer: what to compute in its place.

    Args:
        model: a flat functional network that `lrp_layers.require_rules` lets pass.
        share: the rule for affine layers.
    """
    import tensorflow as tf

    positive = never_negative(model)

    def rule_for(layer: "keras.layers.Layer") -> Callable[..., Any] | None:
        kind = type(layer).__name__
        if kind in MOVING:
            return None
        if kind in PASSING:
            return _passed(layer)
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        rule = share(affine(layer), all(id(tensor) in positive for tensor in inputs))
        return (lambda *branches: rule(tf.stack(branches))) if kind == "Add" else rule

    return rule_for


def epsilon_rule(epsilon: float) -> Share:
    """Return eq. 58. Epsilon is a share of the root mean square of the layer's outputs.

    As in the program that goes with Montavon et al. 2019
    (https://doi.org/10.1007/978-3-030-28954-6_10), since layers differ in scale; of each image by
    itself.
    """
    import tensorflow as tf

    def share(layer: Affine, _: bool) -> Callable[[Any], Any]:
        @tf.custom_gradient
        def rule(x: Any) -> tuple[Any, Callable[[Any], Any]]:
            z = layer.apply(x, layer.kernel) + layer.bias

            def backward(relevance: Any) -> Any:
                square = tf.reduce_mean(z * z, axis=list(range(1, len(z.shape))), keepdims=True)
                small = epsilon * tf.sqrt(square)
                stable = z + tf.where(z < 0, -small, small)
                shared = tf.math.divide_no_nan(relevance, stable)
                return x * _transposed(layer, layer.kernel, x, shared)  # eq. 58

            return layer.activation(z), backward

        return rule

    return share


def alpha_beta_rule(alpha: float) -> Share:
    """Return eq. 60 with beta = alpha - 1."""
    import tensorflow as tf

    def share(layer: Affine, positive: bool) -> Callable[[Any], Any]:
        excites, inhibits = tf.nn.relu(layer.kernel), -tf.nn.relu(-layer.kernel)

        @tf.custom_gradient
        def rule(x: Any) -> tuple[Any, Callable[[Any], Any]]:
            # Inputs of each sign, with the kernels that make them a positive contribution and a
            # negative one.
            parts = [(tf.nn.relu(x), excites, inhibits)]
            if not positive:
                parts.append((-tf.nn.relu(-x), inhibits, excites))
            up = tf.add_n([layer.apply(part, kernel) for part, kernel, _ in parts])
            down = tf.add_n([layer.apply(part, kernel) for part, _, kernel in parts])
            up, down = up + tf.nn.relu(layer.bias), down - tf.nn.relu(-layer.bias)

            def backward(relevance: Any) -> Any:
                # eq. 60; what contributes nothing is no divisor, and has nothing to be given.
                to_up = relevance * tf.where(down < 0, alpha, 1.0) / tf.maximum(up, TINY)
                to_down = relevance * tf.where(up > 0, 1 - alpha, 1.0) / tf.minimum(down, -TINY)
                return tf.add_n([
                    part
                    * (
                        _transposed(layer, kernel, x, to_up)
                        + _transposed(layer, other, x, to_down)
                    )
                    for part, kernel, other in parts
                ])  # fmt: skip

            return layer.activation(up + down), backward

        return rule

    return share


def _transposed(layer: Affine, kernel: Any, x: Any, outputs: Any) -> Any:
    """Apply the transpose of the layer's linear map to what has the shape of its outputs."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        applied = layer.apply(x, kernel)  # only its shape is used: it is never computed
    return tape.gradient(applied, x, output_gradients=outputs)


def _passed(layer: "keras.layers.Layer") -> Callable[[Any], Any]:
    """Let an output's relevance be that of the input it was made of."""
    import tensorflow as tf

    @tf.custom_gradient
    def rule(x: Any) -> tuple[Any, Callable[[Any], Any]]:
        return layer(x), lambda relevance: relevance

    return rule
