"""Relevance of attention weights, as Chefer et al. 2021 propagate it (arXiv 2012.09838).

https://arxiv.org/abs/2012.09838, section 3, and the authors' program where that says more
(https://github.com/hila-chefer/Transformer-Explainability, modules/layers_ours.py). From the
target's logit, whose relevance is 1, down to the first layer's attention weights:

- Dense layers: in proportion to the contributions that are positive, x⁺w⁺ and x⁻w⁻; biases and
  negative contributions get none. A product with contributions of one sign only passes on less.
- Products of two tensors (scores, attended values, sequence pooling) and sums: each operand in
  proportion to what it contributes. A product would give each operand all of the relevance, so each
  gets half. A residual sum's branches are scaled to the shares of the magnitudes of their sums, so
  that relevance stays what it was where contributions cancel (the paper's normalisation).
- Activations, softmax, layer normalisation, dropout: the relevance as it is.

As in `lrp_rules`, each rule is a layer whose gradient is relevance.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from heatproof.attribution.core.graph import inputs_of
from heatproof.attribution.core.method import UnsupportedNetwork

if TYPE_CHECKING:
    import keras

Rule = Callable[..., Any]

PASSING = (
    "Activation", "AttentionWeights", "Dropout", "ELU", "Identity", "LayerNormalization",
    "LeakyReLU", "ReLU", "Softmax",
)  # fmt: skip
MOVING = ("Cropping1D", "Flatten", "Permute", "Reshape")
PRODUCTS = ("AttendedValues", "AttentionScores", "Dot")
DENSE = ("Dense", "EinsumDense")


def rules(model: "keras.Model", first: str) -> Callable[["keras.layers.Layer"], Rule | None]:
    """Return what `graph.run` asks for each layer: what to compute in its place.

    Args:
        model: a flat functional network.
        first: the layer whose output is the first that relevance is wanted of. Layers that read
            nothing of it are computed as they are.

    Raises:
        UnsupportedNetwork: a layer behind it has no rule; the message names it.
    """
    reached = behind(model, first)
    chosen = {layer.name: _rule(layer) for layer in model.operations if layer.name in reached}
    return lambda layer: chosen.get(layer.name)


def behind(model: "keras.Model", first: str) -> set[str]:
    """Name the layers that read, directly or not, what the layer `first` gives."""
    known = {id(model.get_layer(first).output)}
    names = set()
    for layer in model.operations:
        if any(id(tensor) in known for tensor in inputs_of(layer)):
            known.add(id(layer.output))
            names.add(layer.name)
    return names


def _rule(layer: "keras.layers.Layer") -> Rule | None:
    kind = type(layer).__name__
    if kind in DENSE:
        return _dense(layer)
    if kind in PRODUCTS:
        return _product(layer, share=0.5)
    if kind == "GlobalAveragePooling1D":
        return _product(layer, share=1.0)
    if kind == "Add" and len(layer.input) == 2:
        return _added
    if kind in PASSING:
        return _passed(layer)
    if kind in MOVING:
        return None
    raise UnsupportedNetwork(
        f"its relevance has no rule for layers of the kind {kind} ('{layer.name}')"
    )


def _shares(relevance: Any, sums: Any) -> Any:
    import tensorflow as tf

    return tf.math.divide_no_nan(relevance, sums)


def _dense(layer: "keras.layers.Layer") -> Rule:
    """Share out by positive contributions alone: the z⁺ rule for inputs of either sign."""
    import tensorflow as tf

    def apply(x: Any, weights: Any) -> Any:
        equation = getattr(layer, "equation", None)
        return tf.einsum(equation, x, weights) if equation else tf.tensordot(x, weights, 1)

    @tf.custom_gradient
    def rule(x: Any, kernel: Any, output: Any) -> tuple[Any, Callable[[Any], Any]]:
        def backward(relevance: Any) -> Any:
            parts = [tf.nn.relu(x), -tf.nn.relu(-x)]
            kernels = [tf.nn.relu(kernel), -tf.nn.relu(-kernel)]
            with tf.GradientTape() as tape:
                tape.watch(parts)
                sums = tf.add_n([apply(*each) for each in zip(parts, kernels, strict=True)])
            found: Any = tape.gradient(sums, parts, output_gradients=_shares(relevance, sums))
            shared = [part * each for part, each in zip(parts, found, strict=True)]
            return tf.add_n(shared), None, None

        return output, backward

    def taken(x: Any) -> Any:
        # Weights are read, and the output is computed, outside: nobody asks for their gradients.
        kernel = tf.stop_gradient(tf.convert_to_tensor(layer.kernel))
        return rule(x, kernel, tf.stop_gradient(layer(x, training=False)))

    return taken


def _product(layer: "keras.layers.Layer", share: float) -> Rule:
    """Share out in proportion to what each operand contributes, `share` of it to each."""
    import tensorflow as tf

    @tf.custom_gradient
    def rule(*operands: Any) -> tuple[Any, Callable[[Any], Any]]:
        def given(operands: Any) -> Any:
            return layer(list(operands) if len(operands) > 1 else operands[0], training=False)

        output = given(operands)

        def backward(relevance: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(operands)
                sums = given(operands)
            found: Any = tape.gradient(sums, operands, output_gradients=_shares(relevance, sums))
            return [share * part * each for part, each in zip(operands, found, strict=True)]

        return output, backward

    return rule


def _added(one: Any, other: Any) -> Any:
    """Share out a sum's relevance by its summands, the branches' totals by their magnitudes."""
    import tensorflow as tf

    @tf.custom_gradient
    def rule(one: Any, other: Any) -> tuple[Any, Callable[[Any], Any]]:
        def backward(relevance: Any) -> Any:
            axes = list(range(1, len(relevance.shape)))

            def total(values: Any) -> Any:
                return tf.reduce_sum(values, axis=axes, keepdims=True)

            shares = _shares(relevance, one + other)
            parts = [one * shares, other * shares]
            totals = [total(part) for part in parts]
            magnitude = tf.add_n([tf.abs(each) for each in totals])
            whole = total(relevance)
            return [
                part * _shares(_shares(tf.abs(each), magnitude) * whole, each)
                for part, each in zip(parts, totals, strict=True)
            ]

        return one + other, backward

    return rule(one, other)


def _passed(layer: "keras.layers.Layer") -> Rule:
    """Let an output's relevance be that of the input it was made of."""
    import tensorflow as tf

    @tf.custom_gradient
    def rule(x: Any, output: Any) -> tuple[Any, Callable[[Any], Any]]:
        return output, lambda relevance: (relevance, None)

    return lambda x: rule(x, tf.stop_gradient(layer(x, training=False)))
