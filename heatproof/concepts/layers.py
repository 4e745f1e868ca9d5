"""What a layer says of images, and how a logit answers to it: where concepts are sought.

Of a layer with places (feature maps, or tokens) the mean over them is taken, so that a concept is
found wherever in the image it is; or each unit at each place counts by itself (`flattened`), as in
the paper of TCAV. Either way a layer's values are a vector, and a concept a direction of it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.core import graph
from heatproof.attribution.core.activation_layers import activated_maps, rectified
from heatproof.attribution.core.feature_maps import as_map
from heatproof.attribution.core.network import Network, target_scores
from heatproof.run.errors import UserError, require_known

if TYPE_CHECKING:
    import keras

AUTO = "auto"
AUTO_LAYERS = 3


def chosen_layers(model: "keras.Model", wanted: Sequence[str] | str, key: str) -> list[str]:
    """Return the names of the layers that concepts are sought in, in the order of the graph.

    Args:
        model: a flat functional network.
        wanted: names, or `auto`: three of the layers that give activated feature maps (of a network
            without any, of those that end in ReLU), the first, the middle and the last one.
        key: where params.yaml says so, for the message.

    Raises:
        UserError: the network has no such layer, or none with values that could be explained.
    """
    known = [layer.name for layer in model.layers[1:-1] if _has_values(layer)]
    if wanted == AUTO:
        depth = activated_maps(model) or [name for name in rectified(model) if name in known]
        if not depth:
            raise UserError(
                f"{model.name}: no layer of this network activates anything, so there is none in "
                f"which a concept could be found; name layers under {key}, or leave the cell out"
            )
        spread = np.linspace(0, len(depth) - 1, min(AUTO_LAYERS, len(depth)))
        return [depth[place] for place in spread.round().astype(int)]
    for name in wanted:
        require_known(f"params.yaml: {key}: {model.name} has no layer {name!r}", name, known)
    return [name for name in known if name in wanted]


def _has_values(layer: "keras.layers.Layer") -> bool:
    shape = getattr(layer.output, "shape", ())
    return 2 <= len(shape) <= 4 and None not in shape[1:]


def activations(
    network: Network, images: Any, layers: Sequence[str], flattened: bool = False
) -> dict[str, np.ndarray]:
    """Return what layers give of images.

    Args:
        network: the network to inspect.
        images: float32 (n, height, width, channels) in [0, 1], or `UnitImages`.
        layers: their names.
        flattened: each place by itself, instead of the mean over them.

    Returns:
        layer -> float32 (n, units).
    """

    def function(batch: Any) -> tuple:
        outputs = graph.run(network.model, batch, lambda _: None)
        return tuple(_over_places(outputs[name], flattened, mean=True) for name in layers)

    compiled = network.compiled(("concept activations", tuple(layers), flattened), function)
    return dict(zip(layers, network.in_batches(compiled, images), strict=True))


def sensitivities(
    network: Network,
    images: Any,
    targets: np.ndarray,
    layers: Sequence[str],
    flattened: bool = False,
) -> dict[str, np.ndarray]:
    """Return how the target logit answers to a layer's values: d logit / d values.

    Of the mean over places this is the sum of the gradient over them: what the logit gains, to
    first order, where all places, and so their mean, move by one. Times a unit vector it is the
    directional derivative along it (Kim et al. 2018, eq. 1).

    Args:
        network: the network to inspect.
        images: float32 (n, height, width, channels) in [0, 1], or `UnitImages`.
        targets: int64 (n,), class indices.
        layers: their names.
        flattened: see `activations`.

    Returns:
        layer -> float32 (n, units), in logits per unit of activation.
    """
    import tensorflow as tf

    def function(batch: Any, batch_targets: Any) -> tuple:
        with tf.GradientTape() as tape:
            outputs = graph.run(network.model, batch, lambda _: None)
            score = target_scores(list(outputs.values())[-1], batch_targets)
        values = [outputs[name] for name in layers]
        zero = tf.UnconnectedGradients.ZERO
        found = tape.gradient(score, values, unconnected_gradients=zero)
        return tuple(_over_places(each, flattened, mean=False) for each in found)

    compiled = network.compiled(("concept sensitivities", tuple(layers), flattened), function)
    return dict(zip(layers, network.in_batches(compiled, images, targets), strict=True))


def places(network: Network, images: Any, layer: str) -> np.ndarray:
    """Return what a layer gives, or its tokens, at each place: float32 (n, rows, columns, c)."""
    laid_out = as_map(network.model, layer)

    def function(batch: Any) -> Any:
        return laid_out(graph.run(network.model, batch, lambda _: None)[layer])

    return network.in_batches(network.compiled(("concept places", layer), function), images)


def _over_places(values: Any, flattened: bool, mean: bool) -> Any:
    """Return a layer's values, or its gradients, as one vector for each image."""
    import tensorflow as tf

    if flattened or values.shape.rank == 2:
        return tf.reshape(values, (-1, int(np.prod(values.shape[1:]))))
    axes = tuple(range(1, values.shape.rank - 1))
    return tf.reduce_mean(values, axes) if mean else tf.reduce_sum(values, axes)
