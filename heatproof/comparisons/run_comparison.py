"""Two networks that differ in nothing but the seed: do they learn the same, and look at the same?

How far their maps agree is also the yardstick of every derived network (`derived_comparison`).
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from heatproof.attribution.core.explained_cell import Findings
from heatproof.attribution.core.method import Context, Explainer
from heatproof.attribution.core.network import Network
from heatproof.comparisons import network_maps
from heatproof.comparisons.options import RunComparisonOptions
from heatproof.config.params import Params
from heatproof.datasets.pixels import UnitImages
from heatproof.features.feature_figure import figure
from heatproof.features.filter_matching import compare
from heatproof.features.filters import first_filters
from heatproof.models.build import trained_network
from heatproof.run import tracking
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
    context = Context(dataset.train_images, study.seed, dataset.mean)
    methods = network_maps.explainers(study, context)
    samples = study.assess.bootstrap_samples
    used = {"seed": study.seed, "threads": study.threads, "compare_runs": options}
    with tracking.run("compare_runs", cell, used) as run:
        compared = compare_networks(first, second, methods, images, options, samples, study.seed)
        artifacts.write_findings(cell, "runs", compared.arrays)
        artifacts.write_metrics("compare_runs", cell, compared.metrics)
        print(f"{cell}: compared with {other} on {len(images)} test images", flush=True)
        run.log_results(compared.metrics, paths.metrics("compare_runs", cell))
        if run.is_tracked and (drawn := compared.figure) is not None:
            run.log_figure(drawn, "runs.png")


def compare_networks(
    first: keras.Model,
    second: keras.Model,
    methods: Mapping[str, Explainer],
    images: Any,
    options: RunComparisonOptions,
    samples: int,
    seed: int,
) -> Findings:
    """Compare the first layer's filters and the maps of two trained networks.

    Args:
        first: a network with logits, as it was trained.
        second: another with the same layers.
        methods: that make the maps.
        images: float32 (n, height, width, channels) in [0, 1], or `UnitImages`.
        options: see there.
        samples: of the bootstrap over the images.
        seed: of all draws.

    Returns:
        arrays: for each convolution of the first layer `filters/<layer>` and
        `other_filters/<layer>`, float32 (filters, height, width, channels), as they act on
        normalised pixels (kernels times batch normalisation's factor), each in its network's own
        order, and `<array>/<layer>` for the arrays of `filter_matching.compare`; and those of
        `network_maps.Comparison`.
        metrics: `filters`, layer -> what `compare` says; and those of `network_maps.Comparison`.
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
    found = network_maps.compare(*networks, methods, images, options.top, samples, seed)
    return Findings(arrays | found.arrays, metrics | found.metrics, {}, lambda: figure(drawn))
