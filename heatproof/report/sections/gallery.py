"""Explained test images, each with every method's map, as tiles of two sprites.

One sprite holds the images, the other the maps as levels, which the page colours.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from heatproof.attribution.core.method import Method
from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Sprite, Tile
from heatproof.report.text import methods
from heatproof.statistics import numbers
from heatproof.storage.records import Explanations


@dataclass(frozen=True)
class Map:
    """One method's map; `own_error` is the method's own error on it, in words, if it reports one.

    `peak` is the magnitude that the map is divided by, in the method's unit.
    """

    method: Method
    signed: bool
    tile: Tile
    peak: float
    defect: str
    alt: str
    own_error: str


@dataclass(frozen=True)
class Target:
    """The class whose score is explained, and its maps, one per method.

    `role` is "predicted" or "true", and "correct" where one class is both.
    """

    role: str
    name: str
    probability: float | None
    maps: tuple[Map, ...]


@dataclass(frozen=True)
class Example:
    """One image; `label` and `prediction` are the numbers of its true and its predicted class."""

    index: int
    label: int
    prediction: int
    true: str
    predicted: str
    confidence: float
    tile: Tile
    alt: str
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Legend:
    """A method, and whether any of its maps here has negative numbers."""

    method: Method
    signed: bool

    @property
    def low(self) -> str:
        """The lower end of its scale."""
        return "− peak" if self.signed else "0"


@dataclass(frozen=True)
class Gallery:
    """Everything that a page shows of a cell's explanations.

    `true_classes` and `predicted_classes` are those that occur, as (number, name).
    """

    correct: tuple[Example, ...]
    incorrect: tuple[Example, ...]
    legends: tuple[Legend, ...]
    images: Sprite
    maps: Sprite
    true_classes: tuple[tuple[int, str], ...]
    predicted_classes: tuple[tuple[int, str], ...]


def gallery(explanations: Explanations, probabilities: np.ndarray | None = None) -> Gallery | None:
    """Draw all of a cell's explained images; None where there are none.

    Args:
        explanations: rows of (image, target class).
        probabilities: float64 (test images, classes), for the probability of each target.
    """
    rows, height, width = explanations.images.shape[:3]
    if rows == 0:
        return None
    names = methods.ordered(list(explanations.maps))
    signed = {name: sprites.is_signed(explanations.maps[name]) for name in names}
    groups = _by_image(explanations.image_index)
    images, maps = Sprite(height, width, len(groups)), Sprite(height, width, rows * len(names), 1)
    examples = [
        _example(explanations, members, signed, (images, maps), probabilities) for members in groups
    ]
    return Gallery(
        correct=tuple(e for e in examples if e.label == e.prediction),
        incorrect=tuple(e for e in examples if e.label != e.prediction),
        legends=tuple(Legend(methods.describe(name), signed[name]) for name in names),
        images=images,
        maps=maps,
        true_classes=tuple(sorted({(e.label, e.true) for e in examples})),
        predicted_classes=tuple(sorted({(e.prediction, e.predicted) for e in examples})),
    )


def _by_image(image_index: np.ndarray) -> list[list[int]]:
    """Row numbers of each image, images in the order they first appear."""
    groups: dict[int, list[int]] = {}
    for row, image in enumerate(image_index.tolist()):
        groups.setdefault(image, []).append(row)
    return list(groups.values())


def _example(
    explanations: Explanations,
    members: list[int],
    signed: dict[str, bool],
    sheets: tuple[Sprite, Sprite],
    probabilities: np.ndarray | None,
) -> Example:
    first = members[0]
    index = int(explanations.image_index[first])
    label, predicted = int(explanations.label[first]), int(explanations.predicted[first])
    true_name, predicted_name = (explanations.class_names[i] for i in (label, predicted))
    images, maps = sheets
    tile = images.add(sprites.to_rgb(explanations.images[first]))
    # The predicted class first.
    ordered = sorted(members, key=lambda row: int(explanations.target[row]) != predicted)
    targets = []
    for row in ordered:
        target = int(explanations.target[row])
        name = explanations.class_names[target]
        targets.append(
            Target(
                role=_role(target, label, predicted),
                name=name,
                probability=_probability(explanations, row, probabilities),
                maps=tuple(_maps(explanations, row, signed, maps, name)),
            )
        )
    return Example(
        index=index,
        label=label,
        prediction=predicted,
        true=true_name,
        predicted=predicted_name,
        confidence=float(explanations.confidence[first]),
        tile=tile,
        alt=f"Test image {index}, class {numbers.printable(true_name)}",
        targets=tuple(targets),
    )


def _role(target: int, label: int, predicted: int) -> str:
    if target == predicted:
        return "correct" if label == predicted else "predicted"
    return "true" if target == label else "other"


def _probability(
    explanations: Explanations, row: int, probabilities: np.ndarray | None
) -> float | None:
    target, index = int(explanations.target[row]), int(explanations.image_index[row])
    if target == int(explanations.predicted[row]):
        return float(explanations.confidence[row])
    return None if probabilities is None else float(probabilities[index, target])


def _maps(
    explanations: Explanations,
    row: int,
    signed: dict[str, bool],
    sprite: Sprite,
    target: str,
) -> Iterable[Map]:
    for name, is_signed in signed.items():
        values, method = explanations.maps[name][row], methods.describe(name)
        defect = sprites.defect(values)
        tile = sprite.add(sprites.levels(values, is_signed))
        alt = f"{method.label} map for the class {numbers.printable(target)}"
        alt += f" ({defect})" if defect else f", largest at {peak_place(values)}"
        own_error = methods.beside(
            {n: float(v[row]) for n, v in explanations.numbers.get(name, {}).items()}
        )
        yield Map(method, is_signed, tile, sprites.peak(values), defect, alt, own_error)


def peak_place(values: np.ndarray) -> str:
    """Where a map, float (height, width), is largest, in words, for its text alternative."""
    row, column = np.unravel_index(int(np.abs(values).argmax()), values.shape)
    vertical = ("top", "middle", "bottom")[min(2, 3 * int(row) // values.shape[0])]
    across = ("left", "centre", "right")[min(2, 3 * int(column) // values.shape[1])]
    return f"the {vertical} {across}"
