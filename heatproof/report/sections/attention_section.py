"""What each head of a network's attention attends to, and how far heads agree."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Picture, Sprite

SHOWN_IMAGES = 2
SHOWN_HEADS = 16  # per layer
READERS = {
    "class token": "the class token",
    "pooling": "the pooled token (the mean by the pooling weights)",
    "mean": "the mean of all tokens",
}


@dataclass(frozen=True)
class Layer:
    """A layer of attention, in a row of the table.

    agreement, spread: mean and standard deviation over images, None where there is none. entropy,
    distance: mean, minimum and maximum over heads.
    """

    name: str
    heads: int
    agreement: float | None
    spread: float | None
    entropy: tuple[float, float, float]
    distance: tuple[float, float, float]


@dataclass(frozen=True)
class Shown:
    """An image with each layer's heads: layer and pictures; `left_out` heads are not shown."""

    image: Picture | None
    layers: tuple[tuple[str, tuple[Picture, ...], int], ...]


@dataclass(frozen=True)
class Attention:
    """All that a page shows of a network's heads; `sprite` holds all tiles.

    reason: why there is nothing to show; else empty. images: of which the numbers are.
    uniform_distance: of a head that attends to all places alike, in pixels.
    """

    reason: str
    layers: tuple[Layer, ...]
    shown: tuple[Shown, ...]
    images: int
    tokens: tuple[int, int]
    reader: str
    uniform_distance: float
    sprite: Sprite


def attention(
    arrays: dict[str, np.ndarray], metrics: dict[str, Any], test_images: Any
) -> Attention | None:
    """Draw what the features stage found of attention; None of a network without any.

    Args:
        arrays: as `heatproof.features` describes them.
        metrics: the stage's metrics.
        test_images: uint8 (n, height, width, channels), or None where they are missing.
    """
    found = metrics.get("attention")
    if not found:
        return None
    if "unsupported" in found:
        return Attention(found["unsupported"], (), (), 0, (0, 0), "", 0.0, Sprite(1, 1, 1))
    maps = {name: arrays[f"attention/{name}"] for name in found["layers"]}
    indices = arrays["feature_map_image"][:SHOWN_IMAGES]
    pictures = None if test_images is None else [test_images[index] for index in indices]
    height, width = pictures[0].shape[:2] if pictures else (32, 32)
    tiles = sum(each[:SHOWN_IMAGES, :SHOWN_HEADS].shape[0] * min(each.shape[1], SHOWN_HEADS)
                for each in maps.values())  # fmt: skip
    sprite = Sprite(height, width, tiles + len(indices))
    return Attention(
        reason="",
        layers=tuple(_layer(name, each) for name, each in found["layers"].items()),
        shown=tuple(
            _shown(place, maps, pictures[place] if pictures else None, sprite)
            for place in range(len(indices))
        ),
        images=found["images"],
        tokens=(found["tokens"][0], found["tokens"][1]),
        reader=READERS[found["reader"]],
        uniform_distance=found["uniform_distance"],
        sprite=sprite,
    )


def _layer(name: str, found: dict[str, Any]) -> Layer:
    def spread(values: list[float]) -> tuple[float, float, float]:
        return float(np.mean(values)), min(values), max(values)

    return Layer(
        name,
        found["heads"],
        found["agreement"],
        found["agreement_std"],
        spread(found["entropy"]),
        spread(found["distance"]),
    )


def _shown(
    place: int, maps: dict[str, np.ndarray], image: np.ndarray | None, sprite: Sprite
) -> Shown:
    drawn = None if image is None else sprite.image(image, f"Image {place + 1}", "the image")
    layers = []
    for name, each in maps.items():
        pictures = tuple(
            sprite.levels(
                values,
                False,
                f"Head {head + 1} of {name} on image {place + 1}",
                f"{head + 1}: up to {sprites.peak(values):.2g}",
            )
            for head, values in enumerate(each[place, :SHOWN_HEADS])
        )
        layers.append((name, pictures, max(0, each.shape[1] - SHOWN_HEADS)))
    return Shown(drawn, tuple(layers))
