"""What would have to change for another answer: counterfactual and adversarial images."""

from dataclasses import dataclass

import numpy as np

from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Sprite
from heatproof.report.sections.features_section import Picture, levels
from heatproof.statistics import numbers

# Grad-CAM of an attack: of which image, for which class, and what is said of it.
_MAPS = (("original", "before"), ("adversarial", "after"))


@dataclass(frozen=True)
class Search:
    """One image and the nearest one found that the network calls something else.

    `pictures`: original, changed, difference; only the original where nothing was found.
    """

    index: int
    label: str
    predicted: str
    wanted: str
    found: bool
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

    `epsilon` is None where no tried one changes the answer; `correlation` None where unknown.
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
class Changes:
    """Everything a page shows of a cell's counterfactuals; `sprite` is the PNG with all tiles."""

    searches: tuple[Search, ...]
    attacks: tuple[Attack, ...]
    epsilons: tuple[float, ...]
    sprite: bytes
    width: int
    height: int


def changes(arrays: dict[str, np.ndarray]) -> Changes | None:
    """Draw what the counterfactual family found; None where there are no images.

    Args:
        arrays: as `explainers/counterfactual.py` describes them.
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
    return Changes(searches, attacks, epsilons, sprite.png(), *sprite.size)


def _search(arrays: dict[str, np.ndarray], row: int, names: list[str], sprite: Sprite) -> Search:
    def of(name: str) -> np.ndarray:
        return arrays[f"search/{name}"][row]

    found = bool(of("success"))
    original, changed = of("original"), of("changed")
    label, predicted, wanted = (names[of(part)] for part in ("label", "predicted", "target"))
    pictures = [_picture(sprite, original, f"Test image {of('image_index')}", "as it is")]
    if found:
        pictures += [
            _picture(sprite, changed, f"The same, changed until it is called {wanted}", "changed"),
            _difference(sprite, original, changed),
        ]
    return Search(
        index=int(of("image_index")),
        label=label,
        predicted=predicted,
        wanted=wanted,
        found=found,
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
    pictures = [_picture(sprite, original, f"Test image {of('image_index')}", "as it is")]
    if epsilon is not None:
        pictures += [
            _picture(sprite, changed, f"The same, attacked: called {after}", "attacked"),
            _difference(sprite, original, changed),
        ]
        for (image, target), name in zip(_MAPS, (before, after), strict=True):
            values = of(f"gradcam/{image}/{target}")
            said = numbers.printable(name)
            alt = f"Grad-CAM for {said} of the {image} image"
            under = sprites.flaw(values) or f"Grad-CAM, {said}"
            pictures.append(levels(values, sprite, bool((values < 0).any()), alt, under))
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


def _picture(sprite: Sprite, image: np.ndarray, alt: str, under: str) -> Picture:
    if image.dtype != np.uint8:
        image = np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)
    return Picture(sprite.add(sprites.to_rgb(image)), numbers.printable(alt), under)


def _difference(sprite: Sprite, original: np.ndarray, changed: np.ndarray) -> Picture:
    # Colour channels are averaged: above zero is lighter.
    moved = (changed - original / np.float32(255)).mean(axis=-1)
    largest = f"{sprites.largest(moved):.2g}"
    alt = f"Where it became lighter and darker, at most by {largest} of the range"
    return levels(moved, sprite, True, alt, f"change, up to {largest}")
