"""What measures may ask: maps and images of a cell, its network, and how to explain again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from heatproof.storage.records import Explanations
from heatproof.trust import random_weights
from heatproof.trust.controls import controls
from heatproof.trust.perturbation import Predict
from heatproof.trust.random_weights import Step
from heatproof.trust.similarity import Maps

if TYPE_CHECKING:
    import keras

# Images float32 (n, height, width, channels), targets int64 (n,), and which methods -> their maps
# of all images, or of the first.
ExplainChosen = Callable[[np.ndarray, np.ndarray, tuple[str, ...]], Maps]


@dataclass(frozen=True)
class Assessment:
    """The maps of a network under test, and what they are of.

    rows: of each image the row that explains the predicted class, with all methods' maps. images:
    float32 (n, height, width, channels) in [0, 1]. targets: int64 (n,). maps: method or control ->
    float32 (n, height, width). baselines: name -> float32 like images. masks: bool (n, height,
    width), where the evidence is, or None where nobody knows; masks_are: how that is known,
    "planted" or "foreground". seed: of all that is drawn. predict: the trained network. model: the
    same, with its weights. methods: those that gave the maps. slow: those of them that take many
    passes, so that where maps are made again they are made of the first `slow_images` only.
    recomputed: those that are set up otherwise here than for the stored maps. explaining: loads a
    network's weights, and returns what explains images with them until it is called with another
    network.
    """

    rows: Explanations
    images: np.ndarray
    targets: np.ndarray
    maps: Maps
    baselines: dict[str, np.ndarray]
    masks: np.ndarray | None
    masks_are: str | None
    seed: int
    predict: Predict
    model: "keras.Model"
    methods: tuple[str, ...]
    slow: tuple[str, ...]
    slow_images: int
    recomputed: tuple[str, ...]
    explaining: "Callable[[keras.Model], ExplainChosen]"
    _top_down: list[Step] = field(default_factory=list, init=False)

    @cached_property
    def originals(self) -> Maps:
        """What maps made again are compared with, of methods and controls.

        They are the stored ones; but those of methods that are set up otherwise here are made
        again, or the other set-up would pass for a change of the map.
        """
        explain = self.explaining(self.model)
        return self.maps | explain(self.images, self.targets, self.recomputed)

    def explained(self, model: "keras.Model", seed: int) -> Maps:
        """Explain the images by a network of other weights: maps of all methods and controls.

        seed: of the controls' noise. Another for each network, or noise would agree with itself.
        """
        return self.explaining_images(model, seed)(self.images, self.targets)

    def explaining_images(
        self, model: "keras.Model", seed: int
    ) -> Callable[[np.ndarray, np.ndarray], Maps]:
        """Return what explains any images by a network: maps of all methods and controls."""
        explain = self.explaining(model)
        return lambda images, targets: (
            explain(images, targets, self.methods) | controls(images, seed)
        )

    def explaining_fast_methods(self, model: "keras.Model") -> Callable[[np.ndarray], Maps]:
        """Return what explains any images for the targets by all but the slow methods."""
        explain = self.explaining(model)
        fast = tuple(name for name in self.methods if name not in self.slow)
        return lambda images: explain(images, self.targets, fast)

    def top_down(self, steps: int = 1) -> list[Step]:
        """Randomise the network from the logits down, once: the first to ask says in what steps."""
        if not self._top_down:
            explain = self._explaining_changed(self.seed + 1)
            randomised = random_weights.cascade(
                self.model, self.originals, explain, self.seed, steps
            )
            self._top_down.extend(randomised)
        return self._top_down

    def one_by_one(self, steps: int) -> list[Step]:
        """Randomise single layers of the network, at most `steps` of them."""
        explain = self._explaining_changed(self.seed + 1 + len(self.top_down()))
        return random_weights.independent(self.model, self.originals, explain, self.seed, steps)

    def _explaining_changed(self, first_seed: int) -> "Callable[[keras.Model], Maps]":
        seeds = count(first_seed)
        return lambda changed: self.explained(changed, next(seeds))
