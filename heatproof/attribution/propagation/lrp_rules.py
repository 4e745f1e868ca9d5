"""The rules of layer-wise relevance propagation, each a layer whose gradient is relevance.

A rule computes what the layer computes, and its gradient (`tf.custom_gradient`) takes the relevance
of the layer's outputs in place of a gradient, and gives that of its inputs. With such layers the
network's ordinary backward pass is the whole method.

Both rules share out a neuron's relevance R_j by the contributions z_ij = x_i w_ij to
z_j = sum_i z_ij + b_j (equation numbers of Bach et al. 2015,
https://doi.org/10.1371/journal.pone.0130140):

- epsilon (eq. 58): R_i = sum_j z_ij / (z_j ± epsilon) R_j, the sign being z_j's. What goes to
  epsilon and to the bias is lost.
- alpha-beta (eq. 60, with beta = alpha - 1 and its sign written out):
  R_i = sum_j (alpha z+_ij / z+_j - beta z-_ij / z-_j) R_j, positive and negative contributions
  apart. A positive bias counts among the positive contributions, a negative one among the
  negative; its share is lost. A neuron with contributions of one sign only gives them all of its
  relevance: the equation says nothing there, and no relevance is to appear or disappear (eq. 2).

So a rule has two halves: what a layer contributes to a neuron, and how the neuron, where all of its
contributions meet, shares out its relevance. What travels back between them is relevance per
contribution. They stand in one layer, but for a residual block, whose neurons are those of the sum.

Of products and of layer normalisation see `lrp`, of attention `attention_rules`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from heatproof.attribution.propagation.affine import Affine, affine, weighed
from heatproof.attribution.propagation.attention_rules import factor_of, halved, softmax_rule
from heatproof.attribution.propagation.lrp_layers import (
    MOVING,
    PASSING,
    PRODUCTS,
    SUMS,
    is_softmax,
    preparing_layers,
    reached_layers,
    signals,
    summands,
)
from heatproof.attribution.propagation.ranges import never_negative, ranges

if TYPE_CHECKING:
    import keras

# Contributions below this count as this: relevance divided by them would not be finite.
TINY = 1e-20

# A layer's contributions to its neurons: one tensor of their sums, or one for each sign.
Parts = tuple[Any, ...]


@dataclass(frozen=True)
class Rule:
    """A rule's two halves.

    contributed: (a layer, whether its inputs are never negative) -> what takes its inputs and gives
    its contributions. shared: contributions -> their sum, whose gradient is relevance. attends:
    whether attention weights take half of the relevance of what they weigh, or as gates none.
    """

    contributed: Callable[[Affine, bool], Callable[[Any], Parts]]
    shared: Callable[..., Any]
    attends: bool


def rules(model: "keras.Model", rule: Rule) -> Callable[["keras.layers.Layer"], Any]:
    """Return what `graph.run` asks for each layer: what to compute in its place.

    Args:
        model: a flat functional network that `lrp_layers.require_rules` lets pass.
        rule: for affine layers and sums.
    """
    known, summed = ranges(model), summands(model)
    reached, preparing = reached_layers(model, rule.attends), preparing_layers(model)

    def positive(tensor: Any) -> bool:
        return never_negative(known[id(tensor)])

    def contributed(layer: "keras.layers.Layer") -> Callable[[Any], Parts]:
        parts = rule.contributed(affine(layer), positive(layer.input))
        if type(layer).__name__ != "LayerNormalization":
            return parts
        divided = _passed(lambda x: x / _deviation(x, layer.epsilon))
        return lambda x: parts(divided(x))

    def added(layer: "keras.layers.Layer") -> Callable[..., Parts]:
        """A branch that is no summand brings itself: a contribution of the sum's own weight."""
        weight, count = SUMS[type(layer).__name__], len(layer.input)
        itself = [
            rule.contributed(weighed(weight(place, count)), positive(tensor))
            for place, tensor in enumerate(layer.input)
        ]

        def parts(*branches: Any) -> Parts:
            brought = [
                branch if isinstance(branch, tuple) else brings(branch)
                for branch, brings in zip(branches, itself, strict=True)
            ]
            return tuple(sum(part[1:], start=part[0]) for part in zip(*brought, strict=True))

        return parts

    def multiplied(layer: "keras.layers.Layer") -> Callable[..., Any]:
        """Each factor that is a signal is an input, and the other one its kernel."""
        takes = signals(layer, known, rule.attends)
        nonnegative = [positive(tensor) for tensor in layer.input]

        def product(*factors: Any) -> Any:
            shares = [
                rule.shared(
                    *rule.contributed(factor_of(layer, place, factors[1 - place]), unsigned)(factor)
                )
                for place, (factor, signal, unsigned) in enumerate(
                    zip(factors, takes, nonnegative, strict=True)
                )
                if signal
            ]
            return shares[0] if len(shares) == 1 else halved(*shares)

        return product

    def rule_for(layer: "keras.layers.Layer") -> Callable[..., Any] | None:
        kind = type(layer).__name__
        if layer.name not in reached:
            return None
        if kind in MOVING:
            return (lambda parts: parts) if layer.name in summed else None
        if is_softmax(layer):
            return softmax_rule(getattr(layer, "axis", -1))
        if kind in PASSING or layer.name in preparing:
            return _passed(layer)
        if kind in PRODUCTS:
            return multiplied(layer)
        if kind == "Multiply":
            return _multiplied(signals(layer, known))
        parts = added(layer) if kind in SUMS else contributed(layer)
        if layer.name in summed:
            return parts
        activated = _passed(getattr(layer, "activation", None) or (lambda z: z))
        return lambda *inputs: activated(rule.shared(*parts(*inputs)))

    return rule_for


def epsilon_rule(epsilon: float) -> Rule:
    """Return eq. 58. Epsilon is a share of the root mean square of the layer's outputs.

    As in the program that goes with Montavon et al. 2019
    (https://doi.org/10.1007/978-3-030-28954-6_10), since layers differ in scale; of each image by
    itself.
    """
    import tensorflow as tf

    def contributed(layer: Affine, _: bool) -> Callable[[Any], Parts]:
        @tf.custom_gradient
        def parts(x: Any) -> tuple[Any, Callable[[Any], Any]]:
            z = layer.apply(x, layer.kernel) + layer.bias
            return (
                z,
                lambda per_contribution: x * _transposed(layer, layer.kernel, x, per_contribution),
            )

        return lambda x: (parts(x),)

    @tf.custom_gradient
    def shared(z: Any) -> tuple[Any, Callable[[Any], Any]]:
        def backward(relevance: Any) -> Any:
            square = tf.reduce_mean(z * z, axis=list(range(1, len(z.shape))), keepdims=True)
            small = epsilon * tf.sqrt(square)
            return tf.math.divide_no_nan(relevance, z + tf.where(z < 0, -small, small))  # eq. 58

        return z, backward

    return Rule(contributed, shared, attends=True)


def alpha_beta_rule(alpha: float) -> Rule:
    """Return eq. 60 with beta = alpha - 1."""
    import tensorflow as tf

    def contributed(layer: Affine, positive: bool) -> Callable[[Any], Parts]:
        excites, inhibits = tf.nn.relu(layer.kernel), tf.minimum(layer.kernel, 0.0)

        @tf.custom_gradient
        def parts(x: Any) -> tuple[Parts, Callable[..., Any]]:
            # Inputs of each sign, with the kernels that make them a positive contribution and a
            # negative one.
            signs = [(x if positive else tf.nn.relu(x), excites, inhibits)]
            if not positive:
                signs.append((tf.minimum(x, 0.0), inhibits, excites))
            up = tf.add_n([layer.apply(part, kernel) for part, kernel, _ in signs])
            down = tf.add_n([layer.apply(part, kernel) for part, _, kernel in signs])

            def backward(to_up: Any, to_down: Any) -> Any:
                return tf.add_n([
                    part
                    * (
                        _transposed(layer, kernel, x, to_up)
                        + _transposed(layer, other, x, to_down)
                    )
                    for part, kernel, other in signs
                ])  # fmt: skip

            return (up + tf.nn.relu(layer.bias), down + tf.minimum(layer.bias, 0.0)), backward

        return parts

    @tf.custom_gradient
    def shared(up: Any, down: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
        def backward(relevance: Any) -> tuple[Any, Any]:
            # eq. 60; what contributes nothing is no divisor, and has nothing to be given. A number
            # to choose would be spread over all values first, which takes longer than a product.
            to_up = tf.where(down < 0, alpha * relevance, relevance)
            to_down = tf.where(up > 0, (1 - alpha) * relevance, relevance)
            return to_up / tf.maximum(up, TINY), to_down / tf.minimum(down, -TINY)

        return up + down, backward

    return Rule(contributed, shared, attends=False)


def _multiplied(signals: list[bool]) -> Callable[..., Any]:
    """Let a product's relevance go to its signals, to each as much, and to its gates none."""
    import tensorflow as tf

    count = sum(signals)

    @tf.custom_gradient
    def product(*factors: Any) -> tuple[Any, Callable[[Any], list[Any]]]:
        def backward(relevance: Any) -> list[Any]:
            return [_gathered(relevance / count, factor) for factor in factors]

        return reduce(tf.multiply, factors), backward

    def rule(*factors: Any) -> Any:
        return product(*(
            factor if signal else tf.stop_gradient(factor)
            for factor, signal in zip(factors, signals, strict=True)
        ))  # fmt: skip

    return rule


def _gathered(relevance: Any, factor: Any) -> Any:
    """Sum what belongs to one value of a factor that stood beside many of another's."""
    import tensorflow as tf

    axes = [
        axis
        for axis, (side, whole) in enumerate(zip(factor.shape, relevance.shape, strict=True))
        if side == 1 and whole != 1
    ]
    return tf.reduce_sum(relevance, axis=axes, keepdims=True) if axes else relevance


def _deviation(x: Any, epsilon: float) -> Any:
    import tensorflow as tf

    return tf.sqrt(tf.math.reduce_variance(x, axis=-1, keepdims=True) + epsilon)


def _transposed(layer: Affine, kernel: Any, x: Any, outputs: Any) -> Any:
    """Apply the transpose of the layer's linear map to what has the shape of its outputs."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        applied = layer.apply(x, kernel)  # only its shape is used: it is never computed
    return tape.gradient(applied, x, output_gradients=outputs)


def _passed(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let an output's relevance be that of the input it was made of."""
    import tensorflow as tf

    @tf.custom_gradient
    def rule(x: Any, output: Any) -> tuple[Any, Callable[[Any], Any]]:
        return output, lambda relevance: (relevance, None)

    # Computed outside, since it may have weights (PReLU), whose gradients it would have to give.
    return lambda x: rule(x, tf.stop_gradient(function(x)))
