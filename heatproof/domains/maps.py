"""What is measured of the maps of a few images of a domain."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from heatproof.attribution import registry
from heatproof.attribution.core.baselines import blurred
from heatproof.attribution.core.method import Context, Explainer, UnsupportedNetwork
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.sizes import AUTO, resolved
from heatproof.config.params import Params
from heatproof.domains.comparison import ENTROPY, GAP
from heatproof.domains.options import STAGE_FAMILY
from heatproof.storage.records import Dataset
from heatproof.trust.measures.faithfulness import FaithfulnessOptions, faithfulness
from heatproof.trust.measures.simplicity import simplicity

# What a removed pixel is replaced by: the image's own blurred surroundings, since black is within a
# bright copy as foreign as white.
BASELINE = "blurred"

Values = dict[str, dict[str, np.ndarray]]  # measure -> method -> float64 (n,)


@dataclass(frozen=True)
class Explainers:
    """A network, and the methods that support it, with all that measuring their maps takes.

    unsupported: method -> why it does not support the network.
    """

    network: Network
    methods: Mapping[str, Explainer]
    unsupported: Mapping[str, str]
    blur: float
    seed: int

    def maps(self, images: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Explain images, uint8 (n, height, width, channels), for classes int64 (n,)."""
        pixels = images.astype(np.float32) / 255
        return {
            name: explain(self.network, pixels, targets).maps
            for name, explain in self.methods.items()
        }

    def measured(
        self, images: np.ndarray, targets: np.ndarray, maps: dict[str, np.ndarray]
    ) -> Values:
        """Measure maps: how spread they are, and whether the network needs what they mark.

        Returns:
            `ENTROPY`, see `simplicity`, and `GAP`, see `faithfulness`, of each method and image.
        """
        pixels = images.astype(np.float32) / 255
        steps = resolved(FaithfulnessOptions(steps=AUTO), images.shape[1:3]).steps
        faithful = faithfulness(
            self.network.logits, pixels, targets, maps,
            {BASELINE: blurred(pixels, self.blur)}, steps, self.seed,
        )  # fmt: skip
        return {
            ENTROPY: {name: simplicity(each)[ENTROPY] for name, each in maps.items()},
            GAP: {name: faithful.values[BASELINE][name][GAP] for name in maps},
        }


def explainers(study: Params, network: Network, dataset: Dataset) -> Explainers:
    """Set up the methods that `domains.methods` of params.yaml names.

    Their options are those of `explain`; those that are not listed there have their defaults.

    Args:
        study: whose options.
        network: to be explained.
        dataset: which it was trained on.
    """
    listed = getattr(study.explain, STAGE_FAMILY)
    options = {
        name: listed.get(name) or registry.methods()[name].options()
        for name in study.domains.methods
    }
    methods = registry.with_options(
        options, Context(dataset.train_images, study.seed, dataset.mean)
    )
    one = dataset.test_images[:1].astype(np.float32) / 255
    unsupported = {}
    for name, explain in methods.items():
        try:
            explain(network, one, np.zeros(1, np.int64))
        except UnsupportedNetwork as reason:
            unsupported[name] = str(reason)
    supported = {name: each for name, each in methods.items() if name not in unsupported}
    return Explainers(network, supported, unsupported, study.assess.blur, study.seed)
