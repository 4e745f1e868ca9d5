"""The maps of two networks of the same images, compared method by method.

Both explain the class that the first network predicts, so that the question is the same. Maps of
two different images are alike too, since objects stand in the middle; and some methods' maps hardly
depend on the network. So beside the agreement of the two networks stand two others that say how
much of it is not theirs: with the second network's map of another image, and with the map of the
same image by the first network after all its weights are randomised.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution import registry
from heatproof.attribution.core.method import Context, Explainer, UnsupportedNetwork
from heatproof.attribution.core.network import Network
from heatproof.comparisons.map_agreement import MEASURES, map_agreement
from heatproof.config.params import Params
from heatproof.models.graphs import copied
from heatproof.statistics.bootstrap import summary
from heatproof.trust.random_weights import randomise_top_down

if TYPE_CHECKING:
    import keras

SAME, OTHER_IMAGE, RANDOMISED = PAIRS = ("same", "other_image", "randomised")
# Images at a time, whose maps by one method are in memory for all networks.
BLOCK = 100

KEPT = 6  # images whose maps are stored

# Pair -> measure -> method -> float64 (n,).
Values = dict[str, dict[str, dict[str, np.ndarray]]]


@dataclass(frozen=True)
class NetworkMaps:
    """What comparing two networks' maps gives.

    values: pair -> measure -> method -> float64 (n,), NaN where maps do not compare. The pairs:
    `same`, the networks' maps of one image; `other_image`, the second's map is of the image that
    follows; `randomised`, both maps are the first network's, one with its weights randomised. maps:
    network (`first`, `second`, `randomised`) -> method -> float32 (kept, height, width), of the
    first images. unsupported: method -> why it does not support one of the networks.
    """

    values: Values
    maps: dict[str, dict[str, np.ndarray]]
    unsupported: dict[str, str]


@dataclass(frozen=True)
class Comparison:
    """What comparing two networks on the same images comes to.

    found: the maps of both, and how far they agree. target: int64 (n,), the class that is
    explained, which the first network predicts. arrays: `target`; of the first `KEPT` images
    `map/<method>` and `other_map/<method>` float32 (m, height, width), the first network's and the
    second's; the agreement of all, see `stored`. metrics: `images`; `same_prediction`, on how many
    of them both predict the same; `maps`, see `summaries`; `unsupported`, method -> why it does not
    support one of the networks.
    """

    found: NetworkMaps
    target: np.ndarray
    arrays: dict[str, np.ndarray]
    metrics: dict[str, Any]


def explainers(study: Params, context: Context) -> dict[str, Explainer]:
    """Set up the methods that `compare_runs` asks for, as where assessments make maps again.

    study: whose `explain` lists them.
    """
    size = context.size
    listed = {
        name: options
        for family in study.compare_runs.families
        for name, options in getattr(study.explain, family).items()
        if registry.passes(name, options, size) <= study.compare_runs.passes
    }
    return registry.with_options(registry.options_again(listed, size), context)


def compare(
    first: Network,
    second: Network,
    methods: Mapping[str, Explainer],
    images: Any,
    top: float,
    samples: int,
    seed: int,
    kept: int = KEPT,
) -> Comparison:
    """Compare two networks on the same images, of the class that the first predicts.

    Args:
        first: whose maps are the reference.
        second: the network that is compared with it.
        methods: name -> how to explain.
        images: float32 (n, height, width, channels) in [0, 1], or `UnitImages`.
        top: the share of a map's pixels that are its top ones.
        samples: of the bootstrap over the images.
        seed: of all draws.
        kept: of how many images `found` has the maps, at most `BLOCK`.
    """
    predicted = [network.logits(images).argmax(axis=1) for network in (first, second)]
    target = predicted[0].astype(np.int64)
    found = compare_maps(first, second, methods, images, target, top, seed, kept)
    arrays = stored(found.values) | {"target": target}
    for kind, network in (("map", "first"), ("other_map", "second")):
        arrays |= {f"{kind}/{name}": each[:KEPT] for name, each in found.maps[network].items()}
    metrics = {
        "images": len(images),
        "same_prediction": int((predicted[0] == predicted[1]).sum()),
        "maps": summaries(found.values, samples, seed),
        "unsupported": found.unsupported,
    }
    return Comparison(found, target, arrays, metrics)


def compare_maps(
    first: Network,
    second: Network,
    methods: Mapping[str, Explainer],
    images: Any,
    targets: np.ndarray,
    top: float,
    seed: int,
    kept: int,
) -> NetworkMaps:
    """Compare the maps of two networks with logits of the same classes.

    Args:
        first: whose maps are the reference, and whose weights are randomised in a copy.
        second: the network that is compared with it.
        methods: name -> how to explain, without those for networks of another kind.
        images: float32 (n, height, width, channels) in [0, 1], or `UnitImages`.
        targets: int64 (n,), the class that is explained.
        top: the share of a map's pixels that are its top ones; see `top_overlap`.
        seed: of the weights that are drawn.
        kept: of how many images the maps are returned, at most `BLOCK`.
    """
    networks = {
        "first": first,
        "second": second,
        RANDOMISED: Network(randomised(first.trained, seed)),
    }
    suiting = {
        name: explain
        for name, explain in methods.items()
        if all(registry.methods()[name].suits(network) for network in networks.values())
    }
    unsupported: dict[str, str] = {}
    parts: dict[str, list[Values]] = {}
    maps: dict[str, dict[str, np.ndarray]] = {name: {} for name in networks}
    for place in _places(len(images)):
        shown, explained = images[place], targets[place]
        for method, found in _maps(networks, suiting, shown, explained, unsupported):
            parts.setdefault(method, []).append(_agreements(found, top))
            if place.start == 0:
                for name, each in found.items():
                    maps[name][method] = each[:kept]
    values: Values = {
        pair: {
            measure: {
                method: np.concatenate([part[pair][measure][""] for part in each])
                for method, each in parts.items()
            }
            for measure in MEASURES
        }
        for pair in PAIRS
    }
    return NetworkMaps(values, maps, unsupported)


def summaries(values: Values, samples: int, seed: int) -> dict[str, Any]:
    """Give the mean agreement and its 95 % interval over images, see `bootstrap.summary`.

    Returns:
        `methods`: method -> pair -> measure -> summary; `overall`: pair -> measure -> summary of
        each image's mean over the methods.
    """
    methods = list(values[SAME][MEASURES[0]])
    of_methods = {
        method: {
            pair: {
                measure: summary(by_method[method], samples, seed)
                for measure, by_method in by_measure.items()
            }
            for pair, by_measure in values.items()
        }
        for method in methods
    }
    overall = {
        pair: {
            measure: summary(_over_methods(by_method), samples, seed)
            for measure, by_method in by_measure.items()
        }
        for pair, by_measure in values.items()
    }
    return {"methods": of_methods, "overall": overall}


def stored(values: Values) -> dict[str, np.ndarray]:
    """Return the values as named arrays, `agreement/<pair>/<measure>/<method>` float32 (n,)."""
    return {
        f"agreement/{pair}/{measure}/{method}": each.astype(np.float32)
        for pair, by_measure in values.items()
        for measure, by_method in by_measure.items()
        for method, each in by_method.items()
    }


def randomised(model: "keras.Model", seed: int) -> "keras.Model":
    """Return a network of the same layers with all weights randomised, see `random_weights`."""
    changed = copied(model)
    for _ in randomise_top_down(changed, seed):
        pass
    return changed


def _maps(
    networks: Mapping[str, Network],
    methods: Mapping[str, Explainer],
    images: np.ndarray,
    targets: np.ndarray,
    unsupported: dict[str, str],
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Yield each method's maps by all networks; note in `unsupported` what cannot explain one."""
    with ExitStack() as stack:
        for network in networks.values():
            stack.enter_context(network.sharing())
        for method, explain in methods.items():
            if method in unsupported:
                continue
            try:
                found = {
                    name: explain(network, images, targets).maps
                    for name, network in networks.items()
                }
            except UnsupportedNetwork as reason:
                unsupported[method] = str(reason)
                continue
            yield method, found


def _agreements(maps: Mapping[str, np.ndarray], top: float) -> Values:
    first, second, random = maps["first"], maps["second"], maps[RANDOMISED]
    other = np.roll(second, -1, axis=0)
    pairs = {SAME: second, OTHER_IMAGE: other, RANDOMISED: random}
    values = {
        pair: {measure: {"": each} for measure, each in map_agreement(first, maps_, top).items()}
        for pair, maps_ in pairs.items()
    }
    if len(first) == 1:  # whose next one is itself
        for by_method in values[OTHER_IMAGE].values():
            by_method[""] = np.full(1, np.nan)
    return values


def _places(images: int) -> Iterator[slice]:
    """Yield even blocks of images: none has one image only, but of one."""
    blocks = max(1, -(-images // BLOCK))
    ends = [round(images * block / blocks) for block in range(blocks + 1)]
    for start, stop in pairwise(ends):
        yield slice(start, stop)


def _over_methods(by_method: Mapping[str, np.ndarray]) -> np.ndarray:
    """Average each image's values over the methods that have one, float64 (n,)."""
    if not by_method:
        return np.zeros(0)
    table = np.ma.masked_invalid(np.stack(list(by_method.values())))
    return np.asarray(table.mean(axis=0).filled(np.nan), np.float64)
