"""What is checked: a trained cell's network, a few of its explained images, and the methods."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from heatproof.attribution import registry
from heatproof.attribution.cam.score_cam import ScoreCamOptions
from heatproof.attribution.core.feature_maps import LAST, feature_layer
from heatproof.attribution.core.method import LIBRARY, OWN, Context, Method
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.sizes import is_small, resolved
from heatproof.attribution.shapley.background import BackgroundOptions
from heatproof.config.params import Params
from heatproof.config.schema import Block
from heatproof.features.options import MaximisationOptions

_CHANNELS = 128


@dataclass(frozen=True)
class Subject:
    """What both sides of a check get.

    network: folded for ours; the libraries take `network.trained`. images: float32 (n, height,
    width, channels) in [0, 1]. targets: int64 (n,), their predicted classes. options: method ->
    its options, of those that a library has too, numbers in place of `auto`. maximisation: of the
    images that classes prefer.
    """

    network: Network
    images: np.ndarray
    targets: np.ndarray
    context: Context
    options: Mapping[str, Block]
    maximisation: MaximisationOptions

    def explained(self, method: str, engine: str) -> np.ndarray:
        """Return a method's maps, float32 (n, height, width), by our code or by the library."""
        options = self.options[method].model_copy(update={"engine": engine})
        explain = registry.methods()[method].with_options(options, self.context)
        return explain(self.network, self.images, self.targets).maps

    def layer(self, method: str) -> str:
        """Return the layer whose feature maps a class activation map weighs."""
        return feature_layer(self.network.model, getattr(self.options[method], "layer", LAST))

    @property
    def first(self) -> "Subject":
        """The first row alone."""
        return replace(self, images=self.images[:1], targets=self.targets[:1])

    @property
    def small(self) -> bool:
        """Whether a pass costs so little that everything is called once before it is timed."""
        return is_small(self.images.shape[1:3])


def options_of(study: Params, method: Method, size: tuple[int, int]) -> Block:
    """Return a method's options in params.yaml, or its defaults, with as few passes as will do.

    In images above 40 pixels a side these are as many as where maps are made again.
    """
    listed = study.explain.methods.get(method.name, method.options())
    return method.recomputing(resolved(listed, size, again=True))


def fitting(options: Block, network: Network) -> Block:
    """Return options with no more than a check needs.

    Training images as many as half a batch holds, since shap doubles them; of Score-CAM's channels
    at most 128, whatever the images' size.
    """
    if isinstance(options, ScoreCamOptions):
        return options.model_copy(update={"channels": min(options.channels, _CHANNELS)})
    if not isinstance(options, BackgroundOptions):
        return options
    fits = min(options.background, max(1, network.batch_size // 2))
    return options.model_copy(update={"background": fits})


Side = Callable[[Subject], np.ndarray]


def own(method: str) -> Side:
    """Return our side of a method."""
    return lambda subject: subject.explained(method, OWN)


def library(method: str) -> Side:
    """Return the side of the library that a method's record names."""
    return lambda subject: subject.explained(method, LIBRARY)
