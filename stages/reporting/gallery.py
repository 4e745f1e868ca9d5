"""Right and wrong test images, each with every method's map, as tiles of one sprite."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from stages.artifacts import Explanations
from stages.reporting import methods, numbers, sprites
from stages.reporting.sprites import Sprite, Tile


@dataclass(frozen=True)
class Map:
    """One method's map; `own` is what the method says of its own error on it, if anything."""

    label: str
    tile: Tile
    overlay: bool
    flaw: str
    alt: str
    own: str


@dataclass(frozen=True)
class Target:
    """Why this class: the class a score was explained for, and its maps."""

    role: str  # "predicted" or "true"; both in one for a right answer
    name: str
    probability: float | None
    maps: tuple[Map, ...]


@dataclass(frozen=True)
class Example:
    index: int
    true: str
    predicted: str
    confidence: float
    tile: Tile
    alt: str
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Legend:
    label: str
    shows: str
    reference: str
    address: str
    stops: tuple[str, ...]
    low: str
    high: str


@dataclass(frozen=True)
class Gallery:
    """Everything a page shows of a cell's explanations; `sprite` is the PNG with all tiles."""

    right: tuple[Example, ...]
    wrong: tuple[Example, ...]
    overlaid: list[str]
    legends: tuple[Legend, ...]
    sprite: bytes
    width: int
    height: int


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
    sprite = Sprite(height, width, len(groups) + rows * len(names))
    examples = [
        _example(explanations, members, names, signed, sprite, probabilities) for members in groups
    ]
    is_right = [explanations.label[m[0]] == explanations.predicted[m[0]] for m in groups]
    pairs = list(zip(examples, is_right, strict=True))
    return Gallery(
        right=tuple(example for example, right in pairs if right),
        wrong=tuple(example for example, right in pairs if not right),
        overlaid=[m.label for m in map(methods.describe, names) if m.overlay],
        legends=tuple(_legend(name, signed[name]) for name in names),
        sprite=sprite.png(),
        width=sprite.size[0],
        height=sprite.size[1],
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
    names: list[str],
    signed: dict[str, bool],
    sprite: Sprite,
    probabilities: np.ndarray | None,
) -> Example:
    first = members[0]
    index = int(explanations.image_index[first])
    label, predicted = int(explanations.label[first]), int(explanations.predicted[first])
    true_name, predicted_name = (explanations.class_names[i] for i in (label, predicted))
    tile = sprite.add(sprites.to_rgb(explanations.images[first]))
    # The predicted class first: it is what the network said.
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
                maps=tuple(_maps(explanations, row, names, signed, sprite, name)),
            )
        )
    return Example(
        index=index,
        true=true_name,
        predicted=predicted_name,
        confidence=float(explanations.confidence[first]),
        tile=tile,
        alt=f"Test image {index}, class {numbers.printable(true_name)}",
        targets=tuple(targets),
    )


def _role(target: int, label: int, predicted: int) -> str:
    if target == predicted:
        return "right" if label == predicted else "predicted"
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
    names: list[str],
    signed: dict[str, bool],
    sprite: Sprite,
    target: str,
) -> Iterable[Map]:
    for name in names:
        values, method = explanations.maps[name][row], methods.describe(name)
        flaw = sprites.flaw(values)
        tile = sprite.add(sprites.colour(values, name, signed[name]))
        alt = f"{method.label} map for the class {numbers.printable(target)}"
        place = "" if flaw else f", largest at {peak(values)}"
        own = methods.beside(
            {n: float(v[row]) for n, v in explanations.numbers.get(name, {}).items()}
        )
        alt += f" ({flaw})" if flaw else place
        yield Map(method.label, tile, method.overlay, flaw, alt, own)


def peak(values: np.ndarray) -> str:
    """Where a map, float (height, width), is largest, in words: for who cannot see it."""
    row, column = np.unravel_index(int(np.abs(values).argmax()), values.shape)
    vertical = ("top", "middle", "bottom")[min(2, 3 * int(row) // values.shape[0])]
    across = ("left", "centre", "right")[min(2, 3 * int(column) // values.shape[1])]
    return f"the {vertical} {across}"


def _legend(name: str, signed: bool) -> Legend:
    method = methods.describe(name)
    return Legend(
        label=method.label,
        shows=method.shows,
        reference=method.reference,
        address=method.address,
        stops=sprites.legend_stops(sprites.map_name(name, signed)),
        low="− largest" if signed else "0",
        high="largest in the map",
    )
