"""Maps that were moved on purpose: an example of each method, and how far at every ε."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.attribution.core.method import Method
from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Picture, Sprite
from heatproof.report.text import methods
from heatproof.statistics import numbers

TILES = 5  # of an example: both images, the difference, both maps


@dataclass(frozen=True)
class Example:
    """An image before and after the change, with the maps of both.

    row: which test image. predicted: its class, the same of both. before, after: that class's
    probability. similarity: rank correlation of the maps' magnitudes. most: the largest change.
    """

    method: Method
    row: int
    predicted: str
    before: float
    after: float
    similarity: float
    most: float
    pictures: list[Picture]


@dataclass(frozen=True)
class Manipulation:
    """What a page shows: `table` has, of each method, what is left by the search and by noise.

    table: method -> pairs of numbers, None where there is none, in the order of `epsilons`.
    """

    epsilons: list[float]
    images: int
    tolerance: float
    table: list[tuple[Method, list[tuple[float | None, float | None]]]]
    examples: list[Example]
    sprite: Sprite


def manipulation(
    assess: dict[str, Any], values: dict[str, np.ndarray], class_names: tuple[str, ...]
) -> Manipulation | None:
    """Draw what `measures.manipulation` found of a cell; None where it was not measured.

    Args:
        assess: the metrics of the stage `assess`.
        values: as `artifacts.read_trust` gives them.
        class_names: of the cell's classes.
    """
    found = assess.get("manipulation")
    if not found:
        return None
    drawn = methods.ordered(n.rpartition("/")[2] for n in values if n.startswith(_name("row", "")))
    height, width = values[_name("before", drawn[0])].shape[:2] if drawn else (1, 1)
    sprite = Sprite(height, width, TILES * len(drawn))
    tried = methods.ordered(found["attack"])
    return Manipulation(
        epsilons=found["epsilons"],
        images=found["images"],
        tolerance=found["tolerance"],
        table=[
            (
                methods.describe(name),
                list(zip(found["attack"][name], found["noise"][name], strict=True)),
            )
            for name in tried
        ],
        examples=[_example(values, name, class_names, sprite) for name in drawn],
        sprite=sprite,
    )


def _name(what: str, method: str) -> str:
    return f"manipulation/{what}/{method}"


def _example(
    values: dict[str, np.ndarray], name: str, class_names: tuple[str, ...], sprite: Sprite
) -> Example:
    method = methods.describe(name)
    row = int(values[_name("row", name)][0])
    similarity, before, after = values[_name("numbers", name)].tolist()
    image, changed = values[_name("before", name)], values[_name("image", name)]
    index = int(values["image_index"][row])
    change = (changed - image).mean(axis=-1)
    most = float(np.abs(changed - image).max())
    shown = f"{sprites.peak(change):.2g}"
    pictures = [
        sprite.image(image, f"Test image {index}", "original"),
        sprite.image(changed, "The same, changed unseen", "changed"),
        sprite.levels(
            change, True, f"Where it became lighter and darker, by at most {shown} of the range",
            f"change, up to {shown}",
        ),
    ]  # fmt: skip
    for what, caption in (("original", "map"), ("moved", "map, changed")):
        levels = values[_name(what, name)]
        alt = f"{method.label} of the {'original' if what == 'original' else 'changed'} image"
        defect = sprites.defect(levels)
        pictures.append(sprite.levels(levels, sprites.is_signed(levels), alt, defect or caption))
    predicted = int(values["predicted"][row])
    known = predicted < len(class_names)
    return Example(
        method=method,
        row=index,
        predicted=numbers.printable(class_names[predicted] if known else predicted),
        before=before,
        after=after,
        similarity=similarity,
        most=most,
        pictures=pictures,
    )
