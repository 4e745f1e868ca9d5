"""Two networks that differ in nothing but the seed: do they learn the same, and look at the same?

Both are given the same images. The class explained is the one that the first network predicts, for
both, so that the question is the same. Maps of two different images are alike too, since objects
stand in the middle: beside the correlation of the networks' maps of one image stands that of their
maps of different images, which share nothing else.
"""

from functools import partial
from typing import Any

import keras
import numpy as np

from heatproof.attribution.cam.gradcam import gradcam
from heatproof.attribution.core.explained_cell import Findings
from heatproof.attribution.core.feature_maps import feature_layer
from heatproof.attribution.core.method import Explainer
from heatproof.attribution.core.network import Network
from heatproof.attribution.gradients.saliency import saliency
from heatproof.config.params import Params
from heatproof.datasets.pixels import UnitImages
from heatproof.features.feature_figure import figure
from heatproof.features.filter_matching import compare
from heatproof.features.filters import first_filters
from heatproof.features.options import RunComparisonOptions
from heatproof.models.build import trained_network
from heatproof.run import tracking
from heatproof.statistics.correlation import rank_correlation
from heatproof.storage import artifacts, paths
from heatproof.storage.images import selected


def compare_runs(study: Params, cell: str) -> None:
    """Compare a cell with its run of another seed; write arrays and metrics.

    Raises:
        UserError: the cell is unknown or not listed, or an earlier stage's file is missing or does
            not fit.
    """
    other = study.listed("compared", cell).run
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    shape, classes = dataset.test_images.shape[1:], len(dataset.class_names)
    first, second = (trained_network(study.run(name), shape, classes) for name in (cell, other))
    options = study.compare_runs
    images = UnitImages(selected(dataset.test_images, slice(options.images)))
    used = {"seed": study.seed, "threads": study.threads, "compare_runs": options}
    with tracking.run("compare_runs", cell, used) as run:
        compared = compare_networks(first, second, images, options, study.seed)
        artifacts.write_findings(cell, "runs", compared.arrays)
        artifacts.write_metrics("compare_runs", cell, compared.metrics)
        print(f"{cell}: compared with {other} on {len(images)} test images", flush=True)
        run.log_results(compared.metrics, paths.metrics("compare_runs", cell))
        if run.is_tracked and (drawn := compared.figure) is not None:
            run.log_figure(drawn, "runs.png")


def compare_networks(
    first: keras.Model,
    second: keras.Model,
    images: Any,
    options: RunComparisonOptions,
    seed: int,
) -> Findings:
    """Compare the first layer's filters and the maps of two trained networks.

    Args:
        first: a network with logits, as it was trained.
        second: another with the same layers.
        images: float32 (n, height, width, channels) in [0, 1], or `UnitImages`.
        options: see there.
        seed: of the draws.

    Returns:
        arrays: for each convolution of the first layer `filters/<layer>` and
        `other_filters/<layer>`, float32 (filters, height, width, channels), as they act on
        normalised pixels (kernels times batch normalisation's factor), each in its network's own
        order, and `<array>/<layer>` for the arrays of `filter_matching.compare`; for each method
        `map/<method>` and `other_map/<method>` float32 (n, height, width), `correlation/<method>`
        and `other_image/<method>` float32 (n,), Spearman's, with the other's map of the same image
        and of the next (NaN where a map is constant); `target` int64 (n,), the class explained.
        metrics: `filters`, layer -> what `compare` says; `images`; `same_prediction`, on how many
        of them the networks agree; `maps`, method -> median correlations, and on how many images
        there is one.
        figure: the first network's filters, and below each its partner.
    """
    arrays: dict[str, np.ndarray] = {}
    metrics: dict[str, Any] = {"filters": {}}
    drawn: dict[str, np.ndarray] = {}
    others = first_filters(second)
    for name, bank in first_filters(first).items():
        one, other = bank.acting, others[name].acting
        matched, metrics["filters"][name] = compare(one, other, options.draws, seed)
        arrays |= {f"filters/{name}": one, f"other_filters/{name}": other}
        arrays |= {f"{array}/{name}": values for array, values in matched.items()}
        drawn[f"filters/{name}"] = one
        drawn[f"filters/{name}, matched"] = other[matched["partner"]]
    networks = Network(first), Network(second)
    logits = [network.logits(images) for network in networks]
    target = logits[0].argmax(axis=1).astype(np.int64)
    arrays["target"] = target
    metrics["images"] = len(images)
    metrics["same_prediction"] = int((target == logits[1].argmax(axis=1)).sum())
    metrics["maps"] = {}
    for name, method in _methods(networks[0]).items():
        one, other = (method(network, images, target).maps for network in networks)
        same, different = (
            rank_correlation(one, each).astype(np.float32)
            for each in (other, np.roll(other, -1, axis=0))
        )
        if len(images) == 1:  # whose next one is itself
            different = np.full_like(different, np.nan)
        arrays |= {f"map/{name}": one, f"other_map/{name}": other}
        arrays |= {f"correlation/{name}": same, f"other_image/{name}": different}
        metrics["maps"][name] = {
            "images": int(np.isfinite(same).sum()),
            "median": _median(same),
            "median_other_image": _median(different),
        }
    return Findings(arrays, metrics, {}, lambda: figure(drawn))


def _methods(network: Network) -> dict[str, Explainer]:
    layer = feature_layer(network.model)
    return {"gradcam": partial(gradcam, layer=layer), "saliency": saliency}


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
