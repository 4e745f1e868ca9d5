"""Dead filters: those that no image of the test set activates (and near-dead: that few do).

A unit that ends in ReLU and is never above zero gives nothing and learns nothing: no gradient
passes it (Lu et al. 2019, https://arxiv.org/abs/1903.06733). A filter is active on an image if it
is at one position at least.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from heatproof.attribution.core.activation_layers import before_activation
from heatproof.attribution.core.network import Network
from heatproof.storage.images import Images


@dataclass(frozen=True)
class Activity:
    """What one layer's channels did on some images, before activation.

    images: how many there were. active_images: int64 (channels,), on how many of them the channel
    was above zero somewhere. active_places: float64 (channels,), the share of all pairs of an image
    and a position at which it was. largest: float32 (channels,), the highest value anywhere.
    largest_image: int64 (channels,), in which image that was. Without images: NaN and -1.
    """

    images: int
    active_images: np.ndarray
    active_places: np.ndarray
    largest: np.ndarray
    largest_image: np.ndarray

    @property
    def active_share(self) -> np.ndarray:
        """The share of the images that activate each channel, float64 (channels,)."""
        return self.active_images / self.images if self.images else self.active_places


def survey(network: Network, layers: list[str], images: Images) -> dict[str, Activity]:
    """Pass the images once, and return what every channel of the layers did on them.

    Args:
        network: the network to inspect.
        layers: names of layers, or LOGITS; what is looked at is what they activate.
        images: uint8 (n, height, width, channels).

    Raises:
        FloatingPointError: a value is NaN or infinite.
    """
    if not layers:
        return {}
    function = network.compiled(("survey", *layers), _survey_of(network, layers))
    size = network.batch_size
    starts = np.arange(0, len(images), size)
    batches = [function(tf.constant(images[start : start + size])) for start in starts]
    if not batches:
        return {name: _nothing(network, name) for name in layers}
    activities = {}
    for name, parts in zip(layers, zip(*batches, strict=True), strict=True):
        active, places, largest, where = map(np.stack, zip(*parts, strict=True))
        if not np.isfinite(largest).all():
            raise FloatingPointError(f"{network.model.name}: {name}: a value is not finite")
        first = largest.argmax(axis=0)  # of equal largest values the earlier image counts
        activities[name] = Activity(
            len(images),
            active.astype(np.int64).sum(axis=0),
            places.astype(np.int64).sum(axis=0) / (len(images) * _positions(network, name)),
            largest.max(axis=0),
            (where + starts[:, None])[first, np.arange(len(first))],
        )
    return activities


def count(activity: Activity, near_dead_share: float) -> dict[str, Any]:
    """Count a layer's dead channels, and those that are nearly dead.

    Args:
        activity: of a layer that ends in ReLU or ReLU6.
        near_dead_share: nearly dead is what is active on some images, but on less than this share
            of them.

    Returns:
        channels, dead, near_dead (dead ones left out), and the median over the channels of the
        share of images that activate them (NaN without images, when nothing can be dead).
    """
    share = activity.active_share
    return {
        "channels": len(share),
        "dead": int((share == 0).sum()),
        "near_dead": int(((share > 0) & (share < near_dead_share)).sum()),
        "median_active_images": float(np.median(share)),
    }


def _survey_of(network: Network, layers: list[str]) -> Any:
    def function(batch: Any) -> list[tuple[Any, Any, Any, Any]]:
        tensors = [before_activation(network.model, name) for name in layers]
        inner = keras.Model(network.model.input, tensors)
        outputs = inner(tf.cast(batch, tf.float32) / 255, training=False)
        reduced = []
        for values in outputs if isinstance(outputs, list | tuple) else [outputs]:
            space = list(range(1, len(values.shape) - 1))
            highest = tf.reduce_max(values, axis=space) if space else values
            reduced.append(
                (
                    _count(highest > 0, [0]),
                    _count(values > 0, [0, *space]),
                    tf.reduce_max(highest, axis=0),
                    tf.argmax(highest, axis=0),
                )
            )
        return reduced

    return function


def _count(conditions: Any, axes: list[int]) -> Any:
    """Count along axes. In float32, exact up to 2^24: in int64 it takes as long as the network."""
    return tf.reduce_sum(tf.cast(conditions, tf.float32), axis=axes)


def _positions(network: Network, name: str) -> int:
    return int(np.prod(before_activation(network.model, name).shape[1:-1]))


def _nothing(network: Network, name: str) -> Activity:
    channels = before_activation(network.model, name).shape[-1]
    unknown = np.full(channels, np.nan)
    return Activity(
        0,
        np.zeros(channels, np.int64),
        unknown,
        unknown.astype(np.float32),
        np.full(channels, -1, np.int64),
    )
