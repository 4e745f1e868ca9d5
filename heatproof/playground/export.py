"""A trained network as the record that the live page opens."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from heatproof.attribution.core.activation_layers import activated_maps
from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.config.params import Params
from heatproof.config.schema import Block
from heatproof.models.build import trained_network
from heatproof.playground import methods
from heatproof.playground.layer_kinds import Unknown
from heatproof.playground.operations import Operation, operations
from heatproof.playground.precision import STORED, Stored, moved, packed, rounded_network
from heatproof.storage import artifacts, playground_files

MAX_BYTES = 2_000_000  # of weights
MAX_SIDE = 64  # of images, in pixels: a map of larger ones would take seconds
CHECKED = 100  # test images on which rounding is measured
MOST_CHANGED = 0.01  # of the predictions on them, that rounding may change


class NotOnPage(Exception):
    """A network cannot be on the live page; why, for the report's reader."""


def export(study: Params, cell: str) -> None:
    """Write a trained cell's network for the live page, or why it is not there.

    Raises:
        UserError: the cell is unknown, or an earlier stage's file is missing or damaged.
    """
    run = study.run(cell)
    dataset = artifacts.read_dataset(run.dataset)
    shape, names = dataset.test_images.shape[1:], dataset.class_names
    network = Network(trained_network(run, shape, len(names)))
    images = dataset.test_images[:CHECKED].astype(np.float32) / 255
    listed = study.explain.gradients | study.explain.perturbation
    context = Context(dataset.train_images, study.seed, dataset.mean)
    try:
        content = record(cell, network, names, images, listed, context)
    except NotOnPage as reason:
        playground_files.write(cell, {playground_files.REFUSED: str(reason)})
        print(f"{cell}: not on the live page: {reason}", flush=True)
        return
    playground_files.write(cell, content)
    precision = content["precision"]
    size = _megabytes(precision["bytes"])
    print(f"{cell}: on the live page, {size} as {precision['stored']}", flush=True)


def record(
    name: str,
    network: Network,
    class_names: tuple[str, ...],
    images: np.ndarray,
    listed: Mapping[str, Block],
    context: Context,
) -> dict[str, Any]:
    """Return all that the engine needs of a network, as JSON.

    Args:
        name: of the cell.
        network: folded.
        class_names: in the order of the logits.
        images: float32 (n, height, width, channels) in [0, 1], test images on which it is measured
            what rounding changes.
        listed: the methods of params.yaml, with their options.
        context: of the cell.

    Returns:
        `name`, `input` (height, width, channels), `classes`, `graph` (the steps), `methods`,
        `precision` (what `moved` gives; `stored`; `bytes`), `arrays` and `weights` (see `packed`).

    Raises:
        NotOnPage: the network is too large, its images are, or it has a layer that the engine does
            not know.
    """
    steps = _steps(network)
    arrays = [each for step in steps for each in (step.weights, step.bias) if each is not None]
    stored = _finest(arrays)
    other = network if stored == "float32" else rounded_network(network, steps, stored)
    precision = moved(network, other, images)
    changed = len(images) - precision["same_predictions"]
    if changed > MOST_CHANGED * len(images):
        raise NotOnPage(
            f"its weights are at most {_megabytes(MAX_BYTES)} only as {stored}, and so rounded "
            f"they change {changed} of {len(images)} predictions"
        )
    content = packed(arrays, stored)
    shown = set(activated_maps(network.model))
    return {
        "name": name,
        "input": list(network.image_shape),
        "classes": list(class_names),
        "graph": _graph(steps, shown),
        "methods": methods.described(network, listed, context),
        "precision": precision | {"stored": stored, "bytes": len(content.content)},
        "arrays": content.arrays,
        "weights": content.text,
    }


def _steps(network: Network) -> list[Operation]:
    if network.opaque:
        raise NotOnPage(f"it is {network.opaque}, whose layers cannot be seen")
    height, width, _ = network.image_shape
    if max(height, width) > MAX_SIDE:
        raise NotOnPage(
            f"its images have {height}×{width} pixels; the page's have at most "
            f"{MAX_SIDE}×{MAX_SIDE}"
        )
    try:
        return operations(network.model)
    except Unknown as reason:
        raise NotOnPage(f"the page has no {reason}") from reason


def _finest(arrays: list[np.ndarray]) -> Stored:
    """Choose in how many bits weights are kept: the finest that fits."""
    for stored in STORED:
        if len(packed(arrays, stored).content) <= MAX_BYTES:
            return stored
    smallest = len(packed(arrays, STORED[-1]).content)
    raise NotOnPage(
        f"its weights take {_megabytes(smallest)} in 8 bits each; the page takes "
        f"{_megabytes(MAX_BYTES)}"
    )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.3g} MB"


def _graph(steps: list[Operation], shown: set[str]) -> list[dict[str, Any]]:
    """Describe the steps as JSON; `weights` and `bias` are numbers of arrays."""
    graph, number = [], 0
    for step in steps:
        facts: dict[str, Any] = {
            "name": step.name,
            "kind": step.kind,
            "operation": step.operation,
            "inputs": step.inputs,
            "shape": step.shape,
            "maps": step.name in shown,
            **step.facts,
        }
        for part, array in (("weights", step.weights), ("bias", step.bias)):
            if array is not None:
                facts[part] = number
                number += 1
        graph.append(facts)
    return graph
