"""Explanations: one file a method, and one a family, which is what one run of the stage computes.

A method is a function (network, images, targets) -> Attribution. `network` is a
`network.Network`; `images` is float32 (n, height, width, channels) in [0, 1]; `targets` is int64
(n,), class indices. The maps are float32 (n, height, width) in the images' own pixels, raw: signed
where the method is, never normalised. With them come numbers, one a row: how far the method is from
its own axiom, how well its surrogate fits.

What a method draws at random is drawn from the seed and not from the batch: an image's map is the
same whatever is explained beside it.

A family of maps (`gradients`, `lime`, `shap`) is a module with
`family(network, options, context) -> Family`. A family of findings (`features`, `counterfactual`)
is one with `find(subject, options) -> Findings`. `options` is its block of params.yaml under
`explain`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from heatproof.attribution.core.network import Network
    from heatproof.storage.records import Explanations

MAPS = ("gradients", "lime", "shap")  # families of maps; the others' findings are of many shapes
FAMILIES = (*MAPS, "features", "counterfactual")
# Where each family is: found by its name at run time.
MODULES = {
    "gradients": "heatproof.attribution.gradients_family",
    "lime": "heatproof.attribution.perturbation.lime",
    "shap": "heatproof.attribution.shap_family",
    "features": "heatproof.features.features",
    "counterfactual": "heatproof.counterfactuals.counterfactual",
}


@dataclass(frozen=True)
class Attribution:
    """What a method says of n rows.

    maps: float32 (n, height, width). numbers: name -> float (n,), NaN where there is none.
    """

    maps: np.ndarray
    numbers: dict[str, np.ndarray] = field(default_factory=dict)


Method = Callable[["Network", np.ndarray, np.ndarray], Attribution]


class UnsupportedNetwork(Exception):
    """A method cannot serve this network. The message says why, for the report's reader.

    It is recorded and shown in place of the maps; any other exception fails the stage.
    """


@dataclass(frozen=True)
class Context:
    """What a method may know besides the network and the images it explains.

    training_images: uint8 (n, height, width, channels) in processed order, which is random: its
    first k are a fair sample, for backgrounds and mean colours. seed: of all that is drawn.
    """

    training_images: np.ndarray
    seed: int

    @cached_property
    def mean_colour(self) -> np.ndarray:
        """Each channel's mean over the training images, float32 (channels,) in [0, 1].

        It is what the networks' normalisation turns into zero. As a baseline it takes something
        away from a digit's black background too, which black does not.
        """
        images = self.training_images
        total = images.sum(axis=0, dtype=np.int64)  # along the first axis it is fast
        return (total.mean(axis=(0, 1)) / (255 * len(images))).astype(np.float32)


@dataclass(frozen=True)
class Family:
    """Methods that are computed together.

    methods: name -> method. facts: what the family decided for this network (such as the layer),
    for the metrics.
    """

    methods: dict[str, Method]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """What a family of findings is about.

    rows: the chosen images and targets, without maps. test_images: uint8 (m, height, width,
    channels), the whole test set.
    """

    network: "Network"
    rows: "Explanations"
    test_images: np.ndarray
    context: Context


@dataclass(frozen=True)
class Findings:
    """What a family of findings found.

    arrays: name -> array, as the family's module describes them. metrics: numbers for the metrics
    file. timing: name -> number. figure: one picture for the experiment tracker.
    """

    arrays: dict[str, np.ndarray]
    metrics: dict[str, Any]
    timing: dict[str, float]
    figure: "Figure | None" = None
