"""Guided backpropagation: a gradient that only raises (Springenberg et al. 2014).

https://arxiv.org/abs/1412.6806, section 3.4 and figure 1: on its way back through a ReLU a gradient
passes where the ReLU was active (as ever) and where it is positive itself. Through ReLU6 likewise,
which is inactive above 6 too.

The map hardly depends on the class or on the upper layers' weights (Adebayo et al. 2018,
https://arxiv.org/abs/1810.03292), which the study's randomisation test shows.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.core import graph
from heatproof.attribution.core.activation_layers import rectifies
from heatproof.attribution.core.method import (
    PER_BRIGHTNESS,
    Attribution,
    Method,
    UnsupportedNetwork,
)
from heatproof.attribution.core.network import Network, target_scores

if TYPE_CHECKING:
    import keras


def guided_backprop(network: Network, images: np.ndarray, targets: np.ndarray) -> Attribution:
    """Attribute each target logit to pixels: summed over the colour channels.

    That is what making the pixel brighter does.

    Raises:
        UnsupportedNetwork: an activation is neither ReLU nor ReLU6, or part of another layer.
    """
    import tensorflow as tf

    require_rectifiers(network.model)

    def function(batch: Any, batch_targets: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(batch)
            outputs = graph.run(network.model, batch, _rule)
            score = target_scores(list(outputs.values())[-1], batch_targets)
        gradients = tape.gradient(score, batch, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tf.reduce_sum(gradients, axis=-1)

    compiled = network.compiled("guided_backprop", function)
    return Attribution(network.in_batches(compiled, images, targets))


def require_rectifiers(model: "keras.Model") -> None:
    """Refuse a network for whose activations guided backpropagation has no rule.

    Raises:
        UnsupportedNetwork: naming the layer.
    """
    import keras
    from keras import layers

    others = (layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU, layers.Softmax)
    for layer in model.layers:
        activation = getattr(layer, "activation", keras.activations.linear)
        if _rectifies(layer):
            continue
        if isinstance(layer, others):
            reason = f"is {type(layer).__name__}"
        elif activation is not keras.activations.linear:
            reason = f"applies {getattr(activation, '__name__', activation)}"
        else:
            continue
        raise UnsupportedNetwork(
            "guided backpropagation is defined for ReLU and ReLU6 in layers of their own; "
            f"the layer '{layer.name}' {reason}"
        )


def _rectifies(layer: "keras.layers.Layer") -> bool:
    """Say whether a layer is a ReLU or ReLU6, and nothing else."""
    return rectifies(layer) and not layer.weights


def _rule(layer: "keras.layers.Layer") -> graph.Rule | None:
    """Return a ReLU that goes back as figure 1 says; None for other layers."""
    import tensorflow as tf

    if not _rectifies(layer):
        return None

    @tf.custom_gradient
    def guided(values: Any) -> tuple[Any, Any]:
        def backward(upstream: Any) -> Any:
            # Within the bounds a rectifier passes values on as they are.
            active = (values > 0) & (output == values)
            return tf.where(active, tf.nn.relu(upstream), 0)

        output = layer(values)
        return output, backward

    return guided


METHODS = (
    Method(
        name="guided_backprop",
        label="Guided backprop",
        family="propagation",
        shows="a gradient that propagates only positive values back through each ReLU: sharp, but "
        "much the same edges for any class and even for an untrained network",
        reference="Springenberg et al. 2014",
        address="arXiv:1412.6806",
        explain=guided_backprop,
        unit=PER_BRIGHTNESS,
    ),
)
