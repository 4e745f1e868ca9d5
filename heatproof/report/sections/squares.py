"""Test images of a confusion matrix: a few of each of its entries, in one sprite.

Off the diagonal the most confident mistakes, on it the least confident correct predictions: in
either case the most instructive ones.
"""

from dataclasses import dataclass

import numpy as np

from heatproof.report.charts.sprites import Picture, Sprite, reduced
from heatproof.statistics import numbers
from heatproof.storage.images import Images
from heatproof.storage.records import Predictions

MAX_PER_SQUARE = 6
SIDE = 48  # pixels; larger images are reduced
# Limits for all of a page's thumbnails: bytes before compression, and number.
MAX_BYTES = 480_000
MAX_IMAGES = 400


@dataclass(frozen=True)
class SquareImages:
    """Some test images of one true and one predicted class; `count` of them exist.

    `thumbnails`: the number of each image in the test set, its confidence, its picture.
    """

    true: str
    predicted: str
    count: int
    thumbnails: list[tuple[int, float, Picture]]


@dataclass(frozen=True)
class Squares:
    """What a page shows of a matrix' images; `left_out` counts the squares without any.

    `shown`: (true class, predicted class) -> its images.
    """

    shown: dict[tuple[int, int], SquareImages]
    left_out: int
    sprite: Sprite


def squares(images: Images, predictions: Predictions) -> Squares | None:
    """Choose and draw a few test images of each square; None where there are no images.

    Args:
        images: uint8 (n, height, width, channels), the test images.
        predictions: of these images.
    """
    classes = len(predictions.class_names)
    pair = predictions.labels * classes + predictions.predicted
    counts = np.bincount(pair, minlength=classes * classes)
    height, width, channels = images.shape[1:]
    size = reduced(height, width, SIDE)
    most = min(MAX_IMAGES, MAX_BYTES // (size[0] * size[1] * channels))
    shares = _shares(counts, most, np.arange(classes) * (classes + 1))
    if not shares:
        return None
    confidence = predictions.confidence
    sprite = Sprite(*size, sum(shares.values()), channels)
    shown = {}
    for number in sorted(shares):
        label, prediction = divmod(number, classes)
        members = np.flatnonzero(pair == number)
        of_members = confidence[members]
        order = np.argsort(of_members if label == prediction else -of_members, kind="stable")
        true, predicted = (predictions.class_names[i] for i in (label, prediction))
        thumbnails = [
            (index, float(confidence[index]), _thumbnail(images[index], sprite, index, true))
            for index in members[order][: shares[number]].tolist()
        ]
        shown[label, prediction] = SquareImages(true, predicted, int(counts[number]), thumbnails)
    return Squares(shown, int(np.count_nonzero(counts)) - len(shown), sprite)


def _shares(counts: np.ndarray, most: int, diagonal: np.ndarray) -> dict[int, int]:
    """Share the images among squares: one each, then more for the most frequent mistakes.

    Args:
        counts: int (squares,), images in each square.
        most: how many there may be in all.
        diagonal: the squares of correct predictions; they come after all mistakes.
    """
    mistakes = counts.copy()
    mistakes[diagonal] = 0
    order = [int(i) for i in np.argsort(-mistakes, kind="stable") if counts[i]]
    shares = dict.fromkeys(order[:most], 1)
    left = most - len(shares)
    for number in shares:
        more = min(MAX_PER_SQUARE - 1, int(counts[number]) - 1, left)
        shares[number] += more
        left -= more
    return shares


def _thumbnail(image: np.ndarray, sprite: Sprite, index: int, true: str) -> Picture:
    """Draw an image, uint8 (height, width, channels), in the size of the sprite's tiles."""
    return Picture(
        sprite.add(sprite.fitted(image)), f"Test image {index}, class {numbers.printable(true)}"
    )
