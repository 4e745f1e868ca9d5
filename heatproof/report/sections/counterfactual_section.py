"""Counterfactual and adversarial images, with what changed in them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Picture, Sprite
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
    copy, each with Grad-CAM for the class predicted of it, if `mapped`; `epsilon` is None where
    none tried changes the prediction.
    """

    searches: list[Image]
    attacks: list[Image]
    mapped: bool
    epsilons: list[float]
    sprite: Sprite


def counterfactuals(arrays: dict[str, np.ndarray]) -> Counterfactuals | None:
    """Draw the results of the counterfactual stage; None where there are no images.

    Args:
        arrays: as `heatproof.counterfactuals` describes them.
    """
    searched, attacked = (
        len(arrays.get(f"{kind}/image_index", ())) for kind in ("search", "attack")
    )
    if not searched + attacked:
        return None
    height, width = arrays["search/original" if searched else "attack/original"].shape[1:3]
    sprite = Sprite(height, width, 3 * searched + (3 + len(_MAPS)) * attacked)
    return Counterfactuals(
        [_search(arrays, row, sprite) for row in range(searched)],
        [_attack(arrays, row, sprite) for row in range(attacked)],
        _mapped(arrays),
        [float(e) for e in arrays.get("attack/epsilons", ())[1:]],
        sprite,
    )


def _mapped(arrays: dict[str, np.ndarray]) -> bool:
    """Whether attacks have maps: a network without convolutions has no Grad-CAM."""
    return any(name.startswith("attack/gradcam/") for name in arrays)


def _known(arrays: dict[str, np.ndarray], kind: str, row: int) -> Image:
    """What the arrays say of one image: classes by name, None where a number is not known."""
    known: Image = {}
    for name, array in arrays.items():
        group, _, part = name.partition("/")
        if group == kind and array.ndim == 1 and part != "epsilons":
            value = array[row].item()
            known[part] = None if isinstance(value, float) and np.isnan(value) else value
    names = arrays["class_names"]
    return known | {part: str(names[known[part]]) for part in CLASSES if part in known}


def _search(arrays: dict[str, np.ndarray], row: int, sprite: Sprite) -> Image:
    known = _known(arrays, "search", row)
    alt = f"The same, changed until predicted {known['target']}" if known["success"] else ""
    pictures = _images(arrays, "search", row, sprite, alt, "changed")
    return known | {"pixels": int(np.prod(sprite.tile_size)), "pictures": pictures}


def _attack(arrays: dict[str, np.ndarray], row: int, sprite: Sprite) -> Image:
    known = _known(arrays, "attack", row)
    if known["epsilon"] is None:
        return known | {"pictures": _images(arrays, "attack", row, sprite)}
    alt = f"The same, attacked: predicted {known['after']}"
    pictures = _images(arrays, "attack", row, sprite, alt, "attacked")
    for image, target in _MAPS if _mapped(arrays) else ():
        values = arrays[f"attack/gradcam/{image}/{target}"][row]
        class_name = numbers.printable(known[target])
        alt = f"Grad-CAM for {class_name} of the {image} image"
        caption = sprites.defect(values) or f"Grad-CAM, {class_name}"
        pictures.append(sprite.levels(values, sprites.is_signed(values), alt, caption))
    return known | {"pictures": pictures}


def _images(
    arrays: dict[str, np.ndarray],
    kind: str,
    row: int,
    sprite: Sprite,
    alt: str = "",
    to: str = "",
) -> list[Picture]:
    """The original, and if there is something to say of it the changed image and the change."""
    original, changed = arrays[f"{kind}/original"][row], arrays[f"{kind}/changed"][row]
    index = arrays[f"{kind}/image_index"][row]
    pictures = [sprite.image(original, f"Test image {index}", "original")]
    if alt:
        # Colour channels are averaged: above zero is lighter.
        change = (changed - original / np.float32(255)).mean(axis=-1)
        most = f"{sprites.peak(change):.2g}"
        where = f"Where it became lighter and darker, by at most {most} of the range"
        pictures.append(sprite.image(changed, alt, to))
        pictures.append(sprite.levels(change, True, where, f"change, up to {most}"))
    return pictures
