"""The training images that stand for "no information" in Shapley values."""

from typing import Annotated

import numpy as np
from pydantic import Field

from heatproof.attribution.core.additivity import additivity_gap
from heatproof.attribution.core.method import Attribution
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.sizes import AgainAtMost
from heatproof.config.schema import Block


class BackgroundOptions(Block):
    """Options of methods that start from training images."""

    background: Annotated[int, Field(ge=1, le=10_000), AgainAtMost(20)] = 50
    """Training images to start from, the first in processed order, which is random."""


def shared_out(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    maps: np.ndarray,
    expected: np.ndarray,
) -> Attribution:
    """Return maps that share out a difference of logits, with how far their sums are from it.

    Args:
        network: the network that is explained.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.
        maps: float64 (n, height, width), in logits.
        expected: float64 (classes,), the mean logits of the background.
    """
    maps = maps.astype(np.float32)
    difference = network.logits(images)[np.arange(len(images)), targets] - expected[targets]
    return Attribution(maps, {"additivity_gap": additivity_gap(maps, difference)})
