"""How a photo differs from the images a network was trained on: in words, for the user.

A network predicts a class for any image, however unlike its training images. These are
the differences that simple measures can tell; that none is found does not make a photo usual.
"""

from dataclasses import dataclass

import numpy as np

from heatproof.datasets import ink
from heatproof.datasets.photos import Placement, border
from heatproof.storage.images import Images, blocks, selected

SAMPLE = 2000  # training images looked at
PLAIN = 0.9  # share of them whose border is of one kind, for a plain ground
DARK, LIGHT = 0.1, 0.9  # brightness of such a border, below and above
OUTSIDE = 0.5  # percent of the training images beyond either limit of what is usual
COLOURED = 0.03  # mean distance of the channels, of 1, from which on a photo has colour


@dataclass(frozen=True)
class Usual:
    """What training images are like, as far as it is measured; brightness from 0 to 1.

    ground: "dark" or "light" where nearly all borders are, else "mixed". brightness, contrast,
    colour: the smallest and largest that is usual, of an image's mean, its standard deviation and
    its channels' mean distance. channels: 1 or 3. placement: where grey images on a plain ground
    have their subject; None of others, and where it is anywhere.
    """

    ground: str
    brightness: tuple[float, float]
    contrast: tuple[float, float]
    colour: tuple[float, float]
    channels: int
    placement: Placement | None = None


def usual(training_images: Images) -> Usual:
    """Measure what is usual.

    Args:
        training_images: uint8 (n, height, width, channels), n at least 1, in random order.
    """
    sample = selected(training_images, slice(SAMPLE))
    measured = np.array([
        (np.median(border(image)) / 255, image.mean() / 255, image.std() / 255, colour(image))
        for block in blocks(sample)
        for image in block
    ])  # fmt: skip
    grounds, brightness, contrast, colours = measured.T
    ground = "mixed"
    if (grounds < DARK).mean() >= PLAIN:
        ground = "dark"
    elif (grounds > LIGHT).mean() >= PLAIN:
        ground = "light"
    channels = training_images.shape[-1]
    plain = channels == 1 and ground != "mixed"
    return Usual(
        ground,
        _limits(brightness),
        _limits(contrast),
        _limits(colours),
        channels,
        ink.usual_placement(sample[:], ground) if plain else None,
    )


def usual_fit(known: Usual, source: object) -> str:
    """Return how a picture of another shape is best brought to that of training images.

    Args:
        known: what is usual of these.
        source: the options of their source: one that brings images to a `size`, [height, width],
            squashes them.

    Returns:
        one of `photos.FITS`.
    """
    # One number is of images that the source makes square itself.
    if isinstance(getattr(source, "size", None), list):
        return "squash"
    return "crop" if known.ground == "mixed" else "pad"


def colour(pixels: np.ndarray) -> float:
    """Return the mean distance of an image's channels, 0 (grey) to 1. uint8 (h, w, channels)."""
    return float((pixels.max(axis=-1).astype(float) - pixels.min(axis=-1)).mean()) / 255


def differences(
    seen: np.ndarray, photo: np.ndarray, size: tuple[int, int], known: Usual, inverted: bool
) -> tuple[str, ...]:
    """Say how a photo differs from training images: whole sentences, none if it does not.

    Args:
        seen: uint8 (height, width, channels), what the network sees.
        photo: uint8 (rows, columns, 3), the photo itself, reduced or not.
        size: width and height of the photo as given.
        known: what is usual.
        inverted: whether brightness was inverted on the way.
    """
    remarks = []
    if known.channels == 1 and colour(photo) > COLOURED:
        remarks.append(
            "The photo is in colour. The network was trained on grey images and is given its "
            "brightness only."
        )
    if size[0] < seen.shape[1] or size[1] < seen.shape[0]:
        remarks.append(
            f"The photo has {size[0]}×{size[1]} pixels, fewer than the network's "
            f"{seen.shape[1]}×{seen.shape[0]}: it was enlarged and shows less than a training "
            "image does."
        )
    if seen.min() == seen.max():
        return (
            *remarks,
            "What the network sees is all of one colour: there is nothing to explain. If the "
            "photo is dark ink on a transparent ground, --invert lays it on paper.",
        )
    ground = _ground(seen, known, inverted)
    if ground:
        return (*remarks, ground)
    brightness, contrast = seen.mean() / 255, seen.std() / 255
    remarks += _outside("mean brightness", brightness, known.brightness, _DARKER, _BRIGHTER)
    remarks += _outside("contrast", contrast, known.contrast, _FLATTER, _HARDER)
    if known.channels == 3 and colour(seen) < known.colour[0]:
        remarks.append("The photo has less colour than nearly all training images.")
    return tuple(remarks)


_DARKER = "the subject may be smaller or fainter than in those: cut the photo close around it"
_BRIGHTER = "the subject may be larger than in those, or the photo too bright"
_FLATTER = "the photo may be faint, or show nothing that stands out"
_HARDER = "it may be a drawing or a scan where those are photographs"


def _ground(seen: np.ndarray, known: Usual, inverted: bool) -> str:
    """Say what is wrong with the ground, where training images have a plain one."""
    level = float(np.median(border(seen))) / 255
    if known.ground == "mixed":
        return ""
    opposite = level > 0.5 if known.ground == "dark" else level < 0.5
    if opposite:
        kinds = ("bright on a dark", "bright") if known.ground == "dark" else (
            "dark on a light", "dark"
        )  # fmt: skip
        remedy = "leave out --invert" if inverted else "add --invert"
        return (
            f"Its border is {kinds[1]}, while the training images are {kinds[0]} ground: the "
            f"network has never seen such an image. To invert brightness, {remedy}."
        )
    if known.ground == "dark" and level > DARK:
        return (
            f"Its ground is grey ({level:.2f} on a scale from black, 0, to white, 1), while that "
            "of the training images is black: --levels makes it black."
        )
    return ""


def _outside(
    what: str, value: float, limits: tuple[float, float], below: str, above: str
) -> list[str]:
    low, high = limits
    if low <= value <= high:
        return []
    side, reason = ("below", below) if value < low else ("above", above)
    return [
        f"Its {what}, {value:.2f}, is {side} that of nearly all training images "
        f"({low:.2f} to {high:.2f}): {reason}."
    ]


def _limits(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, [OUTSIDE, 100 - OUTSIDE])
    return float(low), float(high)
