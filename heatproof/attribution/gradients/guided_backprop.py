"""Guided backpropagation: a gradient that only raises (Springenberg et al. 2014).

https://arxiv.org/abs/1412.6806, section 3.4 and figure 1: on its way back through a ReLU a gradient
passes where the ReLU was active (as ever) and where it is positive itself. Through ReLU6 likewise,
which is inactive above 6 too. Of other activations the paper does not speak. Through one of each
value by itself the positive part of a gradient passes here, times the activation's own slope, which
for ReLU is the same; those who exchange activations in networks of swish or PReLU do so. The slope
of swish, GELU and h-swish is below zero (by 0.1 to 0.3) for some negative inputs, where what comes
back is negative. All else, products with a gate, layer normalisation and attention with the softmax
of its weights among it, passes its gradient.

The map hardly depends on the class or on the upper layers' weights (Adebayo et al. 2018,
https://arxiv.org/abs/1810.03292), which the study's randomisation test shows.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.core import graph
from heatproof.attribution.core.activation_layers import activates_alone
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
        UnsupportedNetwork: an activation is part of another layer, or is not of each value alone.
    """
    import tensorflow as tf

    def function(batch: Any, batch_targets: Any) -> Any:
        require_rules(network.model)  # when it is traced: once, and not with every call
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(batch)
            outputs = graph.run(network.model, batch, _rule)
            score = target_scores(list(outputs.values())[-1], batch_targets)
        gradients = tape.gradient(score, batch, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tf.reduce_sum(gradients, axis=-1)

    compiled = network.compiled("guided_backprop", function)
    return Attribution(network.in_batches(compiled, images, targets))


def require_rules(model: "keras.Model") -> None:
    """Refuse a network for whose activations guided backpropagation has no rule.

    Raises:
        UnsupportedNetwork: naming the layer.
    """
    weighing = _read_by_products_alone(model)
    for layer in model.layers:
        activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
        if activates_alone(layer) or (activation == "linear" and not _is_softmax(layer)):
            continue
        if _is_softmax(layer) and layer.name in weighing:
            continue
        reason = "is Softmax" if _is_softmax(layer) else f"applies {activation}"
        raise UnsupportedNetwork(
            "guided backpropagation is defined for activations of each value by itself, in layers "
            f"of their own; the layer '{layer.name}' {reason}"
        )


def _is_softmax(layer: "keras.layers.Layer") -> bool:
    return type(layer).__name__ == "Softmax"


def _read_by_products_alone(model: "keras.Model") -> set[str]:
    """Name the layers whose outputs are nothing but weights of others: no activations."""
    others = {
        id(tensor)
        for layer in model.operations
        if type(layer).__name__ not in ("AttendedValues", "Dot", "Multiply")
        for tensor in graph.inputs_of(layer)
    }
    return {layer.name for layer in model.operations if id(layer.output) not in others}


def _rule(layer: "keras.layers.Layer") -> graph.Rule | None:
    """Return an activation that goes back as figure 1 says; None for other layers."""
    import tensorflow as tf

    if not activates_alone(layer):
        return None

    @tf.custom_gradient
    def raised(given: Any) -> tuple[Any, Any]:
        return given, tf.nn.relu  # what its own gradient is then given

    return lambda values: raised(layer(values))


METHODS = (
    Method(
        name="guided_backprop",
        label="Guided backprop",
        family="propagation",
        needs="layers",
        shows="a gradient that propagates only positive values back through each activation: "
        "sharp, but much the same edges for any class and even for an untrained network",
        reference="Springenberg et al. 2014",
        address="arXiv:1412.6806",
        definition="The gradient whose negative part is cut off each time that it goes back "
        "through an activation, summed over the colour channels.",
        equation="R_i = 1[a_i > 0] · max(0, R_(i+1)) at each ReLU; M = Σ_c R_0",
        deviations="The sum over the channels. The paper speaks of ReLU alone: through "
        "another activation the positive part of what comes back passes, times the activation’s "
        "slope.",
        explain=guided_backprop,
        unit=PER_BRIGHTNESS,
    ),
)
