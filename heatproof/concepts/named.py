"""Concepts that are given by pictures, tested in a network, and beside what is known to be true."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heatproof.attribution.core.network import Network
from heatproof.concepts import directions, tcav
from heatproof.concepts.directions import Directions
from heatproof.concepts.layers import activations, sensitivities
from heatproof.concepts.options import ConceptOptions
from heatproof.concepts.pictures import Pictures
from heatproof.datasets.pixels import UnitImages
from heatproof.statistics.proportions import at_least_wilson
from heatproof.storage.records import Dataset

BOOTSTRAP = 1000
# Streams of the seed.
_VECTORS, _CHANCE = 11, 12


@dataclass(frozen=True)
class Classes:
    """The classes that concepts are tested for, each with some of its test images.

    images: class index -> uint8 (n, height, width, channels); index: class index -> int64 (n,),
    which test images these are.
    """

    names: tuple[str, ...]
    images: dict[int, np.ndarray]
    index: dict[int, np.ndarray]


@dataclass
class Tested:
    """What was found of every concept in every layer.

    vectors, middles: (layer, concept) -> float64 (units,): the mean of its vectors, of length 1,
    and the mean activations of its counterparts. metrics: concept -> layer -> what is known of it.
    """

    layers: list[str]
    vectors: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    middles: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Pool:
    """Counterparts that concepts share: by layer their values, and vectors between random ones."""

    values: dict[str, np.ndarray]
    chance: dict[str, Directions]


def classes_of(data: Dataset, options: ConceptOptions, decided: Iterable[str] = ()) -> Classes:
    """Choose the classes that concepts are tested for: the first ones, and those to be decided.

    Of classes without test images none is chosen: the first ones are the first that have some.
    """
    known = {int(place) for place in np.unique(data.test_labels)}
    wanted = {data.class_names.index(name) for name in decided} & known
    index = {
        place: np.flatnonzero(data.test_labels == place)[: options.class_images]
        for place in sorted(wanted.union(sorted(known)[: options.classes]))
    }
    images = {place: data.test_images[rows] for place, rows in index.items()}
    return Classes(data.class_names, images, index)


def sought(
    network: Network,
    layers: Sequence[str],
    concepts: dict[str, Pictures],
    classes: Classes,
    options: ConceptOptions,
    seed: int,
) -> Tested:
    """Test all concepts in all layers for all classes, and correct for the number of tests."""
    result, flattened = Tested(list(layers)), options.values == "flattened"

    def values(images: np.ndarray) -> dict[str, np.ndarray]:
        return activations(network, UnitImages(images), layers, flattened)

    answers = {
        place: sensitivities(
            network, UnitImages(images), np.full(len(images), place), layers, flattened
        )
        for place, images in classes.images.items()
    }
    pools: dict[tuple[str, int], _Pool] = {}
    for number, (name, pictures) in enumerate(concepts.items()):
        place = pictures.pool, len(pictures.shown)
        if place not in pools:
            pools[place] = _pool(values(pictures.counterparts), place[1], options, seed)
        pool, shown = pools[place], values(pictures.shown)
        result.metrics[name] = {}
        for depth, layer in enumerate(layers):
            others, chance = pool.values[layer], pool.chance[layer]
            generator = np.random.default_rng([seed, _VECTORS, depth, number])
            found = directions.of_concept(shown[layer], others, options.vectors, generator)
            mean = found.vectors.mean(axis=0)
            result.vectors[layer, name] = mean / (np.linalg.norm(mean) or 1)
            result.middles[layer, name] = others.mean(axis=0, dtype=np.float64)
            by_class = {
                classes.names[index]: tcav.tested(
                    tcav.derivatives(answer[layer], found, chance), BOOTSTRAP, seed
                )
                for index, answer in answers.items()
            }
            result.metrics[name][layer] = _told(found, chance) | {"classes": by_class}
    _correct(result.metrics)
    return result


def _pool(values: dict[str, np.ndarray], size: int, options: ConceptOptions, seed: int) -> _Pool:
    """Fit what chance gives in each layer to counterparts, `size` pictures on each side."""
    chance = {
        layer: directions.of_chance(
            others, size, options.random_vectors, np.random.default_rng([seed, _CHANCE, depth])
        )
        for depth, (layer, others) in enumerate(values.items())
    }
    return _Pool(values, chance)


def _told(found: Directions, chance: Directions) -> dict[str, Any]:
    """Say how well a concept's pictures are told from others, and how alike its vectors are."""
    accuracy = found.mean_accuracy
    low, high = at_least_wilson(accuracy, accuracy, accuracy, found.held_out)
    alike = found.vectors @ found.vectors.T
    pairs = alike[np.triu_indices(len(alike), 1)]
    return {
        "units": found.vectors.shape[1],
        "accuracy": accuracy,
        "accuracy_low": low,
        "accuracy_high": high,
        "random_accuracy": chance.mean_accuracy,
        "held_out": found.held_out,
        "agreement": float(pairs.mean()),
        "p": tcav.above_chance(found),
    }


def _correct(metrics: dict[str, dict[str, Any]]) -> None:
    """Correct for the number of tests (Holm), of vectors and of scores apart, and say what counts.

    `enough`: whether vectors that are right on every held-out picture would be so more often than
    chance, which those of few pictures among many tests are not.
    `there`: the vectors are right more often than chance; `found`: the concept is there, and the
    class's derivative along it is none of random ones. `testable`: whether any direction of the
    layer could be found: of few units, random ones are never far from the best. `published`: what
    the published test says, of any vectors, corrected in the same way.
    """
    told = [each for by_layer in metrics.values() for each in by_layer.values()]
    for each, p in zip(told, tcav.holm([each["p"] for each in told]), strict=True):
        each["p_adjusted"] = float(p)
        each["there"] = bool(p < tcav.LEVEL)
    for by_layer in metrics.values():
        own_layers = [id(each) for each in by_layer.values()]
        best = tcav.holm(
            [0.5 ** each["held_out"] if id(each) in own_layers else each["p"] for each in told]
        )
        for each, p in zip(told, best, strict=True):
            if id(each) in own_layers:
                each["enough"] = bool(p < tcav.LEVEL)
    tests = [(each, test) for each in told for test in each["classes"].values()]
    own, published = (tcav.holm([test[name] for _, test in tests]) for name in ("p", "p_published"))
    for each in told:
        # Holm's first step: what even the largest derivative would have to pass.
        limits = [test["p_limit"] for test in each["classes"].values()]
        each["testable"] = bool(min(limits, default=1.0) * len(tests) < tcav.LEVEL)
    for (each, test), p, by_paper in zip(tests, own, published, strict=True):
        test["p_adjusted"], test["p_published_adjusted"] = float(p), float(by_paper)
        test["found"] = bool(each["there"] and p < tcav.LEVEL)
        test["published"] = bool(by_paper < tcav.LEVEL)


def summary(by_layer: dict[str, Any], decides: Sequence[str] | None) -> dict[str, Any]:
    """Say of a concept where it is there, for which classes it counts, and whether that is true.

    Args:
        by_layer: what is known of it in each layer.
        decides: the classes that it is known to speak for; None where nothing is known.

    Returns:
        `there`, the layers in which its vectors are better than chance; `speaks`, class -> the
        layers in which it speaks for it (`for`) or against it (`against`); `truth`, where something
        is known: `decides`, `right`, and what is not: `missed` classes, and `invented` ones, for
        which it speaks though it says nothing; `published_invented`, those of the published test;
        `findable`, whether anything could be found in a layer at all: `right` says nothing if not.
    """
    speaks: dict[str, dict[str, list[str]]] = {}
    published: dict[str, set[str]] = {}
    for layer, each in by_layer.items():
        for name, test in each["classes"].items():
            side = "for" if test["derivative"] > test["random_derivative"] else "against"
            if test["found"]:
                speaks.setdefault(name, {"for": [], "against": []})[side].append(layer)
            if test["published"]:
                published.setdefault(name, set()).add(
                    "for" if test["score"] > test["random_score"] else "against"
                )
    result: dict[str, Any] = {
        "there": [layer for layer, each in by_layer.items() if each["there"]],
        "speaks": speaks,
    }
    if decides is not None:
        missed = [name for name in decides if not speaks.get(name, {}).get("for")]
        found = {name: {side for side, at in sides.items() if at} for name, sides in speaks.items()}
        invented = _invented(found, decides)
        result["truth"] = {
            "decides": list(decides),
            "right": not (missed or invented),
            "findable": any(each["enough"] and each["testable"] for each in by_layer.values()),
            "missed": missed,
            "invented": invented,
            "published_invented": _invented(published, decides),
        }
    return result


def _invented(sides: dict[str, set[str]], decides: Sequence[str]) -> list[str]:
    """List the classes that a concept says something about, though it is known to say nothing.

    One that speaks for a class speaks against the others, which is no mistake.
    """
    allowed = {"against"} if decides else set()
    return [name for name, found in sides.items() if name not in decides and found - allowed]
