"""Running a family's methods over the rows: maps, their own errors, time, and what failed."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from heatproof.attribution.core.method import Attribution, Explainer, UnsupportedNetwork
from heatproof.attribution.core.network import Network
from heatproof.run.progress import Progress

# A method that takes fewer seconds is timed again: TensorFlow compiles anew for each size of a
# batch, which takes longer than Grad-CAM of a whole batch.
REPEATED = 1.0
NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class SetUp:
    """A method as it is called first, of one image, for what is set up once and is not timed.

    explain: the method, which may be of fewer passes. share: of the passes of the method itself.
    """

    explain: Explainer
    share: float


@dataclass(frozen=True)
class Attributions:
    """What a family's methods gave.

    maps: method -> float32 (rows, height, width). numbers: method -> name -> float (rows,).
    layers: method -> whose feature maps it weighed, of class activation maps. unsupported: method
    -> why it does not support this network. engines: method -> the library that computed it, with
    its version, where it was not this project. timing: name -> milliseconds per image, without
    set-up.
    """

    maps: dict[str, np.ndarray]
    numbers: dict[str, dict[str, np.ndarray]]
    layers: dict[str, str]
    unsupported: dict[str, str]
    engines: dict[str, str]
    timing: dict[str, float]


def attribute(
    network: Network,
    methods: Mapping[str, Explainer],
    images: np.ndarray,
    targets: np.ndarray,
    progress: Progress | None = None,
    set_ups: Mapping[str, SetUp] = NONE,
) -> Attributions:
    """Apply every method to every row.

    Args:
        network: the network to explain.
        methods: name -> method.
        images: float32 (rows, height, width, channels) in [0, 1].
        targets: int64 (rows,), class indices.
        progress: where the network counts what it passes; a part of it is a method.
        set_ups: name -> what the method is called as first; itself where it is left out.

    Raises:
        Whatever a method raises other than UnsupportedNetwork: a bug must not pass for a result.
    """
    result = Attributions({}, {}, {}, {}, {}, {})
    progress = progress or Progress("explaining", len(methods))
    first = images[:1], targets[:1]
    with network.sharing():
        for name, method in methods.items():
            try:
                with progress.part(name):
                    set_up = set_ups.get(name, SetUp(method, 1.0))
                    set_up.explain(network, *first)
                    progress.expect(progress.done / set_up.share * len(images))
                    attribution, seconds = _timed(method, network, images, targets)
                    if seconds < REPEATED:
                        _, again = _timed(method, network, images, targets)
                        seconds = min(seconds, again)
            except UnsupportedNetwork as reason:
                result.unsupported[name] = str(reason)
                continue
            result.maps[name] = attribution.maps
            result.numbers[name] = attribution.numbers
            if attribution.layer is not None:
                result.layers[name] = attribution.layer
            if attribution.engine:
                result.engines[name] = attribution.engine
            result.timing[f"{name}_ms_per_image"] = round(1000 * seconds / max(len(images), 1), 3)
    return result


def joined(parts: Sequence[Attributions], rows: Sequence[int]) -> Attributions:
    """Return what methods gave of several blocks of rows as of all; of one, itself.

    rows: how many each block has. A method that did not support the network in one of them has
    none.
    """
    if len(parts) == 1:
        return parts[0]
    refused = {name: reason for part in parts for name, reason in part.unsupported.items()}
    first, names = parts[0], [name for name in parts[0].maps if name not in refused]
    shares = np.array(rows) / max(sum(rows), 1)
    timed = [f"{name}_ms_per_image" for name in names]
    return Attributions(
        maps={name: np.concatenate([part.maps[name] for part in parts]) for name in names},
        numbers={
            name: {
                number: np.concatenate([part.numbers[name][number] for part in parts])
                for number in first.numbers[name]
            }
            for name in names
        },
        layers={name: layer for name, layer in first.layers.items() if name in names},
        unsupported=refused,
        engines={name: engine for name, engine in first.engines.items() if name in names},
        timing={
            name: round(float(shares @ [part.timing[name] for part in parts]), 3) for name in timed
        },
    )


def _timed(
    method: Explainer, network: Network, images: np.ndarray, targets: np.ndarray
) -> tuple[Attribution, float]:
    """Return a method's attribution of the rows, and the seconds it takes if it is the only one."""
    saved, started = network.saved_seconds, time.monotonic()
    attribution = method(network, images, targets)
    return attribution, time.monotonic() - started + network.saved_seconds - saved


def summary(result: Attributions) -> dict[str, dict[str, Any]]:
    """Say of each method in a few numbers what came out.

    Returns:
        method -> zero_maps (maps that say nothing), and of each number of its own the mean, the
        median, the minimum and the maximum over the rows (NaN where no row has one), or
        method -> unsupported, with the reason.
    """
    summaries: dict[str, dict[str, Any]] = {}
    for name, maps in result.maps.items():
        summaries[name] = {"zero_maps": int((maps == 0).all(axis=(1, 2)).sum())}
        for number, values in result.numbers[name].items():
            known = values[np.isfinite(values)]
            summaries[name][number] = {
                kind: float(function(known)) if len(known) else None
                for kind, function in (
                    ("mean", np.mean), ("median", np.median), ("min", np.min), ("max", np.max)
                )
            }  # fmt: skip
    return summaries | {
        name: {"unsupported": reason} for name, reason in result.unsupported.items()
    }
