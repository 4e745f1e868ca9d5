"""Counterfactual and adversarial images, with what changed in them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Sprite
from heatproof.report.sections.features_section import Picture, levels
from heatproof.statistics import numbers

# Grad-CAM of an attack: of which image, and for the class predicted before or after it.
_MAPS = (("original", "before"), ("adversarial", "after"))
CLASSES = ("label", "predicted", "target", "before", "after")


# What is known of one image: its numbers by their names in the arrays, and `pictures`.
Image = dict[str, Any]


@dataclass(frozen=True)
class Counterfactuals:
    """Everything a page shows of a cell's counterfactuals; `sprite` holds all tiles.

    searches: an image and the nearest image found with another prediction: original, changed,
    difference; only the original where the search failed. attacks: an image and its adversarial
    copy, each with Grad-CAM for the class predicted of it; `epsilon` is None where none tried
    changes the prediction.
    """

    searches: tuple[Image, ...]
    attacks: tuple[Image, ...]
    epsilons: tuple[float, ...]
    sprite: Sprite


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
    return Counterfactuals(searches, attacks, epsilons, sprite)


def _numbers(arrays: dict[str, np.ndarray], kind: str, row: int, names: list[str]) -> Image:
    """What the arrays say of one image: classes by name, None where a number is not known."""
    known: Image = {}
    for name, array in arrays.items():
        group, _, part = name.partition("/")
        if group == kind and array.ndim == 1 and part != "epsilons":
            value = array[row].item()
            known[part] = None if isinstance(value, float) and np.isnan(value) else value
    return known | {part: names[known[part]] for part in CLASSES if part in known}


def _search(arrays: dict[str, np.ndarray], row: int, names: list[str], sprite: Sprite) -> Image:
    original, changed = arrays["search/original"][row], arrays["search/changed"][row]
    known = _numbers(arrays, "search", row, names)
    pictures = [_picture(sprite, original, f"Test image {known['image_index']}", "original")]
    if known["success"]:
        alt = f"The same, changed until predicted {known['target']}"
        pictures += [
            _picture(sprite, changed, alt, "changed"),
            _difference(sprite, original, changed),
        ]
    return known | {"pixels": int(np.prod(original.shape[:2])), "pictures": pictures}


def _attack(arrays: dict[str, np.ndarray], row: int, names: list[str], sprite: Sprite) -> Image:
    original, changed = arrays["attack/original"][row], arrays["attack/changed"][row]
    known = _numbers(arrays, "attack", row, names)
    pictures = [_picture(sprite, original, f"Test image {known['image_index']}", "original")]
    if known["epsilon"] is not None:
        alt = f"The same, attacked: predicted {known['after']}"
        pictures += [
            _picture(sprite, changed, alt, "attacked"),
            _difference(sprite, original, changed),
        ]
        for image, target in _MAPS:
            values = arrays[f"attack/gradcam/{image}/{target}"][row]
            class_name = numbers.printable(known[target])
            alt = f"Grad-CAM for {class_name} of the {image} image"
            caption = sprites.defect(values) or f"Grad-CAM, {class_name}"
            pictures.append(levels(values, sprite, sprites.is_signed(values), alt, caption))
    return known | {"pictures": pictures}


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
