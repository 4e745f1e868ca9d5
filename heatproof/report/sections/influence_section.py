"""Training images beside predictions: which speak for and against, and whether to believe it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.report.cell_results import CellResults
from heatproof.report.charts.sprites import Picture, Sprite
from heatproof.statistics import numbers

MAX_SIDE = 96  # pixels of a picture; of larger ones every second, third … pixel is shown
# Of the rank of proponents' likeness: below it they are hardly more like the picture than others of
# their label, for which it is 0.5; from the second on nearly the most alike.
CHANCE, UNLIKE, ALIKE = 0.5, 0.6, 0.9
OTHER = "≠"  # before a label that is not the class predicted
KINDS = {
    "proponents": "Speak most for it",
    "relative": "Speak most for it, for their own size",
    "opponents": "Speak most against it",
    "nearest": "Nearest",
}
_CHECKED = {
    "proponents": "Proponents",
    "shuffled": "Proponents, features dealt out at random",
    "relative": "For their own size",
    "nearest": "Nearest",
}


@dataclass(frozen=True)
class Explained:
    """A test image: its picture, and of each kind the training pictures beside it."""

    index: int
    label: str
    predicted: str
    confidence: float
    picture: Picture
    beside: Sequence[tuple[str, Sequence[Picture]]]


@dataclass(frozen=True)
class Influence:
    """All that a page shows; `own` are the training images of the most self-influence.

    checks: of each kind its name and what was measured of it.
    """

    metrics: Mapping[str, Any]
    explained: Sequence[Explained]
    own: Sequence[Picture]
    checks: Sequence[tuple[str, Mapping[str, float]]]
    finding: str
    belief: str
    believable: bool
    sprite: Sprite


def influence(result: CellResults) -> Influence | None:
    """Draw what was found of a cell; None where nothing was sought, or nothing can be."""
    metrics = result.influence
    if "check" not in metrics:
        return None
    arrays = result.influence_arrays()
    images = {name: _small(each) for name, each in arrays.items() if each.dtype == np.uint8}
    height, width = images["original"].shape[-3:-1]
    tiles = sum(int(np.prod(each.shape[:-3])) for each in images.values())
    sprite = Sprite(height, width, tiles)
    rows = range(len(arrays["image_index"]))
    return Influence(
        metrics,
        [_explained(arrays, images, row, sprite) for row in rows],
        _own(arrays, images["self/image"], sprite),
        [(words, metrics["check"][kind]) for kind, words in _CHECKED.items()],
        finding(metrics),
        belief(metrics["check"]),
        metrics["check"]["proponents"]["resemblance"] >= UNLIKE,
        sprite,
    )


def finding(metrics: Mapping[str, Any]) -> str:
    """Say what labels stand beside wrong predictions; of right ones where none is wrong."""
    wrong, shown = metrics["wrong_images"], metrics["shown"]
    if not wrong:
        return "No prediction that is explained here is wrong."
    return (
        f"Of {numbers.plural(wrong, 'wrong prediction')}, {metrics['wrong_other_label']} "
        f"{'has' if metrics['wrong_other_label'] == 1 else 'have'} a training picture of another "
        f"label than the class predicted among the {shown} that speak most for it, and "
        f"{metrics['wrong_near_truth']} one of the true class among the {shown} nearest."
    )


def belief(check: Mapping[str, Any]) -> str:
    """Say whether proponents are of the picture that they are shown for, or of any."""
    proponents, nearest = check["proponents"], check["nearest"]
    rank, large = numbers.decimal(proponents["resemblance"], 2), proponents["size"] >= ALIKE
    different = (
        f"of the places for {check['images']} test pictures {_percent(proponents['distinct'])} are "
        f"different training pictures (nearest: {_percent(nearest['distinct'])})"
    )
    if proponents["resemblance"] < UNLIKE:
        more = "hardly more" if proponents["resemblance"] > CHANCE else "no more"
        return (
            f"The pictures that speak most for a prediction say little of it: they are {more} "
            f"like the test picture than others of their label (rank {rank}, by chance 0.50), and "
            f"{different}. By the size of their own gradients their rank is "
            f"{numbers.decimal(proponents['size'], 2)}"
            f"{': they are what the network has fitted least' if large else ''}."
        )
    how = "nearly the most like" if proponents["resemblance"] >= ALIKE else "more like"
    return (
        f"The pictures that speak most for a prediction are {how} the test picture of all with "
        f"their label (rank {rank}, by chance 0.50); {different}."
    )


def _explained(
    arrays: Mapping[str, np.ndarray], images: Mapping[str, np.ndarray], row: int, sprite: Sprite
) -> Explained:
    names = arrays["class_names"]
    index, predicted = int(arrays["image_index"][row]), int(arrays["predicted"][row])
    picture = sprite.image(images["original"][row], f"Test image {index}")
    beside = []
    for kind, words in KINDS.items():
        pictures = []
        for place, label in enumerate(arrays[f"{kind}/label"][row]):
            value = float(arrays[f"{kind}/value"][row, place])
            # Where fewer speak for or against, the next ones speak the other way.
            if (kind == "opponents" and value >= 0) or (kind != "opponents" and value <= 0):
                continue
            name, other = str(names[label]), label != predicted
            alt = (
                f"{words}: training image {arrays[f'{kind}/index'][row, place]}, label {name}"
                f"{', not the class predicted' if other else ''}"
            )
            cosine = kind in ("relative", "nearest")
            shown = numbers.decimal(value, 2) if cosine else _percent(abs(value))
            caption = f"{f'{OTHER} ' if other else ''}{name}, {shown}"
            pictures.append(sprite.image(images[f"{kind}/image"][row, place], alt, caption))
        beside.append((words, pictures))
    return Explained(
        index, str(names[arrays["label"][row]]), str(names[predicted]),
        float(arrays["confidence"][row]), picture, beside,
    )  # fmt: skip


def _own(arrays: Mapping[str, np.ndarray], images: np.ndarray, sprite: Sprite) -> Sequence[Picture]:
    names, pictures = arrays["class_names"], []
    for image, index, label, predicted, value in zip(
        images, *(arrays[f"self/{part}"] for part in ("index", "label", "predicted", "value")),
        strict=True,
    ):  # fmt: skip
        alt = f"Training image {index}, label {names[label]}, predicted {names[predicted]}"
        caption = f"{names[label]}, {_percent(float(value))}"
        if label != predicted:
            caption = f"{names[label]}, predicted {names[predicted]}, {_percent(float(value))}"
        pictures.append(sprite.image(image, alt, caption))
    return pictures


def _small(images: np.ndarray) -> np.ndarray:
    """Leave out pixels of pictures, uint8 (..., height, width, channels), until small enough."""
    step = -(-max(images.shape[-3:-1]) // MAX_SIDE)
    return images[..., ::step, ::step, :]


def _percent(share: float) -> str:
    return numbers.percent(share)
