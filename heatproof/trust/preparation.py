"""A cell made ready to be assessed: its maps and images, its network, and how to explain again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution import registry
from heatproof.attribution.core.baselines import blurred, constant
from heatproof.attribution.core.method import Context, Explainer
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.sizes import resolved
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config.params import Params
from heatproof.models.build import trained_network
from heatproof.storage import artifacts
from heatproof.storage.records import Dataset, Explanations
from heatproof.trust.assessment import Assessment, one_per_image
from heatproof.trust.controls import controls
from heatproof.trust.measures.localisation import foreground

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Prepared:
    """All that is assessed of a cell, of which `part` makes some images ready.

    rows: of each image the row that explains the predicted class, with the methods' maps.
    controlled: whether controls are assessed beside these. slow, recomputed: as in `Assessment`.
    slow_images: of all. in_common: what the first family of maps left for the others, (n, ...).
    tensor_maps: as in `Assessment`.
    """

    study: Params
    cell: str
    dataset: Dataset
    rows: Explanations
    controlled: bool
    context: Context
    model: "keras.Model"
    network: Network
    methods: Mapping[str, Explainer]
    slow: tuple[str, ...]
    slow_images: int
    recomputed: tuple[str, ...]
    in_common: Mapping[str, np.ndarray]
    tensor_maps: Mapping[str, Callable[..., Any]]

    def part(self, place: slice) -> Assessment:
        """Return the assessment of the images from `place.start` to `place.stop`.

        Maps of slow methods are made again of the first images of all; where none of these are in
        the part, it does not have these methods.
        """
        rows, study, seed = self._rows(place), self.study, self.study.seed
        images = rows.images.astype(np.float32) / 255
        slow_images = min(max(self.slow_images - place.start, 0), len(rows.target))
        without = self.slow if place.start >= self.slow_images > 0 else ()
        return Assessment(
            rows=rows,
            images=images,
            maps=rows.maps | (controls(images, seed) if self.controlled else {}),
            controlled=self.controlled,
            baselines={
                "black": np.zeros_like(images),
                "mean": np.array(constant(images, self.context.mean_colour)),
                "blurred": blurred(images, study.assess.blur),
            },
            masks=self._masks(rows, images),
            masks_are=self.masks_are,
            seed=seed,
            model=self.model,
            network=self.network,
            methods={name: each for name, each in self.methods.items() if name not in without},
            slow=self.slow,
            slow_images=slow_images,
            recomputed=tuple(name for name in self.recomputed if name not in without),
            in_common={name: each[place] for name, each in self.in_common.items()},
            before=place.start,
            tensor_maps=self.tensor_maps,
        )

    def _rows(self, place: slice) -> Explanations:
        named = ("image_index", "label", "predicted", "target", "confidence", "images")
        maps = {name: each[place] for name, each in self.rows.maps.items()}
        some = {name: getattr(self.rows, name)[place] for name in named}
        return replace(self.rows, maps=maps, **some)

    @property
    def masks_are(self) -> str | None:
        """How it is known where the evidence is, as in `Assessment`."""
        if self.dataset.test_masks is not None:
            annotations = self.dataset.annotations
            return annotations[-1] if annotations else "planted"
        of = self.study.cell(self.cell).dataset
        return "foreground" if of in self.study.assess.foreground else None

    def _masks(self, rows: Explanations, images: np.ndarray) -> np.ndarray | None:
        if self.dataset.test_masks is not None:
            return self.dataset.test_masks[rows.image_index].astype(bool)
        return foreground(images) if self.masks_are else None


def prepare(study: Params, cell: str, families: Sequence[str]) -> Assessment:
    """Make all that is to be assessed of a cell ready; see `prepared`."""
    ready = prepared(study, cell, families)
    return ready.part(slice(0, len(ready.rows.target)))


def prepared(study: Params, cell: str, families: Sequence[str]) -> Prepared:
    """Read what is to be assessed of a cell, maps of some families, and set up its network.

    The controls, which are the same beside every family, are assessed with the first one.

    Raises:
        UserError: the cell is unknown, or an earlier stage's file is missing or does not fit.
    """
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    rows = one_per_image(artifacts.read_maps(cell, families), study.assess.images, study.seed)
    model = trained_network(study.run(cell), rows.images.shape[1:], len(rows.class_names))
    context = Context(dataset.train_images, study.seed, dataset.mean)
    listed = {name: each for name, each in study.explain.methods.items() if name in rows.maps}
    records = {name: registry.methods()[name] for name in listed}
    own, again = (
        {name: resolved(options, context.size, again) for name, options in listed.items()}
        for again in (False, True)
    )
    slow = resolved(study.assess.slow_methods, context.size)
    controlled = STAGE_FAMILIES[0] in families
    known = {} if controlled else artifacts.read_common(cell, rows.image_index)
    return Prepared(
        study=study,
        cell=cell,
        dataset=dataset,
        rows=rows,
        controlled=controlled,
        context=context,
        model=model,
        network=Network(model),
        methods=registry.with_options(registry.options_again(listed, context.size), context),
        slow=tuple(name for name, method in records.items() if method.cost == "slow"),
        slow_images=min(slow.images, len(rows.target)),
        recomputed=tuple(
            name
            for name, method in records.items()
            if not method.recomputed_alike or again[name] != own[name]
        ),
        in_common=known,
        tensor_maps={
            name: tensor_map
            for name, method in records.items()
            if (tensor_map := method.tensor_map_with(listed[name], context)) is not None
        },
    )
