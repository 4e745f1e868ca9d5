"""A cell made ready to be assessed: its maps and images, its network, and how to explain again."""

from collections.abc import Iterable
from dataclasses import replace

import keras
import numpy as np

from heatproof.attribution import registry
from heatproof.attribution.core.baselines import blurred, constant
from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config.params import Params
from heatproof.models.build import trained_network
from heatproof.storage import artifacts
from heatproof.storage.records import Explanations
from heatproof.trust.assessment import Assessment, ExplainChosen
from heatproof.trust.controls import controls
from heatproof.trust.measures.localisation import foreground
from heatproof.trust.similarity import Maps


def prepare(study: Params, cell: str) -> Assessment:
    """Read what is to be assessed of a cell, and set up its network.

    Raises:
        UserError: the cell is unknown, or an earlier stage's file is missing or does not fit.
    """
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    rows = artifacts.read_maps(cell, STAGE_FAMILIES)
    rows = one_per_image(rows, study.assess.images, study.seed)
    images = rows.images.astype(np.float32) / 255
    model = trained_network(study.run(cell), rows.images.shape[1:], len(rows.class_names))
    network = Network(model)
    context = Context(dataset.train_images, study.seed)
    records = {name: method for name, method in registry.methods().items() if name in rows.maps}
    options = {
        name: records[name].recomputing(options)
        for name, options in study.explain.methods.items()
        if name in records
    }
    methods = registry.with_options(options, context)
    slow = tuple(name for name in methods if records[name].cost == "slow")
    slow_images = min(study.assess.slow_methods.images, len(rows.target))
    masks, masks_are = None, None
    if dataset.test_masks is not None:
        masks, masks_are = dataset.test_masks[rows.image_index].astype(bool), "planted"
    elif study.cell(cell).dataset in study.assess.foreground:
        masks, masks_are = foreground(images), "foreground"

    def explaining(changed: keras.Model) -> ExplainChosen:
        network.load(changed)

        def explain(pixels: np.ndarray, targets: np.ndarray, wanted: Iterable[str]) -> Maps:
            counts = {name: slow_images if name in slow else len(pixels) for name in wanted}
            return {
                name: methods[name](network, pixels[:count], targets[:count]).maps
                for name, count in counts.items()
            }

        return explain

    return Assessment(
        rows=rows,
        images=images,
        targets=rows.target,
        maps=rows.maps | controls(images, study.seed),
        baselines={
            "black": np.zeros_like(images),
            "mean": np.array(constant(images, context.mean_colour)),
            "blurred": blurred(images, study.assess.blur),
        },
        masks=masks,
        masks_are=masks_are,
        seed=study.seed,
        predict=network.logits,
        model=model,
        methods=tuple(methods),
        slow=slow,
        slow_images=slow_images,
        recomputed=tuple(name for name in methods if not records[name].recomputed_alike),
        explaining=explaining,
    )


def one_per_image(rows: Explanations, images: int, seed: int) -> Explanations:
    """Keep each image's row for its predicted class, `images` of them, evenly spread.

    They come in a random order, so that the first few are a fair sample of them too.
    """
    kept = np.flatnonzero(rows.target == rows.predicted)
    if len(kept) > images:
        kept = kept[np.linspace(0, len(kept) - 1, images).round().astype(int)]
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
