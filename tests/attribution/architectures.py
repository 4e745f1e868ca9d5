"""The eight architectures of params.yaml with random weights, narrow enough for quick tests.

The graph is the study's own (every layer, stride, branch and name); only the widths are smaller.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from heatproof.attribution.core.feature_maps import feature_layer
from heatproof.attribution.core.network import Network
from heatproof.config import params
from heatproof.models.build import build_model

PARAMS = Path(__file__).resolve().parents[2] / "params.yaml"
CLASSES = 10
GRAY, COLOUR = (28, 28, 1), (32, 32, 3)

# model -> a cell, the shape of its images, and what of its design is narrowed.
DESIGNS: dict[str, tuple[str, tuple[int, int, int], dict[str, Any]]] = {
    "simple_cnn": ("simple_cnn-mnist", GRAY, {}),
    "mnist_cnn": ("mnist_cnn-mnist", GRAY, {"blocks": [[6, 6], [8, 8], [10, 10]], "dense": 12}),
    "cifar_cnn": (
        "cifar_cnn-cifar10", COLOUR, {"blocks": [[6, 6], [8, 8], [10, 10, 10]], "dense": 12},
    ),
    "baseline_cnn": ("baseline_cnn-cifar10", COLOUR, {"filters": [4, 6]}),
    "mobilenet_v2": (
        "mobilenet_v2-cifar10",
        COLOUR,
        {
            "stem": 6,
            "blocks": [[4, 1, 1], [5, 2, 6], [5, 1, 6], [6, 2, 6], [6, 1, 6], [8, 2, 6], [8, 1, 6]],
            "head": 24,
            "dense": 12,
        },
    ),
    "efficient_cnn": (
        "efficient_cnn-cifar10",
        COLOUR,
        {"branch_filters": 3, "blocks": [8, 10, 12, 16], "dense": 12},
    ),
    "resnet18": ("resnet18-cifar10", COLOUR, {"stem": 6, "widths": [6, 8, 10, 12]}),
    "speedrun_cnn": ("speedrun_cnn-cifar10", COLOUR, {"widths": [6, 8, 10], "scale": 1.0}),
}  # fmt: skip
NAMES = tuple(DESIGNS)
# Those that have between them every kind of layer, of branch and of image.
KINDS = ("simple_cnn", "mobilenet_v2", "efficient_cnn", "resnet18")


@dataclass(frozen=True)
class Architecture:
    """A network of the study, and images to explain. All of it is shared: change nothing."""

    name: str
    model: keras.Model
    shape: tuple[int, int, int]

    @cached_property
    def network(self) -> Network:
        """The network made ready for explaining, its compiled functions kept for later tests."""
        return Network(self.model)

    @cached_property
    def layer(self) -> str:
        """The layer that the class activation maps weigh."""
        return feature_layer(self.model)

    def images(self, count: int = 3) -> np.ndarray:
        """Return smooth noise in [0, 1], float32 (count, *shape), the same at each call."""
        random = np.random.default_rng(5)
        height, width, channels = self.shape
        coarse = random.random((count, height // 4, width // 4, channels))
        smooth = coarse.repeat(4, axis=1).repeat(4, axis=2)
        return np.clip(smooth + random.normal(0, 0.05, smooth.shape), 0, 1).astype(np.float32)

    def targets(self, count: int = 3) -> np.ndarray:
        """Return classes, int64 (count,), not all the same."""
        return (3 * np.arange(count) + 2) % CLASSES

    def likely(self, images: np.ndarray) -> np.ndarray:
        """Return for each image one of its three most likely classes, in turn, int64 (n,)."""
        ranked = np.argsort(-self.model(images, training=False).numpy(), axis=1)
        return ranked[np.arange(len(images)), np.arange(len(images)) % 3]


@cache
def study() -> params.Params:
    """Return the study's real parameters."""
    return params.load(PARAMS)


def build(
    name: str, shape: tuple[int, int, int] | None = None, seed: int = 0, **design: Any
) -> keras.Model:
    """Build an architecture afresh, narrow, with weights drawn from the seed.

    Args:
        name: of `NAMES`.
        shape: of the images; the architecture's own if left out. One channel or three.
        seed: another gives other weights.
        design: what else of its design is narrowed.
    """
    cell, own, narrowed = DESIGNS[name]
    shape = shape or own
    if shape[-1] != own[-1]:
        cell = cell.replace("cifar10", "mnist") if shape[-1] == 1 else f"{name}-cifar10"
    parameters = study().model_copy(deep=True)
    model = parameters.models[name]
    network = type(model.network).model_validate(model.network.model_dump() | narrowed | design)
    parameters.models[name] = model.model_copy(update={"network": network})
    built = build_model(parameters.run(cell), shape, CLASSES)
    randomise(built, seed)
    return built


def randomise(model: keras.Model, seed: int) -> None:
    """Draw every weight: kernels like He's, and no batch normalisation near mean 0, variance 1."""
    random = np.random.default_rng(seed)
    draws = {
        "gamma": lambda n: random.uniform(0.6, 1.2, n),
        "beta": lambda n: random.normal(0.2, 0.3, n),
        "moving_mean": lambda n: random.normal(0, 0.3, n),
        "moving_variance": lambda n: random.uniform(0.5, 2, n),
    }
    for layer in model.layers:
        if type(layer).__name__ == "LayerScale":
            layer.set_weights([random.uniform(0.2, 0.6, weight.shape) for weight in layer.weights])
        elif isinstance(layer, keras.layers.BatchNormalization | keras.layers.LayerNormalization):
            layer.set_weights([draws[weight.name](weight.shape) for weight in layer.weights])
        elif layer.weights:
            values = []
            for weight in layer.weights:
                shape = tuple(weight.shape)
                if len(shape) == 1:
                    values.append(random.normal(0, 0.1, shape))
                    continue
                depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
                read = int(np.prod(shape[:2] if depthwise else shape[:-1]))
                values.append(random.normal(0, np.sqrt(2 / read), shape))
            layer.set_weights(values)


@cache
def shared(name: str) -> Architecture:
    """Return one architecture, built once a session."""
    return Architecture(name, build(name), DESIGNS[name][1])
