"""Measure whether a cell's explanations can be believed. `python -m stages.assess --cell <cell>`"""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from stages import artifacts, command, params, runtime, tracking
from stages.artifacts import Explanations
from stages.errors import UserError
from stages.explainers import Context, Method
from stages.trust.bootstrap import mean_interval
from stages.trust.randomisation import cascade, random_maps

if TYPE_CHECKING:
    import keras

FAMILY = "gradients"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how far explanations can be believed.")
    parser.add_argument("--cell", required=True, help="a cell of params.yaml, <model>-<dataset>")
    assess_cell(parser.parse_args().cell)


def assess_cell(cell: str) -> None:
    """Measure a cell's explanations by weight randomisation, and write the metrics.

    Raises:
        UserError: the cell is unknown, an earlier stage's file is missing or does not fit, or Keras
            runs on another backend than TensorFlow.
    """
    study = params.load()
    study.cell(cell)
    wanted = study.assess.randomisation
    rows = one_an_image(artifacts.read_explanations(cell, FAMILY), wanted.images)
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    runtime.require_tensorflow("assessing explanations")
    runtime.configure(study.threads, study.seed)
    from stages.explainers import gradients
    from stages.explainers.network import Network
    from stages.models.assembly import build_model

    model = build_model(study, cell, rows.images.shape[1:], len(rows.class_names))
    artifacts.load_weights(cell, model)
    changing = Network(model)
    known = gradients.family(
        changing, study.explain.gradients, Context(dataset.train_images, study.seed)
    ).methods
    methods = chosen(known, wanted.methods, list(rows.maps))
    images = rows.images.astype(np.float32) / 255

    def explain(changed: "keras.Model") -> dict[str, np.ndarray]:
        changing.load(changed)
        return {n: method(changing, images, rows.target).maps for n, method in methods.items()}

    used = {
        "seed": study.seed,
        "threads": study.threads,
        "randomisation": wanted,
        FAMILY: study.explain.gradients,
        "network": study.model_of(cell).network,
    }
    with tracking.run(stage="assess", cell=cell, params=used) as run:
        steps = cascade(model, {name: rows.maps[name] for name in methods}, explain, study.seed)
        layers, fully = max(steps), steps[max(steps)]
        noise = random_maps(len(images), images.shape[1:3], study.seed)

        def summary(values: np.ndarray) -> dict[str, object]:
            return summarised(values, wanted.bootstrap_samples, study.seed)

        metrics = {
            "sanity": {name: summary(values) for name, values in fully.items()},
            "controls": {"random_map": summary(noise)},
            "layers": layers,
            "cascade": [
                {"layers": count} | {name: summary(v)["spearman_mean"] for name, v in each.items()}
                for count, each in steps.items()
            ],
        }
        artifacts.write_metrics("assess", cell, metrics)
        said = {name: numbers["spearman_mean"] for name, numbers in metrics["sanity"].items()}
        shown = ", ".join(f"{n} {'-' if m is None else round(m, 3)}" for n, m in said.items())
        print(f"{cell}: rank correlation with {layers} layers random: {shown}", flush=True)
        run.log_metrics(tracking.flattened({"sanity": metrics["sanity"], "layers": layers}))


def chosen(known: dict[str, Method], wanted: list[str], explained: list[str]) -> dict[str, Method]:
    """Return the wanted methods, without those that could not explain this network.

    Args:
        known: the family's methods.
        wanted: names, from params.yaml.
        explained: the methods whose maps there are.

    Raises:
        UserError: a name is unknown.
    """
    for name in wanted:
        if name not in known:
            raise UserError(
                f"params.yaml: assess.randomisation.methods: {name!r} is no method of the family "
                f"{FAMILY}{command.nearest(name, list(known))}; known: {', '.join(known)}"
            )
    return {name: known[name] for name in wanted if name in explained}


def one_an_image(rows: Explanations, images: int) -> Explanations:
    """Keep each image's row for its predicted class, `images` of them, evenly spread."""
    kept = np.flatnonzero(rows.target == rows.predicted)
    if len(kept) > images:
        kept = kept[np.linspace(0, len(kept) - 1, images).round().astype(int)]
    return replace(
        rows,
        **{
            name: getattr(rows, name)[kept]
            for name in ("image_index", "label", "predicted", "target", "confidence", "images")
        },
        maps={name: maps[kept] for name, maps in rows.maps.items()},
        numbers={},
    )


def summarised(values: np.ndarray, samples: int, seed: int) -> dict[str, float | int | None]:
    """Give the mean of per-image correlations, its 95 % interval, and how many they were.

    Images whose correlation is NaN (a constant map has no order of pixels) are left out of the
    mean, and counted as `constant_maps`. What cannot be said of so few images is None.
    """
    known = values[~np.isnan(values)]
    names = ("spearman_mean", "spearman_low", "spearman_high")
    interval = mean_interval(known, samples, seed)
    return {
        **{n: None if np.isnan(v) else v for n, v in zip(names, interval, strict=True)},
        "images": len(known),
        "constant_maps": len(values) - len(known),
    }


if __name__ == "__main__":
    command.run(main)
