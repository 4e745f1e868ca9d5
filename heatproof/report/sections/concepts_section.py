"""Concepts in a network: their pictures, where they matter, where in an image they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.report.cell_results import CellResults
from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Picture, Sprite
from heatproof.statistics import numbers

MAX_SIDE = 96  # pixels of a picture; of larger ones every second, third … pixel is shown
SHOWN_PICTURES, SHOWN_COUNTERPARTS = 8, 4


@dataclass(frozen=True)
class Strip:
    """Pictures in a row, and the maps of them below."""

    title: str
    images: Sequence[Picture]
    maps: Sequence[Picture]


@dataclass(frozen=True)
class Named:
    """A concept of params.yaml: its metrics, pictures of it and of its counterparts, its maps."""

    name: str
    metrics: dict[str, Any]
    pictures: Sequence[Picture]
    counterparts: Sequence[Picture]
    maps: Sequence[Strip]


@dataclass(frozen=True)
class Unnamed:
    """What nobody named, of one class: each concept's crops, and images with a map of each."""

    name: str
    metrics: dict[str, Any]
    crops: Sequence[Sequence[Picture]]
    images: Sequence[Strip]


@dataclass(frozen=True)
class Concepts:
    """All that a page shows of a cell's concepts; `sprite` holds all tiles.

    truths: how many concepts are as is known to be true, and of how many that is known and could be
    found; published:
    for how many classes the published test finds something though nothing is there.
    """

    metrics: dict[str, Any]
    named: Sequence[Named]
    unnamed: Sequence[Unnamed]
    truths: tuple[int, int]
    published: int
    sprite: Sprite


def concepts(result: CellResults) -> Concepts | None:
    """Draw a cell's concepts; None where none were sought, or none can be."""
    metrics = result.concepts
    if "concepts" not in metrics:
        return None
    arrays = {name: _small(name, array) for name, array in result.concept_arrays().items()}
    pictures = [array for array in arrays.values() if array.dtype == np.uint8]
    if not pictures:
        return None
    # Maps are at most as many as pictures; each concept of a class has a map on each image.
    maps = sum(int(np.prod(each.shape[:-2])) for name, each in arrays.items() if "map" in name)
    height, width = pictures[0].shape[-3:-1]
    tiles = sum(int(np.prod(each.shape[:-3])) for each in pictures) + maps
    sprite = Sprite(height, width, tiles)
    known = [each["truth"] for each in metrics["concepts"].values() if "truth" in each]
    findable = [each for each in known if each.get("findable", True)]
    return Concepts(
        metrics,
        [
            _named(name, number, metrics, arrays, sprite)
            for number, name in enumerate(metrics["concepts"])
        ],
        [_unnamed(name, metrics, arrays, sprite) for name in metrics["unnamed"]],
        (sum(each["right"] for each in findable), len(findable)),
        sum(len(each["published_invented"]) for each in known),
        sprite,
    )


def _small(name: str, array: np.ndarray) -> np.ndarray:
    """Leave out pixels of pictures and maps until they are small enough."""
    height = array.ndim - 3 if array.dtype == np.uint8 else array.ndim - 2
    if "map_index" in name or array.ndim < 3:
        return array
    step = -(-max(array.shape[height : height + 2]) // MAX_SIDE)
    inside = (slice(None),) * height
    return array[(*inside, slice(None, None, step), slice(None, None, step))]


def _named(
    name: str, number: int, metrics: dict[str, Any], arrays: dict[str, np.ndarray], sprite: Sprite
) -> Named:
    shown, others = arrays[f"pictures/{number}"], arrays[f"counterparts/{number}"]
    maps = []
    for depth, layer in enumerate(metrics["layers"]):
        place = f"{depth}/{number}"
        if f"map/{place}" not in arrays:
            continue
        index = arrays[f"map_index/{place}"]
        images = [
            sprite.image(image, f"Test image {row}", f"image {row}")
            for image, row in zip(arrays[f"map_image/{place}"], index, strict=True)
        ]
        drawn = [
            _map(values, f"{name} in test image {row}, by {layer}", sprite)
            for values, row in zip(arrays[f"map/{place}"], index, strict=True)
        ]
        maps.append(Strip(layer, images, drawn))
    return Named(
        name,
        metrics["concepts"][name],
        [sprite.image(each, f"A picture of {name}") for each in shown[:SHOWN_PICTURES]],
        [sprite.image(each, f"A counterpart of {name}") for each in others[:SHOWN_COUNTERPARTS]],
        maps,
    )


def _map(values: np.ndarray, what: str, sprite: Sprite, signed: bool = True) -> Picture:
    alt = numbers.printable(f"{what}, most in {sprites.peak_place(values)}")
    caption = sprites.defect(values) or f"up to {sprites.peak(values):.2g}"
    return sprite.levels(values, signed, alt, caption)


def _unnamed(
    name: str, metrics: dict[str, Any], arrays: dict[str, np.ndarray], sprite: Sprite
) -> Unnamed:
    place = arrays["class_names"].tolist().index(name)
    of_class = f"unnamed/{place}"
    crops = [
        [sprite.image(crop, f"A crop with much of concept {number}") for crop in of_concept]
        for number, of_concept in enumerate(arrays[f"{of_class}/crops"], 1)
    ]
    images = []
    for row, (image, maps) in enumerate(
        zip(arrays[f"{of_class}/images"], arrays[f"{of_class}/maps"], strict=False), 1
    ):
        drawn = []
        for number, each in enumerate(maps, 1):
            made = _map(each, f"Concept {number} in image {row} of {name}", sprite, signed=False)
            drawn.append(Picture(made.tile, made.alt, f"{number}: {made.caption}", made.kind))
        images.append(Strip("", [sprite.image(image, f"Image {row} of {name}")], drawn))
    return Unnamed(name, metrics["unnamed"][name], crops, images)
