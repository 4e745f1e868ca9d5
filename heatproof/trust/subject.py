"""What an assessment needs: a cell's maps and images, its network, and how to explain again."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from heatproof.attribution.core.method import MAPS, Context, Method
from heatproof.config.params import Params
from heatproof.run import runtime
from heatproof.run.errors import UserError, nearest
from heatproof.storage import artifacts, weights
from heatproof.storage.records import Dataset, Explanations
from heatproof.trust import examination
from heatproof.trust.controls import controls
from heatproof.trust.localisation import foreground
from heatproof.trust.randomisation import Maps

if TYPE_CHECKING:
    import keras

    from heatproof.attribution.core.network import Network


@dataclass(frozen=True)
class Assessed:
    """A cell made ready to be assessed.

    rows: of each image the row that explains the predicted class, with all maps. mask: how it is
    known where the evidence is, "planted" or "foreground", or None. methods: those that gave the
    maps. dear: those of them that take many passes, so that where maps are made again they are made
    of the first `few` images only. anew: those that are set up otherwise here than for the stored
    maps.
    """

    rows: Explanations
    mask: str | None
    subject: examination.Subject
    model: "keras.Model"
    network: "Network"
    methods: dict[str, Method]
    dear: tuple[str, ...]
    few: int
    anew: tuple[str, ...]

    def originals(self) -> Maps:
        """Return what maps made again are compared with, of methods and controls.

        They are the stored ones; but those of methods that are set up otherwise here are made anew,
        or the other set-up would pass for a change of the map.
        """
        subject = self.subject
        explain = self.explaining(self.model)
        return subject.maps | explain(subject.images, subject.targets, self.anew)

    def explaining(self, model: "keras.Model") -> examination.Explain:
        """Load a network's weights; return the function that explains images with them.

        It serves until it is asked for that of another network.
        """
        self.network.load(model)

        def explain(
            images: np.ndarray, targets: np.ndarray, wanted: Iterable[str] = self.methods
        ) -> Maps:
            rows = {name: self.few if name in self.dear else len(images) for name in wanted}
            return {
                name: self.methods[name](self.network, images[:row], targets[:row]).maps
                for name, row in rows.items()
            }

        return explain


def prepared(study: Params, cell: str) -> Assessed:
    """Read what is to be assessed of a cell, and set up its network.

    Raises:
        UserError: the cell is unknown, an earlier stage's file is missing or does not fit, or Keras
            runs on another backend than TensorFlow.
    """
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    rows = one_an_image(artifacts.read_maps(cell, MAPS), study.assess.images, study.seed)
    runtime.require_tensorflow("assessing explanations")
    runtime.configure(study.threads, study.seed)
    from heatproof.attribution.core.network import Network

    model = trained_model(study, cell, rows)
    network = Network(model)
    context = Context(dataset.train_images, study.seed)
    methods = _methods(study, network, context)
    dear = chosen(list(methods), study.assess.few.methods)
    methods = {name: method for name, method in methods.items() if name in rows.maps}
    return Assessed(
        rows=rows,
        mask=_mask_kind(study, cell, dataset),
        subject=_subject(study, cell, rows, dataset, context),
        model=model,
        network=network,
        methods=methods,
        dear=tuple(name for name in methods if name in dear),
        few=min(study.assess.few.images, len(rows.target)),
        anew=tuple(name for name in methods if name.startswith("integrated_gradients")),
    )


def trained_model(study: Params, cell: str, rows: Explanations, variant: str = "") -> "keras.Model":
    """Build a cell's network and load its weights, or those of a variant of it.

    Raises:
        UserError: the weights are missing or do not fit.
    """
    from heatproof.models.build import build_model

    model = build_model(study, cell, rows.images.shape[1:], len(rows.class_names))
    weights.load(cell, model, variant)
    return model


def _methods(study: Params, network: "Network", context: Context) -> dict[str, Method]:
    """Return every method of maps by name, set up so that explaining again is affordable."""
    from heatproof.attribution import gradients_family, shap_family
    from heatproof.attribution.perturbation import lime

    explain = study.explain
    # A random network would have Integrated Gradients double its steps to no end (their maps have
    # to be compared with such as were made `anew`), and LIME would explain each image once a seed
    # to say how stable it is, which does not change the map.
    path = explain.gradients.integrated_gradients
    path = path.model_copy(update={"most_steps": path.steps})
    families = (
        gradients_family.family(
            network, explain.gradients.model_copy(update={"integrated_gradients": path}), context
        ),
        lime.family(network, explain.lime.model_copy(update={"stability_images": 0}), context),
        shap_family.family(network, explain.shap, context),
    )
    return {name: method for each in families for name, method in each.methods.items()}


def chosen(known: list[str], wanted: list[str]) -> list[str]:
    """Return `wanted`. Raises UserError if one of them is no method."""
    for name in wanted:
        if name not in known:
            raise UserError(
                f"params.yaml: assess.few.methods: {name!r} is no method of maps"
                f"{nearest(name, known)}; known: {', '.join(known)}"
            )
    return wanted


def one_an_image(rows: Explanations, images: int, seed: int) -> Explanations:
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


def _subject(
    study: Params, cell: str, rows: Explanations, dataset: Dataset, context: Context
) -> examination.Subject:
    from heatproof.attribution.core.baselines import blurred, constant

    images = rows.images.astype(np.float32) / 255
    kind = _mask_kind(study, cell, dataset)
    masks = None
    if kind == "planted" and dataset.test_masks is not None:
        masks = dataset.test_masks[rows.image_index].astype(bool)
    elif kind == "foreground":
        masks = foreground(images)
    return examination.Subject(
        images,
        rows.target,
        rows.maps | controls(images, study.seed),
        {
            "black": np.zeros_like(images),
            "mean": np.array(constant(images, context.mean_colour)),
            "blurred": blurred(images, study.assess.faithfulness.blur),
        },
        masks,
    )


def _mask_kind(study: Params, cell: str, dataset: Dataset) -> str | None:
    """Say how it is known where the evidence is: planted there, or the object itself, or not."""
    if dataset.test_masks is not None:
        return "planted"
    return "foreground" if study.cell(cell).dataset in study.assess.foreground else None
