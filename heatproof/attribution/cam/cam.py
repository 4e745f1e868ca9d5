"""What the class activation maps share: feature maps, weighed and laid over the image.

A method of this kind is one function of the feature maps and of the logit's gradient at them, which
gives the map at the feature maps' own size; what is left is the same for all. Everything from the
pixels to the map in pixels is one compiled function: on a small network, leaving it for NumPy would
take longer than the network itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from heatproof.attribution.core.feature_maps import LAST, as_map, feature_layers, feature_maps
from heatproof.attribution.core.geometry import feature_axes, interpolation
from heatproof.attribution.core.method import (
    Attribution,
    EngineOptions,
    Library,
    Method,
    Number,
    UnsupportedNetwork,
)
from heatproof.attribution.core.network import Network, target_scores
from heatproof.attribution.core.smooth import Forward, forward
from heatproof.config.schema import Block

# TensorFlow's (features, gradients), float32 (n, rows, columns, channels) both -> (n, rows,
# columns). A function of a module, since what is compiled with it is kept under it.
Weighting = Callable[[Any, Any], Any]
# TensorFlow's (gradients, weighted sum) -> a tuple of (n,): what a method reports of its maps.
Own = Callable[[Any, Any], tuple[Any, ...]]

CUT_OFF = Number(
    label="below zero",
    meaning="the share of the weighted sum that is below zero, which speaks against the class and "
    "is not shown; at 100 % the map is zero everywhere",
    caption="{:.0%} below zero",
)


NO_MAP = (
    "no convolution of this network gives a feature map larger than one cell, and no tokens form "
    "a grid"
)


class CamOptions(Block):
    """Options of a class activation map."""

    layer: Annotated[str, Field(min_length=1)] = LAST
    """The layer whose feature maps are weighted: `last_conv`, in a transformer the last tokens that
    the score is made of, in an ensemble those of each member; or a layer’s name."""


class EngineCamOptions(EngineOptions, CamOptions):
    """Of a class activation map that a library has too."""


def method(
    *,
    name: str,
    weighting: Weighting,
    own: Own | None = None,
    numbers: Mapping[str, Number] = MappingProxyType({}),
    library: Library | None = None,
    **facts: Any,
) -> Method:
    """Return the record of a class activation map, with the other `facts` of a `Method`.

    own: gives its `numbers`, in their order.
    """

    def traced(network: Network, ahead: Forward, batch: Any, targets: Any, layer: str) -> Any:
        maps = [
            _in_pixels(
                network, each, _weighted_sum(network, ahead, each, weighting, batch, targets)[1]
            )
            for each in _chosen(network, layer, name)
        ]
        return sum(maps[1:], start=maps[0])

    return Method(
        name=name,
        family="cam",
        needs="layers",
        options=EngineCamOptions if library else CamOptions,
        explain=at_layers(
            partial(explain, weighting=weighting, own=own, named=tuple(numbers)), name
        ),
        tensor_map=traced,
        numbers=numbers,
        library=library and replace(library, explain=at_layers(library.explain, name)),
        signed=False,
        overlay=True,
        colours="viridis",
        **facts,
    )


def at_layers(function: Callable[..., Attribution], name: str) -> Callable[..., Attribution]:
    """Return a method of the layer that params.yaml asks for; of several last ones it adds up maps.

    Each member of an ensemble has a last feature map of its own. Where the ensemble gives the mean
    of logits, a map at one of them is that of the member, over their number, and the sum of all is
    the mean of the members' maps. Numbers of maps are averaged.

    Args:
        function: (network, images, targets, layer, **options) -> Attribution.
        name: of the method under `explain.gradients`, for the message.
    """

    def explained(
        network: Network, images: np.ndarray, targets: np.ndarray, layer: str, **options: Any
    ) -> Attribution:
        parts = [
            function(network, images, targets, each, **options)
            for each in _chosen(network, layer, name)
        ]
        if len(parts) == 1:
            return parts[0]
        return replace(
            parts[0],
            maps=np.sum([part.maps for part in parts], axis=0),
            numbers={
                number: np.mean([part.numbers[number] for part in parts], axis=0)
                for number in parts[0].numbers
            },
            layer=", ".join(str(part.layer) for part in parts),
        )

    return explained


def _chosen(network: Network, layer: str, name: str) -> list[str]:
    if not feature_maps(network.model):
        raise UnsupportedNetwork(NO_MAP)
    return feature_layers(network.model, layer, key=f"explain.gradients.{name}.layer")


def explain(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    layer: str,
    weighting: Weighting,
    own: Own | None = None,
    named: Sequence[str] = (),
) -> Attribution:
    """Attribute each target logit to regions: the map, laid over the image as `geometry` says.

    own: what is reported of each map beside it, under the names `named`.
    """

    def function(batch: Any, batch_targets: Any) -> Any:
        ahead = forward(network.model)
        gradients, total = _weighted_sum(network, ahead, layer, weighting, batch, batch_targets)
        return _in_pixels(network, layer, total), *(own(gradients, total) if own else ())

    compiled = network.compiled(("cam in pixels", layer, weighting, own), function)
    maps, *numbers = network.in_batches(compiled, images, targets)
    return Attribution(maps, dict(zip(named, numbers, strict=True)), layer=layer)


def _in_pixels(network: Network, layer: str, total: Any) -> Any:
    """Lay the positive part of a weighted sum (n, rows, columns) over the image."""
    import tensorflow as tf

    size, axes = network.image_shape[:2], feature_axes(network.model, layer)
    rows, columns = (
        tf.constant(interpolation(axis, pixels), tf.float32)
        for axis, pixels in zip(axes, size, strict=True)
    )
    maps = tf.nn.relu(total)
    return tf.matmul(tf.matmul(rows, maps), columns, transpose_b=True)  # (h,i) (n,i,j) (j,w)


def cells(network: Network, layer: str, weighting: Weighting) -> Callable[[Any, Any], Any]:
    """Return the function of tensors that gives the maps at the layer's own size, not negative."""
    import tensorflow as tf

    return lambda batch, targets: tf.nn.relu(
        _weighted_sum(network, forward(network.model), layer, weighting, batch, targets)[1]
    )


def _weighted_sum(
    network: Network, ahead: Forward, layer: str, weighting: Weighting, batch: Any, targets: Any
) -> tuple[Any, Any]:
    """Return the logit's gradient at the feature maps, and their weighted sum, of either sign."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        outputs = ahead(batch)
        features, logits = outputs[layer], list(outputs.values())[-1]
        tape.watch(features)
        score = target_scores(logits, targets)
    # From the score to the layer, and no further back.
    gradients = tape.gradient(score, features, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    laid_out = as_map(network.model, layer)
    gradients = laid_out(gradients)
    return gradients, weighting(laid_out(features), gradients)


def cut_off(total: Any) -> Any:
    """Return the share of a weighted sum (n, rows, columns) that is below zero; 0 of nothing."""
    import tensorflow as tf

    below, size = (tf.reduce_sum(each, (1, 2)) for each in (tf.nn.relu(-total), tf.abs(total)))
    return tf.math.divide_no_nan(below, size)
