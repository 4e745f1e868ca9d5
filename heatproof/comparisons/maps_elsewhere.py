"""Do one network's maps explain another network? Its own maps, and the first network's, beside.

A report that was written before a network was made smaller shows maps of the network as it was.
Whether they still say what the smaller one needs is measured as for every map: pixels are taken
away and put back in the map's order, and the network's logit is followed (`trust.faithfulness`).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from heatproof.statistics.bootstrap import summary
from heatproof.trust.measures.faithfulness import faithfulness
from heatproof.trust.perturbation import Predict

# Whose maps, and for which network.
ORIGIN_HERE, ORIGIN_THERE, OWN, RANDOMISED = SOURCES = (
    "origin_on_origin",
    "origin_on_derived",
    "derived_on_derived",
    "randomised_on_derived",
)
GAP = "morf_lerf_gap"

Gaps = dict[str, dict[str, np.ndarray]]  # of `SOURCES` -> method -> float64 (n,)


def gaps(
    predict: Mapping[str, Predict],
    maps: Mapping[str, Mapping[str, np.ndarray]],
    images: np.ndarray,
    targets: np.ndarray,
    removed: np.ndarray,
    steps: int,
    seed: int,
) -> Gaps:
    """Measure how faithful the maps of two networks are to the second, and the first's to itself.

    Args:
        predict: `first`, the origin's logits, and `second`, the derived network's.
        maps: of `first`, `second` and `randomised` (weights, a control) the maps:
            method -> float (n, height, width).
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), the class that all maps explain.
        removed: float32 like `images`, what a pixel is replaced by.
        steps: in how many all pixels are taken away.
        seed: of the order of pixels of equal relevance.

    Returns:
        the MoRF-LeRF gap of each of `SOURCES`, see `faithfulness`: higher is more faithful; NaN on
        an image on which the network does not favour the class.
    """
    baselines = {"": removed}
    of_second = {
        f"{source}/{method}": each
        for source, network in (
            (ORIGIN_THERE, "first"),
            (OWN, "second"),
            (RANDOMISED, "randomised"),
        )
        for method, each in maps[network].items()
    }
    of_first = {f"{ORIGIN_HERE}/{method}": each for method, each in maps["first"].items()}
    found: Gaps = {source: {} for source in SOURCES}
    for network, shown in (("first", of_first), ("second", of_second)):
        if not shown:
            continue
        measured = faithfulness(
            predict[network], images, targets, shown, baselines, steps, seed
        ).values[""]
        for name, values in measured.items():
            source, method = name.split("/")
            found[source][method] = values[GAP]
    return found


def summaries(found: Gaps, samples: int, seed: int) -> dict[str, Any]:
    """Give each mean gap with its 95 % interval over images, see `bootstrap.summary`.

    Returns:
        `methods`: method -> summary of each of `SOURCES`, and of `lost`, how much less faithful to
        the derived network the origin's map is than its own, image by image; `overall`: the same of
        each image's mean over the methods.
    """
    methods = list(found[OWN])
    by_method = {
        method: {source: found[source][method] for source in SOURCES} for method in methods
    }
    over = {source: _mean([found[source][method] for method in methods]) for source in SOURCES}
    return {
        "methods": {name: _summarised(each, samples, seed) for name, each in by_method.items()},
        "overall": _summarised(over, samples, seed),
    }


def _summarised(of_sources: Mapping[str, np.ndarray], samples: int, seed: int) -> dict[str, Any]:
    lost = of_sources[OWN] - of_sources[ORIGIN_THERE]
    return {
        source: summary(each, samples, seed)
        for source, each in (*of_sources.items(), ("lost", lost))
    }


def _mean(values: list[np.ndarray]) -> np.ndarray:
    """Average over methods, image by image; where a network does not favour the class, all lack."""
    return np.mean(values, axis=0) if values else np.zeros(0)
