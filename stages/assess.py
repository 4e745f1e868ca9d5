"""Measure whether a cell's explanations can be believed. `python -m stages.assess --cell <cell>`"""

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stages import artifacts, command, params, runtime, tracking
from stages.artifacts import Dataset, Explanations
from stages.errors import UserError
from stages.explainers import MAPS, Context, Method
from stages.params import Params
from stages.trust import examination, summary
from stages.trust.agreement import agreement
from stages.trust.controls import controls
from stages.trust.localisation import foreground
from stages.trust.measures import base
from stages.trust.randomisation import Maps

if TYPE_CHECKING:
    import keras

    from stages.explainers.network import Network


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how far explanations can be believed.")
    parser.add_argument("--cell", required=True, help="a cell of params.yaml, <model>-<dataset>")
    assess_cell(parser.parse_args().cell)


def assess_cell(cell: str) -> None:
    """Put a cell's maps to every test; write per-image values, metrics and timing.

    Raises:
        UserError: the cell is unknown, an earlier stage's file is missing or does not fit, or Keras
            runs on another backend than TensorFlow.
    """
    study = params.load()
    study.cell(cell)
    options = study.assess
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    rows = one_an_image(artifacts.read_maps(cell, MAPS), options.images, study.seed)
    runtime.require_tensorflow("assessing explanations")
    runtime.configure(study.threads, study.seed)
    from stages.explainers.network import Network

    model = _model(study, cell, rows)
    network = Network(model)
    context = Context(dataset.train_images, study.seed)
    methods = _methods(study, network, context)
    dear = set(chosen(list(methods), options.few.methods))
    methods = {name: method for name, method in methods.items() if name in rows.maps}
    subject = _subject(study, cell, rows, dataset, context)
    explaining = remaking(network, methods, dear, options.few.images)
    used = {"seed": study.seed, "threads": study.threads, "assess": options}
    with tracking.run(stage="assess", cell=cell, params=used) as run:
        watch = _Watch()
        table, curves = examination.of_maps(subject, network.logits, options, study.seed)
        watch.lap("faithfulness")
        shuffled = _model(study, cell, rows, "shuffled") if cell in study.shuffled else None
        cheap = [name for name in methods if name not in dear]
        originals = examination.remade(explaining(model), subject, study.seed)
        forgetting, cascade, independent = examination.of_weights(
            model, explaining, originals, cheap, subject, options, study.seed, shuffled
        )
        watch.lap("sanity")
        table |= forgetting
        table |= examination.of_images(explaining(model), originals, subject, options, study.seed)
        watch.lap("robustness")
        right = int((rows.label == rows.predicted).sum())
        summarised = summary.summaries(table, options.bootstrap_samples, study.seed)
        found = agreement({name: rows.maps[name] for name in methods})
        metrics = {
            "images": len(rows.target),
            "right_images": right,
            "wrong_images": len(rows.target) - right,
            "few": {
                "images": min(options.few.images, len(rows.target)),
                "methods": [name for name in methods if name in dear],
            },
            "mask": _mask_kind(study, cell, dataset),
            "measures": summarised,
            "uninformative": summary.flagged(summarised),
            "ranking": summary.rankings(table, options.bootstrap_samples, study.seed),
            "agreement": summary.agreements(found),
            "cascade": summary.curve(cascade),
            "independent": summary.curve(independent),
        }
        artifacts.write_trust(cell, _values(rows, table, curves))
        artifacts.write_metrics("assess", cell, metrics)
        artifacts.write_timing("assess", cell, watch.laps)
        said = ", ".join(f"{part} {seconds:.0f} s" for part, seconds in watch.laps.items())
        print(f"{cell}: {len(table)} measures of {len(subject.maps)} maps: {said}", flush=True)
        run.log_metrics(_tracked(summarised) | watch.laps)


def _model(study: Params, cell: str, rows: Explanations, variant: str = "") -> "keras.Model":
    from stages.models.assembly import build_model

    model = build_model(study, cell, rows.images.shape[1:], len(rows.class_names))
    artifacts.load_weights(cell, model, variant)
    return model


def _methods(study: Params, network: "Network", context: Context) -> dict[str, Method]:
    """Return every method of maps by name, set up so that explaining again is affordable."""
    from stages.explainers import gradients, lime, shap

    explain = study.explain
    # A random network would have Integrated Gradients double its steps to no end, and LIME would
    # explain each image once a seed to say how stable it is.
    path = explain.gradients.integrated_gradients
    path = path.model_copy(update={"most_steps": path.steps})
    families = (
        gradients.family(
            network, explain.gradients.model_copy(update={"integrated_gradients": path}), context
        ),
        lime.family(network, explain.lime.model_copy(update={"stability_images": 0}), context),
        shap.family(network, explain.shap, context),
    )
    return {name: method for each in families for name, method in each.methods.items()}


def chosen(known: list[str], wanted: list[str]) -> list[str]:
    """Return `wanted`. Raises UserError if one of them is no method."""
    for name in wanted:
        if name not in known:
            raise UserError(
                f"params.yaml: assess.few.methods: {name!r} is no method of maps"
                f"{command.nearest(name, known)}; known: {', '.join(known)}"
            )
    return wanted


def remaking(
    network: "Network", methods: dict[str, Method], dear: set[str], few: int
) -> Callable[["keras.Model"], examination.Explain]:
    """Return what loads other weights and gives the function that explains images with them.

    Args:
        network: of the same layers as every model that will come.
        methods: name -> method.
        dear: those that explain the first `few` images only.
        few: how many.
    """

    def explaining(model: "keras.Model") -> examination.Explain:
        network.load(model)

        def explain(
            images: np.ndarray, targets: np.ndarray, wanted: Iterable[str] = methods
        ) -> Maps:
            rows = {name: few if name in dear else len(images) for name in wanted}
            return {
                name: methods[name](network, images[:row], targets[:row]).maps
                for name, row in rows.items()
            }

        return explain

    return explaining


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
    from stages.explainers.baselines import blurred, constant

    images = rows.images.astype(np.float32) / 255
    kind = _mask_kind(study, cell, dataset)
    masks = None
    if kind == "planted":
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


def _values(
    rows: Explanations, table: examination.Table, curves: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    values = {
        f"value/{measure}/{method}": each.astype(np.float32)
        for measure, by_method in table.items()
        for method, each in by_method.items()
    }
    shown = {name: getattr(rows, name) for name in ("image_index", "label", "predicted")}
    kept = {name if name == "fractions" else f"curve/{name}": c for name, c in curves.items()}
    return shown | values | kept


def _tracked(summarised: dict[str, dict[str, dict[str, float]]]) -> dict[str, float]:
    """Return the means for the experiment tracker, without the variants of baselines."""
    first = {base(measure): measure for measure in reversed(summarised)}
    return {
        f"{name}.{method}": said["mean"]
        for name, measure in first.items()
        for method, said in summarised[measure].items()
        if not np.isnan(said["mean"])
    }


class _Watch:
    """Seconds of each part."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[f"{name}_seconds"] = round(now - self._last, 3)
        self._last = now


if __name__ == "__main__":
    command.run(main)
