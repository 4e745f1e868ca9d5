"""Filters, feature maps, preferred images and dead filters of a network.

Filters and feature maps are levels, which the page colours as the reader chooses; images that
maximise a filter or a class are drawn in their own colours.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Sprite, Tile
from heatproof.statistics import numbers

SIGNED, UNSIGNED = "signed", "unsigned"
SHOWN_FILTERS = 32  # per layer
SHOWN_IMAGES = 1  # images whose feature maps are shown


@dataclass(frozen=True)
class Picture:
    """One tile, its text alternative and its caption.

    `kind`: "signed" or "unsigned" for levels, which decides their colours; empty for an image.
    """

    tile: Tile
    alt: str
    caption: str
    kind: str = ""


@dataclass(frozen=True)
class Row:
    """Pictures of one layer, all of one kind; `left_out` counts those not shown."""

    layer: str
    pictures: tuple[Picture, ...]
    left_out: int = 0

    @property
    def signed(self) -> bool:
        """Whether its maps have both signs."""
        return any(p.kind == SIGNED for p in self.pictures)


@dataclass(frozen=True)
class Features:
    """Everything that a page shows of a cell's features; `sprite` holds all tiles."""

    filters: tuple[Row, ...]
    maps: tuple[Row, ...]
    classes: tuple[Picture, ...]
    preferred: tuple[Row, ...]
    dead: dict[str, dict[str, Any]]
    dead_images: int
    sprite: Sprite


def features(arrays: dict[str, np.ndarray], metrics: dict[str, Any]) -> Features | None:
    """Draw the results of the features stage; None where there are none.

    Args:
        arrays: as `heatproof.features` describes them.
        metrics: the stage's metrics.
    """
    side = _size(arrays)
    if side is None:
        return None
    layers = {
        kind: [name.removeprefix(f"{kind}/") for name in arrays if name.startswith(f"{kind}/")]
        for kind in ("filters", "feature_map", "preferred")
    }
    sprite = Sprite(
        *side, sum(len(_tiles(arrays, kind, n)) for kind in layers for n in layers[kind])
    )
    filters = tuple(_filters(arrays, name, sprite) for name in layers["filters"])
    maps = tuple(
        row for name in layers["feature_map"] if (row := _maps(arrays, name, sprite)).pictures
    )
    preferred = {name: _preferred(arrays, name, sprite) for name in layers["preferred"]}
    activity = metrics.get("activity", {})
    classes = preferred.pop("logits", None)
    return Features(
        filters=filters,
        maps=maps,
        classes=classes.pictures if classes else (),
        preferred=tuple(preferred.values()),
        dead=activity.get("layers", {}),
        dead_images=int(activity.get("test_images") or 0),
        sprite=sprite,
    )


def _size(arrays: dict[str, np.ndarray]) -> tuple[int, int] | None:
    """The size of all tiles, which is that of the preferred images."""
    for name, array in arrays.items():
        if name.startswith("preferred/") and len(array):
            return array.shape[1], array.shape[2]
    return None


def _tiles(arrays: dict[str, np.ndarray], kind: str, layer: str) -> np.ndarray:
    """Return the arrays to draw of one layer, (tiles, height, width, ...)."""
    array = arrays[f"{kind}/{layer}"]
    if kind == "filters":
        return array[:SHOWN_FILTERS]
    if kind == "feature_map":
        return np.moveaxis(array[:SHOWN_IMAGES], -1, 1).reshape(-1, *array.shape[1:3])
    return array


def _filters(arrays: dict[str, np.ndarray], layer: str, sprite: Sprite) -> Row:
    bank = _tiles(arrays, "filters", layer)
    pictures = []
    for number, kernel in enumerate(bank):
        # The sum over colour channels is the filter's response to a grey pixel.
        values = kernel.sum(axis=-1)
        alt = f"Filter {number} of {layer}, {kernel.shape[0]} by {kernel.shape[1]}"
        caption = f"{number}: up to {sprites.peak(values):.2g}"
        pictures.append(levels(values, sprite, True, alt, caption))
    return Row(layer, tuple(pictures), len(arrays[f"filters/{layer}"]) - len(bank))


def _maps(arrays: dict[str, np.ndarray], layer: str, sprite: Sprite) -> Row:
    tiles = _tiles(arrays, "feature_map", layer)
    signed = sprites.is_signed(tiles)
    pictures = []
    for number, values in enumerate(tiles):
        alt = f"Channel {number} of {layer}, {values.shape[0]} by {values.shape[1]}"
        caption = sprites.defect(values) or f"up to {sprites.peak(values):.2g}"
        pictures.append(levels(values, sprite, signed, alt, f"{number}: {caption}"))
    return Row(layer, tuple(pictures))


def _preferred(arrays: dict[str, np.ndarray], layer: str, sprite: Sprite) -> Row:
    names = arrays["class_names"] if layer == "logits" else None
    reached, real = arrays[f"reached/{layer}"], arrays[f"largest_real/{layer}"]
    pictures = []
    for number, image in enumerate(arrays[f"preferred/{layer}"]):
        drawn = sprites.to_rgb(np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8))
        name = str(number) if names is None else numbers.printable(str(names[number]))
        alt = f"Image that maximises {name} of {layer}"
        caption = f"{name}: {reached[number]:.3g}, test images {real[number]:.3g}"
        pictures.append(Picture(sprite.add(drawn), alt, caption))
    return Row(layer, tuple(pictures))


def levels(values: np.ndarray, sprite: Sprite, signed: bool, alt: str, caption: str) -> Picture:
    """Draw a map, float (rows, columns), as levels of grey, which the page colours."""
    drawn = sprites.to_rgb(sprites.levels(enlarged(values, sprite), signed))
    return Picture(sprite.add(drawn), alt, caption, SIGNED if signed else UNSIGNED)


def enlarged(values: np.ndarray, sprite: Sprite) -> np.ndarray:
    """Enlarge to a tile's size, by the nearest value."""
    rows, columns = (
        np.arange(size) * cells // size
        for size, cells in zip(sprite.tile_size, values.shape, strict=True)
    )
    return values[np.ix_(rows, columns)]
