"""Counterfactual and adversarial images, with what changed in them."""

from dataclasses import dataclass

import numpy as np

from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Sprite
from heatproof.report.sections.features_section import Picture, levels
from heatproof.statistics import numbers

# Grad-CAM of an attack: of which image, and for the class predicted before or after it.
_MAPS = (("original", "before"), ("adversarial", "after"))


@dataclass(frozen=True)
class Search:
    """One image and its counterfactual, the nearest image found with another prediction.

    `pictures`: original, changed, difference; only the original where the search failed.
    """

    index: int
    label: str
    predicted: str
    target: str
    success: bool
    pictures: tuple[Picture, ...]
    confidence_before: float
    confidence: float
    l0: int
    pixels: int
    linf: float
    survives: bool


@dataclass(frozen=True)
class Attack:
    """One image and its adversarial copy, each with Grad-CAM for the class predicted of it.

    `epsilon` is None where none tried changes the prediction; `correlation` None where unknown.
    """

    index: int
    label: str
    before: str
    after: str
    epsilon: float | None
    confidence_before: float | None
    confidence: float | None
    correlation: float | None
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Counterfactuals:
    """Everything a page shows of a cell's counterfactuals; `sprite` is the PNG with all tiles."""

    searches: tuple[Search, ...]
    attacks: tuple[Attack, ...]
    epsilons: tuple[float, ...]
    sprite: bytes
    width: int
    height: int


def counterfactuals(arrays: dict[str, np.ndarray]) -> Counterfactuals | None:
    """Draw the results of the counterfactual stage; None where there are no images.

    Args:
        arrays: as `heatproof.counterfactuals` describes them.
    """
    searched = len(arrays.get("search/image_index", ()))
    attacked = len(arrays.get("attack/image_index", ()))
    if not searched + attacked:
        return None
    height, width = arrays["search/original" if searched else "attack/original"].shape[1:3]
    sprite = Sprite(height, width, 3 * searched + (3 + len(_MAPS)) * attacked)
    names = [str(name) for name in arrays["class_names"]]
    searches = tuple(_search(arrays, i, names, sprite) for i in range(searched))
    attacks = tuple(_attack(arrays, i, names, sprite) for i in range(attacked))
    epsilons = tuple(float(e) for e in arrays.get("attack/epsilons", ())[1:])
    return Counterfactuals(searches, attacks, epsilons, sprite.png(), *sprite.size)


def _search(arrays: dict[str, np.ndarray], row: int, names: list[str], sprite: Sprite) -> Search:
    def of(name: str) -> np.ndarray:
        return arrays[f"search/{name}"][row]

    success = bool(of("success"))
    original, changed = of("original"), of("changed")
    label, predicted, target = (names[of(part)] for part in ("label", "predicted", "target"))
    pictures = [_picture(sprite, original, f"Test image {of('image_index')}", "original")]
    if success:
        pictures += [
            _picture(sprite, changed, f"The same, changed until predicted {target}", "changed"),
            _difference(sprite, original, changed),
        ]
    return Search(
        index=int(of("image_index")),
        label=label,
        predicted=predicted,
        target=target,
        success=success,
        pictures=tuple(pictures),
        confidence_before=float(of("confidence_before")),
        confidence=float(of("confidence")),
        l0=int(of("l0")),
        pixels=int(np.prod(original.shape[:2])),
        linf=float(of("linf")),
        survives=bool(of("survives_rounding")),
    )


def _attack(arrays: dict[str, np.ndarray], row: int, names: list[str], sprite: Sprite) -> Attack:
    def of(name: str) -> np.ndarray:
        return arrays[f"attack/{name}"][row]

    def known(name: str) -> float | None:
        value = float(of(name))
        return value if numbers.known(value) else None

    epsilon = known("epsilon")
    original, changed = of("original"), of("changed")
    before, after = names[of("before")], names[of("after")]
    pictures = [_picture(sprite, original, f"Test image {of('image_index')}", "original")]
    if epsilon is not None:
        pictures += [
            _picture(sprite, changed, f"The same, attacked: predicted {after}", "attacked"),
            _difference(sprite, original, changed),
        ]
        for (image, target), name in zip(_MAPS, (before, after), strict=True):
            values = of(f"gradcam/{image}/{target}")
            class_name = numbers.printable(name)
            alt = f"Grad-CAM for {class_name} of the {image} image"
            caption = sprites.defect(values) or f"Grad-CAM, {class_name}"
            pictures.append(levels(values, sprite, sprites.is_signed(values), alt, caption))
    return Attack(
        index=int(of("image_index")),
        label=names[of("label")],
        before=before,
        after=after,
        epsilon=epsilon,
        confidence_before=known("confidence_before"),
        confidence=known("confidence"),
        correlation=known("correlation/prediction"),
        pictures=tuple(pictures),
    )


def _picture(sprite: Sprite, image: np.ndarray, alt: str, caption: str) -> Picture:
    if image.dtype != np.uint8:
        image = np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)
    return Picture(sprite.add(sprites.to_rgb(image)), numbers.printable(alt), caption)


def _difference(sprite: Sprite, original: np.ndarray, changed: np.ndarray) -> Picture:
    # Colour channels are averaged: above zero is lighter.
    difference = (changed - original / np.float32(255)).mean(axis=-1)
    largest = f"{sprites.peak(difference):.2g}"
    alt = f"Where it became lighter and darker, by at most {largest} of the range"
    return levels(difference, sprite, True, alt, f"change, up to {largest}")
