"""A cell made ready to be assessed: its maps and images, its network, and how to explain again."""

from collections.abc import Sequence

import numpy as np

from heatproof.attribution import registry
from heatproof.attribution.core.baselines import blurred, constant
from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.sizes import resolved
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config.params import Params
from heatproof.models.build import trained_network
from heatproof.storage import artifacts
from heatproof.trust.assessment import Assessment, one_per_image
from heatproof.trust.controls import controls
from heatproof.trust.measures.localisation import foreground


def prepare(study: Params, cell: str, families: Sequence[str]) -> Assessment:
    """Read what is to be assessed of a cell, maps of some families, and set up its network.

    The controls, which are the same beside every family, are assessed with the first one.

    Raises:
        UserError: the cell is unknown, or an earlier stage's file is missing or does not fit.
    """
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    rows = one_per_image(artifacts.read_maps(cell, families), study.assess.images, study.seed)
    images = rows.images.astype(np.float32) / 255
    model = trained_network(study.run(cell), images.shape[1:], len(rows.class_names))
    context = Context(dataset.train_images, study.seed, dataset.mean)
    listed = {name: each for name, each in study.explain.methods.items() if name in rows.maps}
    records = {name: registry.methods()[name] for name in listed}
    own, again = (
        {name: resolved(options, context.size, again) for name, options in listed.items()}
        for again in (False, True)
    )
    slow = resolved(study.assess.slow_methods, context.size)
    controlled = STAGE_FAMILIES[0] in families
    masks, masks_are = None, None
    if dataset.test_masks is not None:
        masks = dataset.test_masks[rows.image_index].astype(bool)
        masks_are = dataset.annotations[-1] if dataset.annotations else "planted"
    elif study.cell(cell).dataset in study.assess.foreground:
        masks, masks_are = foreground(images), "foreground"
    return Assessment(
        rows=rows,
        images=images,
        maps=rows.maps | (controls(images, study.seed) if controlled else {}),
        controlled=controlled,
        baselines={
            "black": np.zeros_like(images),
            "mean": np.array(constant(images, context.mean_colour)),
            "blurred": blurred(images, study.assess.blur),
        },
        masks=masks,
        masks_are=masks_are,
        seed=study.seed,
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
    )
