"""Every architecture that the live page has, narrow and with random weights, and its record."""

from functools import cache
from typing import Any

import numpy as np

from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.playground.export import record
from tests.attribution.architectures import randomise
from tests.models.networks import network

GRAY, COLOUR = (12, 12, 1), (16, 16, 3)
CLASSES = ("none", "one", "</script>", "Größe")
IMAGES = 100
# architecture -> the shape of its images, and what of its design is narrowed.
DESIGNS: dict[str, tuple[tuple[int, int, int], dict[str, Any]]] = {
    "simple_cnn": (GRAY, {"filters": [4, 5]}),
    "mnist_cnn": (GRAY, {"blocks": [[4, 4], [6]], "dense": 8}),
    "cifar_cnn": (COLOUR, {"blocks": [[4, 4], [6]], "dense": 8}),
    "baseline_cnn": (COLOUR, {"filters": [4, 6], "stride": 2}),
    "mobilenet_v2": (
        COLOUR,
        {"stem": 4, "blocks": [[4, 1, 1], [6, 2, 2], [6, 1, 2]], "head": 12, "dense": 8},
    ),
    "efficient_cnn": (COLOUR, {"branch_filters": 3, "blocks": [6, 8], "dense": 8}),
    "resnet18": (COLOUR, {"stem": 4, "widths": [4, 6], "blocks_per_width": 1}),
    "speedrun_cnn": (COLOUR, {"widths": [4, 6], "scale": 1.0}),
    "lenet5": (GRAY, {"filters": [3, 4, 6], "dense": 8}),
    "cbam_resnet": (COLOUR, {"stem": 4, "widths": [4, 6], "reduction": 2, "gate_kernel": 3}),
    "cct": (GRAY, {"convolutions": [4, 8], "head_width": 4}),
    "vit": (COLOUR, {"width": 8, "blocks": 2, "heads": 2}),
}


@cache
def small(name: str) -> Network:
    """Return a network, made ready for explaining; change nothing of it."""
    shape, design = DESIGNS[name]
    model = network(name, shape, len(CLASSES), **design)
    randomise(model, seed=0)
    return Network(model)


def pixels(shape: tuple[int, int, int], count: int = IMAGES) -> np.ndarray:
    """Return smooth noise, uint8 (count, *shape), the same at each call."""
    random = np.random.default_rng(5)
    height, width, channels = shape
    coarse = random.random((count, height // 4, width // 4, channels))
    smooth = coarse.repeat(4, axis=1).repeat(4, axis=2)
    noisy = np.clip(smooth + random.normal(0, 0.1, smooth.shape), 0, 1)
    return np.rint(255 * noisy).astype(np.uint8)


def context(name: str) -> Context:
    """Return what methods may know of the images."""
    return Context(pixels(DESIGNS[name][0]), seed=0)


def recorded(name: str, network: Network | None = None) -> dict[str, Any]:
    """Return a network's record, with the defaults of all methods."""
    images = pixels(DESIGNS[name][0]).astype(np.float32) / 255
    return record(name, network or small(name), CLASSES, images, {}, context(name))
