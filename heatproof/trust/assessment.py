"""What measures may ask: maps and images of a cell, its network, and how to explain again."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.core.method import Explainer
from heatproof.attribution.core.selection import evenly_spaced
from heatproof.storage.records import Explanations
from heatproof.trust import random_weights
from heatproof.trust.controls import controls
from heatproof.trust.perturbation import Predict
from heatproof.trust.random_weights import Step
from heatproof.trust.similarity import Maps

if TYPE_CHECKING:
    import keras

    from heatproof.attribution.core.network import Network


@dataclass(frozen=True)
class Assessment:
    """The maps of a network under test, and what they are of.

    rows: of each image the row that explains the predicted class, with the methods' maps. images:
    float32 (n, height, width, channels) in [0, 1]. maps: method or control -> float32 (n, height,
    width). controlled: whether controls are among them. baselines: name -> float32 like images.
    masks: bool (n, height, width), where the evidence is, nowhere in an image of which that is not
    known, or None where it is of none; masks_are: how it is known, "planted", "boxes" or "masks"
    (of the object), "foreground". seed: of all that is drawn. model: the trained network.
    network: the same made ready for explaining. methods: those that gave the maps. slow: those of
    them that take many passes, so that where maps are made again they are made of the first
    `slow_images` only. recomputed: those that are set up otherwise here than for the stored maps.
    in_common: what measures need that is the same whatever the maps are, name -> (n, ...), see
    `common`. before: how many images come before these, where they are a block of more.
    tensor_maps: of methods whose map has a gradient, see `Method.tensor_map`, with options set.
    """

    rows: Explanations
    images: np.ndarray
    maps: Maps
    controlled: bool
    baselines: dict[str, np.ndarray]
    masks: np.ndarray | None
    masks_are: str | None
    seed: int
    model: "keras.Model"
    network: "Network"
    methods: Mapping[str, Explainer]
    slow: tuple[str, ...]
    slow_images: int
    recomputed: tuple[str, ...]
    in_common: dict[str, np.ndarray] = field(default_factory=dict)
    before: int = 0
    tensor_maps: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    _top_down: list[Step] = field(default_factory=list, init=False)

    @property
    def targets(self) -> np.ndarray:
        """The class that each map explains, int64 (n,)."""
        return self.rows.target

    def first(self, images: int) -> slice:
        """Return which of these are among the first so many of all images: none in later blocks."""
        return slice(min(max(images - self.before, 0), len(self.images)))

    @property
    def predict(self) -> Predict:
        """The trained network's logits, until maps are made with other weights."""
        self.network.load(self.model)
        return self.network.logits

    def common(self, name: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """Return `compute()`, or what it gave when another family of maps was measured.

        Args:
            name: of the result.
            compute: what depends on the cell, its images and params.yaml alone; (n, ...).
        """
        if name not in self.in_common:
            self.in_common[name] = compute()
        return self.in_common[name]

    @cached_property
    def originals(self) -> Maps:
        """What maps made again are compared with, of methods and controls.

        They are the stored ones; but those of methods that are set up otherwise here are made
        again, or the other set-up would pass for a change of the map.
        """
        return self.maps | self._explained(self.model, self.images, self.recomputed)

    def explained(self, model: "keras.Model", images: np.ndarray, seed: int) -> Maps:
        """Explain images like ours by a network like ours: maps of all methods and controls.

        seed: of the controls' noise. Another for each network, or noise would agree with itself.
        """
        maps = self._explained(model, images, self.methods)
        return maps | controls(images, seed) if self.controlled else maps

    def explained_fast(self, model: "keras.Model", images: np.ndarray) -> Maps:
        """Explain images by all but the slow methods; controls are left out."""
        return self._explained(model, images, (m for m in self.methods if m not in self.slow))

    def top_down(self, steps: int = 1) -> list[Step]:
        """Randomise the network from the logits down, once: the first to ask says in what steps."""
        if not self._top_down:
            explain = self._explaining_changed(self.seed + 1)
            self._top_down.extend(
                random_weights.cascade(self.model, self.originals, explain, self.seed, steps)
            )
        return self._top_down

    def one_by_one(self, steps: int) -> list[Step]:
        """Randomise single layers of the network, at most `steps` of them."""
        explain = self._explaining_changed(self.seed + 1 + len(self.top_down()))
        return random_weights.independent(self.model, self.originals, explain, self.seed, steps)

    def _explained(self, model: "keras.Model", images: np.ndarray, methods: Iterable[str]) -> Maps:
        self.network.load(model)
        few = images[: self.slow_images], self.targets[: self.slow_images]
        maps = {}
        with self.network.sharing():
            for name in methods:
                shown = few if name in self.slow else (images, self.targets)
                maps[name] = self.methods[name](self.network, *shown).maps
        return maps

    def _explaining_changed(self, first_seed: int) -> "Callable[[keras.Model], Maps]":
        seeds = count(first_seed)
        return lambda changed: self.explained(changed, self.images, next(seeds))


def one_per_image(rows: Explanations, images: int, seed: int) -> Explanations:
    """Keep each image's row for its predicted class, `images` of them, evenly spread over classes.

    They come in a random order, so that the first few are a fair sample of them too.
    """
    kept = np.flatnonzero(rows.target == rows.predicted)
    kept = kept[evenly_spaced(rows.label[kept] == rows.predicted[kept], images)]
    kept = np.random.default_rng(seed).permutation(kept)
    return replace(
        rows,
        **{
            name: getattr(rows, name)[kept]
            for name in ("image_index", "label", "predicted", "target", "confidence", "images")
        },
        maps={name: maps[kept] for name, maps in rows.maps.items()},
        numbers={},
    )
