"""Explained test images, each with every method's map, as tiles of two sprites.

One sprite holds the images, the other the maps as levels, which the page colours.
"""

from dataclasses import dataclass

import numpy as np

from heatproof.attribution.core.method import Method
from heatproof.report.charts import outline, sprites
from heatproof.report.charts.sprites import Picture, Sprite, Tile
from heatproof.report.text import methods, zero_maps
from heatproof.statistics import numbers
from heatproof.storage.images import Images
from heatproof.storage.records import Explanations


@dataclass(frozen=True)
class Map:
    """One method's map; `own` is the method's own error on it, by name, if it reports one.

    `peak` is the magnitude that the map is divided by, in the method's unit.
    """

    method: Method
    signed: bool
    tile: Tile
    alt: str
    peak: float
    defect: str
    own: dict[str, float]

    @property
    def why(self) -> str:
        """Of a map that is zero everywhere, what that means; else empty."""
        return zero_maps.meaning(self.method, self.own) if self.defect == sprites.ZERO else ""


@dataclass(frozen=True)
class Target:
    """The class whose score is explained, and its maps, one per method.

    `role` is "predicted" or "true", and "correct" where one class is both.
    """

    role: str
    name: str
    probability: float | None
    maps: list[Map]


@dataclass(frozen=True)
class Example:
    """One image; `label` and `prediction` are the numbers of its true and its predicted class.

    `outline`: around what is known to be the object or the evidence, as `outline.path` draws it.
    """

    index: int
    label: int
    prediction: int
    true: str
    predicted: str
    confidence: float
    picture: Picture
    targets: list[Target]
    outline: str = ""


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

    correct: list[Example]
    incorrect: list[Example]
    legends: list[Legend]
    images: Sprite
    maps: Sprite
    true_classes: list[tuple[int, str]]
    predicted_classes: list[tuple[int, str]]

    @property
    def outlined(self) -> bool:
        """Whether an image has its evidence outlined."""
        return any(example.outline for example in [*self.correct, *self.incorrect])


def gallery(
    explanations: Explanations,
    probabilities: np.ndarray | None = None,
    masks: Images | None = None,
) -> Gallery | None:
    """Draw all of a cell's explained images; None where there are none.

    Args:
        explanations: rows of (image, target class).
        probabilities: float64 (test images, classes), for the probability of each target.
        masks: uint8 (test images, height, width), 1 where the evidence is, if that is known.
    """
    rows, height, width = explanations.images.shape[:3]
    if rows == 0:
        return None
    legends = [
        Legend(methods.describe(name), sprites.is_signed(explanations.maps[name]))
        for name in methods.ordered(explanations.maps)
    ]
    by_image: dict[int, list[int]] = {}
    for row, image in enumerate(explanations.image_index.tolist()):
        by_image.setdefault(image, []).append(row)
    images = Sprite(height, width, len(by_image))
    maps = Sprite(height, width, rows * len(legends), 1)
    examples = []
    for members in by_image.values():
        # The predicted class first.
        members.sort(key=lambda row: explanations.target[row] != explanations.predicted[row])
        targets = [_target(explanations, row, legends, maps, probabilities) for row in members]
        drawn = "" if masks is None else outline.path(masks[explanations.image_index[members[0]]])
        examples.append(_example(explanations, members[0], targets, images, drawn))
    return Gallery(
        correct=[e for e in examples if e.label == e.prediction],
        incorrect=[e for e in examples if e.label != e.prediction],
        legends=legends,
        images=images,
        maps=maps,
        true_classes=sorted({(e.label, e.true) for e in examples}),
        predicted_classes=sorted({(e.prediction, e.predicted) for e in examples}),
    )


def _example(
    explanations: Explanations, row: int, targets: list[Target], images: Sprite, drawn: str
) -> Example:
    index = int(explanations.image_index[row])
    label, predicted = int(explanations.label[row]), int(explanations.predicted[row])
    true = explanations.class_names[label]
    alt = f"Test image {index}, class {numbers.printable(true)}"
    return Example(
        index=index,
        label=label,
        prediction=predicted,
        true=true,
        predicted=explanations.class_names[predicted],
        confidence=float(explanations.confidence[row]),
        picture=images.image(explanations.images[row], alt),
        targets=targets,
        outline=drawn,
    )


def _target(
    explanations: Explanations,
    row: int,
    legends: list[Legend],
    sprite: Sprite,
    probabilities: np.ndarray | None,
) -> Target:
    target, label, predicted = (
        int(each[row]) for each in (explanations.target, explanations.label, explanations.predicted)
    )
    probability = None
    if target == predicted:
        role = "correct" if label == predicted else "predicted"
        probability = float(explanations.confidence[row])
    else:
        role = "true" if target == label else "other"
        if probabilities is not None:
            probability = float(probabilities[explanations.image_index[row], target])
    name = explanations.class_names[target]
    maps = [_map(explanations, row, legend, sprite, name) for legend in legends]
    return Target(role, name, probability, maps)


def _map(explanations: Explanations, row: int, legend: Legend, sprite: Sprite, target: str) -> Map:
    method = legend.method
    values = explanations.maps[method.name][row]
    defect = sprites.defect(values)
    alt = f"{method.label} map for the class {numbers.printable(target)}"
    alt += f" ({defect})" if defect else f", largest at {sprites.peak_place(values)}"
    own = explanations.numbers.get(method.name, {})
    return Map(
        method,
        legend.signed,
        sprite.add(sprites.levels(values, legend.signed)),
        alt,
        sprites.peak(values),
        defect,
        {name: float(each[row]) for name, each in own.items()},
    )
