"""Score-CAM: feature maps weighed by the score of the image that each of them lets through.

Wang et al. 2020, https://arxiv.org/abs/1910.01279, equations 4 to 6 and algorithm 1. No gradient is
taken: each channel's map, laid over the image and scaled to [0, 1], masks the image, and the
network's logit of what is left says how much the channel counts. Taking off the logit of an empty
image (equation 5) changes no weight, since these are a softmax over the channels.

A network of a thousand channels takes a thousand passes per image; `channels` takes those whose
values vary most, as Faster Score-CAM does (https://github.com/tabayashi0117/Score-CAM).
"""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from heatproof.attribution.cam.cam import EngineCamOptions, at_layers
from heatproof.attribution.cam.laid_over import laid_over
from heatproof.attribution.core import graph
from heatproof.attribution.core.feature_maps import as_map
from heatproof.attribution.core.method import (
    Attribution,
    Library,
    Method,
    Passes,
)
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.rows import by_image
from heatproof.attribution.core.sizes import AUTO, AgainAtMost, Auto, by_size
from heatproof.attribution.libraries import tf_keras_vis

_USUAL_CHANNELS = 128  # of a last convolution, for what is expected of its duration


class ScoreCamOptions(EngineCamOptions):
    """Options of Score-CAM."""

    channels: Annotated[
        Auto | Annotated[int, Field(ge=1, le=100_000)], by_size(100_000, 128), AgainAtMost(32)
    ] = AUTO
    """Channels of the layer that are masked, at most: those whose values vary most."""


def score_cam(
    network: Network, images: np.ndarray, targets: np.ndarray, layer: str, channels: int
) -> Attribution:
    """Attribute each target logit to regions, not negative: shares of feature maps.

    Raises:
        UnsupportedNetwork: it has no feature map larger than one cell.
    """
    chosen = laid_over(network, layer, "score_cam")
    rows = by_image(images, targets)
    maps = np.zeros(images.shape[:3], np.float32)
    for i, (image, features) in enumerate(
        zip(rows.images, features_of(network, rows.images, chosen.name), strict=True)
    ):
        kept = most_varying(features, channels)
        # As it is laid over the image: (h, i) (i, j, k) (j, w).
        masks = np.einsum(
            "hi,ijk,wj->khw", chosen.over_rows, kept, chosen.over_columns, optimize=True
        )
        logits = masked_logits(network, image, scaled(masks))  # eq. 4, 5
        shown = rows.of(i)
        weights = softmax(logits[:, targets[shown]])  # algorithm 1: over the channels
        cells = np.maximum(np.einsum("ijk,kn->nij", kept, weights), 0)  # eq. 6
        maps[shown] = chosen.image(cells)
    return Attribution(maps, layer=chosen.name)


def features_of(network: Network, images: np.ndarray, layer: str) -> np.ndarray:
    """Return a layer's feature maps, float32 (n, rows, columns, channels)."""

    laid_out = as_map(network.model, layer)

    def function(batch: Any) -> Any:
        return laid_out(graph.run(network.model, batch, lambda _: None)[layer])

    return network.in_batches(network.compiled(("features", layer), function), images)


def most_varying(features: np.ndarray, channels: int) -> np.ndarray:
    """Keep the channels of (rows, columns, channels) that vary most, in their order."""
    if features.shape[-1] <= channels:
        return features
    order = np.argsort(-features.std(axis=(0, 1)), kind="stable")
    return features[..., np.sort(order[:channels])]


def scaled(masks: np.ndarray, epsilon: float = 0.0) -> np.ndarray:
    """Bring each of (channels, height, width) to [0, 1]; a constant one, which shows nothing, to 0.

    epsilon: added to each range, as some programs do.
    """
    low = masks.min(axis=(1, 2), keepdims=True)
    span = np.ptp(masks, axis=(1, 2), keepdims=True) + epsilon
    return np.divide(masks - low, span, out=np.zeros_like(masks), where=span > 0)


def masked_logits(network: Network, image: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return the logits (channels, classes) of an image behind each mask, some at a time."""
    size = network.batch_size
    return np.concatenate(
        [
            network.logits((image * masks[first : first + size, ..., None]).astype(np.float32))
            for first in range(0, len(masks), size)
        ]
    )


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return a softmax over the first axis, float64."""
    powers = np.exp(logits.astype(float) - logits.max(axis=0))
    return powers / powers.sum(axis=0)


METHODS = (
    Method(
        name="score_cam",
        label="Score-CAM",
        family="cam",
        needs="layers",
        shows="which feature maps of the last convolutional layer let through what the class "
        "score needs: each masks the image, and counts by the score of what is left",
        reference="Wang et al. 2020",
        address="arXiv:1910.01279",
        definition="The sum of the layer’s feature maps A^k, weighted by a softmax over them of "
        "the logits of the image times each map, scaled to [0, 1]; its positive part.",
        equation="M = max(0, Σ_k α_k A^k), α = softmax_k S(x ∘ H^k), H^k = (A^k − min A^k) / "
        "(max A^k − min A^k)",
        deviations="Above 40 pixels a side only the 128 channels that vary most. tf-keras-vis "
        "weighs by the class’s probability, without the softmax over the channels, and stretches "
        "maps over the image; here their places are put where their receptive fields are.",
        options=ScoreCamOptions,
        explain=at_layers(score_cam, "score_cam"),
        library=Library(tf_keras_vis.PACKAGE, at_layers(tf_keras_vis.score_cam, "score_cam")),
        signed=False,
        overlay=True,
        colours="viridis",
        unit="activations",
        cost="slow",
        passes=lambda options, size: Passes(forward=min(options.channels, _USUAL_CHANNELS)),
    ),
)
