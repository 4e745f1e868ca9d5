"""Ablation-CAM: feature maps weighed by what the score loses without them.

Desai & Ramaswamy 2020, https://doi.org/10.1109/WACV45572.2020.9093360, equations 3 and 4. No
gradient is taken: each channel is set to zero, and what follows the layer is computed again. The
network up to the layer is computed once per batch of channels.
"""

from typing import Any

import numpy as np

from heatproof.attribution.cam.cam import CUT_OFF, CamOptions, at_layers
from heatproof.attribution.cam.laid_over import laid_over
from heatproof.attribution.core import graph
from heatproof.attribution.core.feature_maps import as_map
from heatproof.attribution.core.method import Attribution, Method, Passes
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.rows import by_image
from heatproof.models import memory

# At a time: behind the layer values are few, and what is in front of it is computed once for them.
MOST_CHANNELS = 256
# What follows the layer, once per channel, in passes: 11 to 250 of this project's networks.
_USUAL_PASSES = 60.0


def ablation_cam(
    network: Network, images: np.ndarray, targets: np.ndarray, layer: str
) -> Attribution:
    """Attribute each target logit to regions, not negative, in logits × activations.

    Raises:
        UnsupportedNetwork: it has no feature map larger than one cell.
    """
    chosen = laid_over(network, layer, "ablation_cam")
    rows = by_image(images, targets)
    maps = np.zeros(images.shape[:3], np.float32)
    below = np.zeros(len(images))
    for i, image in enumerate(rows.images):
        features, lost = lost_without_each(network, image, chosen.name)
        shown = rows.of(i)
        total = np.einsum("ijk,kn->nij", features, lost[:, targets[shown]])  # eq. 3, 4
        maps[shown] = chosen.image(np.maximum(total, 0))
        below[shown] = _below_zero(total)
    return Attribution(maps, {"below_zero": below}, layer=chosen.name)


def _below_zero(total: np.ndarray) -> np.ndarray:
    """Return the share of weighted sums (n, rows, columns) that is below zero; 0 of nothing."""
    below, size = (part.sum(axis=(1, 2)) for part in (np.maximum(-total, 0), np.abs(total)))
    return np.divide(below, size, out=np.zeros_like(below), where=size > 0)


def lost_without_each(
    network: Network, image: np.ndarray, layer: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return an image's feature maps, and the logits that are lost without each of them.

    Args:
        network: the network to explain.
        image: float32 (height, width, channels) in [0, 1].
        layer: whose channels are set to zero, one at a time.

    Returns:
        float32 (rows, columns, channels) and (channels, classes).
    """
    import tensorflow as tf

    laid_out = as_map(network.model, layer)

    def whole(picture: Any) -> tuple[Any, Any]:
        outputs = graph.run(network.model, picture, lambda _: None)
        return laid_out(outputs[layer]), list(outputs.values())[-1]

    def without(picture: Any, channel: Any) -> Any:
        outputs = graph.run(network.model, picture, lambda _: None)
        features = outputs[layer]
        kept = 1 - tf.one_hot(channel, features.shape[-1], dtype=features.dtype)
        beside_places = (-1, *[1] * (len(features.shape) - 2), features.shape[-1])
        return graph.run_on(
            network.model, outputs, layer, features * tf.reshape(kept, beside_places)
        )

    picture = image[None]
    features, logits = network.in_batches(network.compiled(("whole", layer), whole), picture)
    compiled, shown = network.compiled(("without", layer), without), tf.constant(picture)
    ablated = network.in_batches(
        lambda channel: compiled(shown, channel),
        np.arange(features.shape[-1]),
        size=min(MOST_CHANNELS, memory.rows_behind(network.model, layer)),
    )
    return features[0], logits - ablated


METHODS = (
    Method(
        name="ablation_cam",
        label="Ablation-CAM",
        family="cam",
        needs="layers",
        shows="which feature maps of the last convolutional layer the class score would fall "
        "without: each counts by what is lost when it alone is set to zero",
        reference="Desai & Ramaswamy 2020",
        address="doi:10.1109/WACV45572.2020.9093360",
        definition="The sum of the layer’s feature maps A^k, each times what the logit loses when "
        "that map is set to zero; its positive part.",
        equation="M = max(0, Σ_k (S − S with A^k = 0) A^k)",
        deviations="The paper divides the weights by the logit, the same for all of them, which "
        "turns the map’s sign round where the logit is below zero; here they are not divided. "
        "Places of the feature map are put where their receptive fields are.",
        options=CamOptions,
        explain=at_layers(ablation_cam, "ablation_cam"),
        signed=False,
        overlay=True,
        colours="viridis",
        unit="logits × activations",
        cost="slow",
        passes=lambda options, size: Passes(forward=_USUAL_PASSES),
        numbers={"below_zero": CUT_OFF},
    ),
)
