"""What each layer keeps of an image and of its style: pictures, and what the figures say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from heatproof.report.charts.sprites import Picture, Sprite
from heatproof.statistics import numbers

MAX_SIDE = 96  # pixels of a picture; of larger ones every second, third … pixel is shown
# Of the distance to the nearer of another image of the class and plain grey, which know nothing: up
# to it an image is found again, and beyond it in part or not at all.
KEPT, PART = 0.5, 0.9
MISSED = 0.1  # of a layer's relative error: above it the search is not at its end


@dataclass(frozen=True)
class Row:
    """A layer's pictures, trained and untrained; `layer` is its metrics."""

    layer: Mapping[str, Any]
    trained: Sequence[Picture]
    untrained: Sequence[Picture]


@dataclass(frozen=True)
class Styled:
    """Pictures of content and style; `variant` is its metrics."""

    variant: Mapping[str, Any]
    trained: Sequence[Picture]
    untrained: Sequence[Picture]


@dataclass(frozen=True)
class Layers:
    """All that the page shows; `sprite` holds all pictures."""

    originals: Sequence[Picture]
    others: Sequence[Picture]
    rows: Sequence[Row]
    contents: Sequence[Picture]
    styles: Sequence[Picture]
    styled: Sequence[Styled]
    sprite: Sprite


def layers(metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Layers:
    """Draw what `heatproof.inversion` found of a cell."""
    small = {name: _small(each) for name, each in arrays.items() if each.dtype == np.uint8}
    height, width = small["original"].shape[1:3]
    sprite = Sprite(height, width, sum(map(len, small.values())))
    names = [str(arrays["class_names"][label]) for label in arrays["label"]]

    def row(key: str, texts: Sequence[str], captions: Sequence[str] = ()) -> list[Picture]:
        if key not in small:
            return []
        captions = captions or [""] * len(texts)
        pairs = zip(small[key], texts, captions, strict=True)
        return [sprite.image(image, text, caption) for image, text, caption in pairs]

    def both(number: int, key: str, control: str, texts: Sequence[str]) -> list[list[Picture]]:
        return [
            row(f"{key}/{number}", texts),
            row(f"{control}/{number}", [f"{text}, untrained" for text in texts]),
        ]

    rows = [
        Row(each, *both(i, "inverted", "untrained", [f"{n} by {each['name']}" for n in names]))
        for i, each in enumerate(metrics["layers"])
    ]
    pairs = [
        f"{content} with the style of {style}"
        for content in names[: len(small.get("content", ()))]
        for style in ("another test image", "stripes")
    ]
    variants = metrics["style"].get("variants", ())
    styled = [
        Styled(each, *both(i, "styled", "styled_untrained", pairs))
        for i, each in enumerate(variants)
    ]
    return Layers(
        row("original", [f"Test image: {name}" for name in names], names),
        row("same_class", [f"Another test image: {name}" for name in names]),
        rows,
        row("content", [f"Content: {name}" for name in names[: len(small.get("content", ()))]]),
        row("style", ["Style: a test image", "Style: stripes"]) if variants else [],
        styled,
        sprite,
    )


def finding(metrics: Mapping[str, Any]) -> str:
    """Say in a sentence or two up to which layer an image can be found again; "" if unknown."""
    if "layers" not in metrics:
        return ""
    trained, untrained = (_kept(metrics, key) for key in ("pixels", "untrained_pixels"))
    every, far = metrics["layers"], metrics["pixels_same_class"]
    other = f"another image of its class by {numbers.decimal(far, 2)}"
    if not trained:
        text = (
            f"Not even {_name(every[0])} keeps enough of an image to find it again: what is found "
            f"differs by {numbers.decimal(every[0]['pixels'], 2)} of the range, {other}."
        )
    elif trained == len(every):
        text = (
            "All layers keep enough of an image to find it again: what is found differs by at most "
            f"{numbers.decimal(max(e['pixels'] for e in every), 2)} of the range, {other}."
        )
    else:
        last, lost = every[trained - 1], every[trained]
        text = (
            f"Up to {_name(last)} an image can be found again, but for "
            f"{numbers.decimal(last['pixels'], 2)} of the range ({other}); from {_name(lost)} "
            f"{'only in part' if lost['pixels'] < PART * _blind(metrics) else 'it cannot'}: "
            f"{numbers.decimal(lost['pixels'], 2)}."
        )
    if trained == untrained:
        return (
            f"{text} Untrained, the same layers keep it: that far it is their shape, not learning."
        )
    further = "further" if untrained > trained else "less far"
    return (
        f"{text} Untrained it goes {further}, to {_name(every[untrained - 1])}."
        if untrained
        else (f"{text} Untrained, no layer keeps it.")
    )


def style_finding(style: Mapping[str, Any]) -> str:
    """Say in a sentence what Gram matrices hold of the class; "" where there are none."""
    if not style.get("layers"):
        return ""
    best = max(style["layers"], key=lambda layer: layer["trained"]["nearest"])
    trained, untrained = (best[key]["nearest"] for key in ("trained", "untrained"))
    count = style["images"]
    spread = sqrt((trained * (1 - trained) + untrained * (1 - untrained)) / count)
    told = trained - untrained
    if told > 2 * spread:
        verdict = "so training put some of the class into them"
    elif told < -2 * spread:
        verdict = "so training took some of the class out of them"
    else:
        verdict = f"a difference that {count} images cannot tell from chance"
    return (
        f"The nearest Gram matrix is of the same class for {numbers.percent(trained, count)} of "
        f"{count} test images in {_name(best)}, and for {numbers.percent(untrained, count)} "
        f"untrained: {verdict}. By pixels alone it is "
        f"{numbers.percent(style['pixels_nearest'], count)}, by chance "
        f"{numbers.percent(style['chance'], count)}."
    )


def missed(metrics: Mapping[str, Any]) -> list[str]:
    """Name the layers in which the search ended before the error was small."""
    return [each["name"] for each in metrics["layers"] if each["error"] > MISSED]


def _kept(metrics: Mapping[str, Any], key: str) -> int:
    """Count the layers, from the first, by which an image is found again."""
    limit = KEPT * _blind(metrics)
    found = [each[key] <= limit for each in metrics["layers"]]
    return found.index(False) if False in found else len(found)


def _blind(metrics: Mapping[str, Any]) -> float:
    """Return how far an image is that knows nothing of the one sought."""
    return min(metrics["pixels_same_class"], metrics["pixels_grey"])


def _name(layer: Mapping[str, Any]) -> str:
    return numbers.printable(layer["name"])


def _small(images: np.ndarray) -> np.ndarray:
    step = -(-max(images.shape[1:3]) // MAX_SIDE)
    return images[:, ::step, ::step]
