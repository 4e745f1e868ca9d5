"""A network whose rectifiers are smooth, for what needs a second derivative.

A network of ReLUs is linear piece by piece: its gradient hardly changes with the image, and says
nothing of how a map that is made of gradients would. Dombrowski et al. 2019, "Explanations can be
manipulated and geometry is to blame" (https://arxiv.org/abs/1906.07983), section 4, put softplus in
the place of ReLU,

    softplus_β(x) = ln(1 + exp(βx)) / β,

which for large β is as close to ReLU as one likes; ReLU6 becomes softplus_β(x) - softplus_β(x - 6).
Other layers stay as they are. It is for directions to search in alone: what is found is judged by
the network itself.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from heatproof.attribution.core import graph
from heatproof.attribution.core.activation_layers import rectifies

if TYPE_CHECKING:
    import keras

# A tensor (n, height, width, channels) -> layer name -> its output, the logits last.
Forward = Callable[[Any], dict[str, Any]]


def forward(model: "keras.Model") -> Forward:
    """Return the network itself as a function of tensors.

    Args:
        model: a flat functional network of one input and one output.
    """
    return lambda batch: graph.run(model, batch, lambda _: None)


def smooth_forward(model: "keras.Model", beta: float) -> Forward:
    """Return the network with softplus in the place of each ReLU and ReLU6.

    Args:
        model: a flat functional network of one input and one output.
        beta: of softplus, above 0.
    """
    return lambda batch: graph.run(model, batch, partial(_smooth, beta))


def gradients(forward: Forward, batch: Any, targets: Any) -> Any:
    """Return d logit[target] / d batch, like the batch; within TensorFlow, to be derived again."""
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(batch)
        logits = list(forward(batch).values())[-1]
        chosen = tf.one_hot(targets, logits.shape[-1], dtype=logits.dtype)
        score = tf.reduce_sum(logits * chosen, axis=-1)
    return tape.gradient(score, batch, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def _smooth(beta: float, layer: "keras.layers.Layer") -> graph.Rule | None:
    if not rectifies(layer):
        return None
    return lambda values: _softened(layer, _linear_part(layer, values), beta)


def _linear_part(layer: "keras.layers.Layer", values: Any) -> Any:
    """Compute a layer without the activation that it ends in."""
    import keras

    if not layer.weights:  # nothing but an activation
        return values
    activation = layer.activation
    try:
        layer.activation = keras.activations.linear
        return layer(values, training=False)
    finally:
        layer.activation = activation


def _softened(layer: "keras.layers.Layer", values: Any, beta: float) -> Any:
    import keras

    bounded = getattr(layer, "activation", None) is keras.activations.relu6
    most = 6.0 if bounded else getattr(layer, "max_value", None)
    soft = _softplus(values, beta)
    return soft if most is None else soft - _softplus(values - most, beta)


def _softplus(values: Any, beta: float) -> Any:
    import tensorflow as tf

    return tf.math.softplus(beta * values) / beta
