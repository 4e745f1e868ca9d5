"""Filters, feature maps, preferred images and dead filters of a network.

Filters and feature maps are levels, which the page colours as the reader chooses; images that
maximise a filter or a class are drawn in their own colours.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Picture, Sprite

SHOWN_FILTERS = 32  # per layer
SHOWN_IMAGES = 1  # images whose feature maps are shown


@dataclass(frozen=True)
class Row:
    """Pictures of one layer, all of one kind; `left_out` counts those not shown."""

    layer: str
    pictures: tuple[Picture, ...]
    left_out: int = 0

    @property
    def signed(self) -> bool:
        """Whether its maps have both signs."""
        return any(p.kind == "signed" for p in self.pictures)


@dataclass(frozen=True)
class Features:
    """Everything that a page shows of a cell's features; `sprite` holds all tiles.

    `classes` is the row of images that maximise each class, `activity` as the stage writes it.
    """

    filters: tuple[Row, ...]
    maps: tuple[Row, ...]
    classes: Row | None
    preferred: tuple[Row, ...]
    activity: dict[str, Any]
    sprite: Sprite


def features(arrays: dict[str, np.ndarray], metrics: dict[str, Any]) -> Features | None:
    """Draw the results of the features stage; None where there are none.

    Args:
        arrays: as `heatproof.features` describes them.
        metrics: the stage's metrics.
    """
    by_kind: dict[str, dict[str, np.ndarray]] = {"filters": {}, "feature_map": {}, "preferred": {}}
    for name, array in arrays.items():
        kind, _, layer = name.partition("/")
        if kind in by_kind:
            by_kind[kind][layer] = _tiles(kind, array)
    # The size of all tiles is that of the preferred images.
    images = next((each for each in by_kind["preferred"].values() if len(each)), None)
    if images is None:
        return None
    tiles = sum(len(each) for layers in by_kind.values() for each in layers.values())
    height, width = images.shape[1:3]
    sprite = Sprite(height, width, tiles)
    filters = tuple(
        Row(name, filter_pictures(bank, name, sprite), len(arrays[f"filters/{name}"]) - len(bank))
        for name, bank in by_kind["filters"].items()
    )
    maps = tuple(
        Row(name, _maps(each, name, sprite))
        for name, each in by_kind["feature_map"].items()
        if len(each)
    )
    preferred = {name: Row(name, _preferred(arrays, name, sprite)) for name in by_kind["preferred"]}
    classes = preferred.pop("logits", None)
    if classes is not None:
        left_out = len(arrays["class_names"]) - len(classes.pictures)
        classes = Row(classes.layer, classes.pictures, left_out)
    activity = metrics.get("activity", {})
    return Features(filters, maps, classes, tuple(preferred.values()), activity, sprite)


def _tiles(kind: str, array: np.ndarray) -> np.ndarray:
    """Return what is drawn of one layer's array, (tiles, height, width, ...)."""
    if kind == "filters":
        return array[:SHOWN_FILTERS]
    if kind == "feature_map":
        return np.moveaxis(array[:SHOWN_IMAGES], -1, 1).reshape(-1, *array.shape[1:3])
    return array


def filter_pictures(
    bank: np.ndarray, layer: str, sprite: Sprite, peaks: bool = True
) -> tuple[Picture, ...]:
    """Draw filters, float (filters, height, width, channels); `peaks`: say how large each is."""
    pictures = []
    for number, kernel in enumerate(bank):
        # The sum over colour channels is the filter's response to a grey pixel.
        values = kernel.sum(axis=-1)
        alt = f"Filter {number} of {layer}, {kernel.shape[0]} by {kernel.shape[1]}"
        caption = f"{number}: up to {sprites.peak(values):.2g}" if peaks else str(number)
        pictures.append(sprite.levels(values, True, alt, caption))
    return tuple(pictures)


def _maps(tiles: np.ndarray, layer: str, sprite: Sprite) -> tuple[Picture, ...]:
    signed = sprites.is_signed(tiles)
    pictures = []
    for number, values in enumerate(tiles):
        alt = f"Channel {number} of {layer}, {values.shape[0]} by {values.shape[1]}"
        caption = sprites.defect(values) or f"up to {sprites.peak(values):.2g}"
        pictures.append(sprite.levels(values, signed, alt, f"{number}: {caption}"))
    return tuple(pictures)


def _preferred(arrays: dict[str, np.ndarray], layer: str, sprite: Sprite) -> tuple[Picture, ...]:
    images = arrays[f"preferred/{layer}"]
    names = arrays["class_names"] if layer == "logits" else range(len(images))
    reached, real = arrays[f"reached/{layer}"], arrays[f"largest_real/{layer}"]
    return tuple(
        sprite.image(
            image,
            f"Image that maximises {names[number]} of {layer}",
            f"{names[number]}: {reached[number]:.3g}, test images {real[number]:.3g}",
        )
        for number, image in enumerate(images)
    )
