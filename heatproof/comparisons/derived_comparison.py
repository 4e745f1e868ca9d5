"""A derived network beside its origin: what was saved, and whether the explanation survived.

Both explain the same images for the class that the origin predicts, the images and methods of
`compare_runs`; so what two seeds of the origin agree in is the yardstick.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.core.baselines import blurred
from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.sizes import AUTO, resolved
from heatproof.comparisons import deployment, maps_elsewhere, network_maps
from heatproof.comparisons.map_agreement import OVERLAP, SPEARMAN, SSIM
from heatproof.comparisons.network_maps import KEPT, RANDOMISED, SAME
from heatproof.config.params import Params
from heatproof.datasets.pixels import UnitImages
from heatproof.models.build import trained_network
from heatproof.models.integer_program import program_of
from heatproof.run import tracking
from heatproof.statistics.paired import accuracy_difference
from heatproof.storage import artifacts, paths
from heatproof.storage.images import selected
from heatproof.storage.records import Dataset
from heatproof.trust.measures.faithfulness import FaithfulnessOptions

if TYPE_CHECKING:
    import keras

STAGE, FAMILY = "compare_derived", "derived"


@dataclass(frozen=True)
class Compared:
    """arrays: of data/explanations/<cell>/derived.npz, see `compare_maps`. metrics: numbers."""

    arrays: dict[str, np.ndarray]
    metrics: dict[str, Any]


def compare_derived(study: Params, cell: str) -> None:
    """Compare a derived cell with the one that it is derived from; write arrays and metrics.

    Raises:
        UserError: the cell is unknown or not derived, or an earlier stage's file is missing or does
            not fit.
    """
    run = study.derived_run(cell)
    origin, dataset = study.origin_of(cell), artifacts.read_dataset(run.dataset)
    shape, classes = dataset.test_images.shape[1:], len(dataset.class_names)
    own, first = (trained_network(each, shape, classes) for each in (run, study.run(origin)))
    used = {
        "seed": study.seed,
        "threads": study.threads,
        "compare_runs": study.compare_runs,
        STAGE: study.compare_derived,
    }
    with tracking.run(STAGE, cell, used) as tracked:
        compared = compare_maps(study, first, own, dataset)
        metrics = answered(study, cell, origin) | saved(cell, own, first) | compared.metrics
        artifacts.write_findings(cell, FAMILY, compared.arrays)
        artifacts.write_metrics(STAGE, cell, metrics)
        artifacts.write_timing(STAGE, cell, timed(study, own, first, dataset))
        print(
            f"{cell}: {metrics['stored_bytes']:,} bytes, of {origin} {metrics['origin_bytes']:,}; "
            f"rank correlation of maps with its own {metrics['map_agreement']:.2f} on "
            f"{metrics['images']} images",
            flush=True,
        )
        tracked.log_results(metrics, paths.metrics(STAGE, cell))


def answered(study: Params, cell: str, origin: str) -> dict[str, Any]:
    """Compare the predictions of all test images.

    Returns:
        `accuracy`, `accuracy_difference` (less the origin's), `ece`; `origin_accuracy` and
        `origin_ece`; `accuracy_test`, see `accuracy_difference`.
    """
    own, other = (artifacts.read_metrics("evaluate", each, ("ece",)) for each in (cell, origin))
    predictions = [artifacts.read_predictions(each) for each in (origin, cell)]
    right = [each.predicted == each.labels for each in predictions]
    samples = study.evaluate.bootstrap_samples
    test = accuracy_difference(right[0], right[1], samples, study.seed)
    return {
        "accuracy": float(right[1].mean()),
        "accuracy_difference": test["difference"],
        "ece": own["ece"],
        "origin_accuracy": float(right[0].mean()),
        "origin_ece": other["ece"],
        "accuracy_test": test,
    }


def saved(cell: str, own: "keras.Model", origin: "keras.Model") -> dict[str, Any]:
    """Compare what both need.

    Returns:
        `stored_bytes`, as the way to derive stores it, and `origin_bytes`, of 32-bit floats;
        `times_smaller`; and of `deployment.needs` each number, and the origin's as
        `origin_<number>`.
    """
    derived = artifacts.read_metrics("derive", cell, ("stored_bytes", "origin_bytes", "by"))
    sizes = {name: derived[name] for name in ("by", "origin", "stored_bytes", "origin_bytes")}
    return {
        **sizes,
        "times_smaller": derived["origin_bytes"] / derived["stored_bytes"],
        **deployment.needs(own, 1 if program_of(own) else deployment.FLOAT_BYTES),
        **{f"origin_{name}": each for name, each in deployment.needs(origin).items()},
    }


def compare_maps(
    study: Params, origin: "keras.Model", derived: "keras.Model", dataset: Dataset
) -> Compared:
    """Compare the maps of a network with those of one derived from it.

    Returns:
        metrics: those of `network_maps.Comparison`; `map_agreement`, `top_overlap` and `ssim`,
        means over methods and images, and `randomised_agreement`, the first of them after the
        origin's weights were randomised; `faithful`, see `maps_elsewhere.summaries`, of
        `faithful_images`; `old_maps_faithfulness` and `own_maps_faithfulness`, their means for the
        derived network.
        arrays: those of `network_maps.Comparison`, the origin's maps first, and `images` uint8
        (m, height, width, channels), whose maps they are.
    """
    options, seed, samples = study.compare_runs, study.seed, study.assess.bootstrap_samples
    shown = selected(dataset.test_images, slice(options.images))
    images: Any = UnitImages(shown)
    networks = Network(origin), Network(derived)
    methods = network_maps.explainers(study, Context(dataset.train_images, seed, dataset.mean))
    few = min(study.compare_derived.faithful_images, len(images))
    compared = network_maps.compare(
        *networks, methods, images, options.top, samples, seed, max(few, KEPT)
    )
    pixels = images[:few]
    gaps = maps_elsewhere.gaps(
        {name: each.logits for name, each in zip(("first", "second"), networks, strict=True)},
        {
            name: {method: each[:few] for method, each in by_method.items()}
            for name, by_method in compared.found.maps.items()
        },
        pixels,
        compared.target[:few],
        blurred(pixels, study.assess.blur),
        resolved(FaithfulnessOptions(steps=AUTO), pixels.shape[1:3]).steps,
        seed,
    )
    maps = compared.metrics["maps"]
    faithful = maps_elsewhere.summaries(gaps, samples, seed)
    overall = {name: each["mean"] for name, each in maps["overall"][SAME].items()}
    metrics = compared.metrics | {
        "map_agreement": overall[SPEARMAN],
        "top_overlap": overall[OVERLAP],
        "ssim": overall[SSIM],
        "randomised_agreement": maps["overall"][RANDOMISED][SPEARMAN]["mean"],
        "old_maps_faithfulness": faithful["overall"][maps_elsewhere.ORIGIN_THERE]["mean"],
        "own_maps_faithfulness": faithful["overall"][maps_elsewhere.OWN]["mean"],
        "faithful": faithful,
        "faithful_images": few,
    }
    names = np.array(dataset.class_names)
    return Compared(
        compared.arrays | {"images": np.asarray(shown[:KEPT]), "class_names": names}, metrics
    )


def timed(
    study: Params, own: "keras.Model", origin: "keras.Model", dataset: Dataset
) -> dict[str, float]:
    """Time both networks beside each other, in turns.

    Returns:
        `<runtime>_<batch>_<number>`: of `keras` and `litert`, `single` images and a `batch`, the
        numbers of `latency.compared`; `timed_batch`, how many images are a batch.
    """
    options = study.compare_derived
    images = dataset.test_images[: options.timed_batch].astype(np.float32) / 255
    # Of integers Keras has the twin alone, which nobody would use.
    in_keras = not (program_of(own) or program_of(origin))
    found = {
        "keras": deployment.timed_in_keras(own, origin, images, options.timed_rounds)
        if in_keras
        else {},
        "litert": deployment.timed_programs(
            deployment.program(own),
            deployment.program(origin),
            images,
            options.timed_rounds,
            study.threads,
        ),
    }
    return {"timed_batch": len(images)} | {
        f"{runtime}_{batch}_{name}": value
        for runtime, by_batch in found.items()
        for batch, numbers in by_batch.items()
        for name, value in numbers.items()
    }
