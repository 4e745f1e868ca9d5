"""Perceptual fingerprints, and each image's most similar ones among all.

A fingerprint is what a perceptual hash is before it is cut to bits (Zauner 2010, "Implementation
and benchmarking of perceptual image hash functions", section 3.2): the lowest frequencies of the
discrete cosine transform of a small grey picture, without the mean. Divided by its length, it
changes little with brightness, contrast, size or compression, and the product of two is their
correlation. All pairs are compared, by matrix products: no bucket is large because many images
share their first bits, as digits on black do.
"""

from dataclasses import dataclass

import numpy as np
from scipy.fft import dctn

FREQUENCIES = 8  # in either direction
NEAREST = 10  # images that are looked at closely
FEW = 0.5  # the common similarity, where there are too few images to tell
_ROWS, _GROUP = 512, 32
# Of a fingerprint, a deviation of one grey level: what is flatter is blank, and resembles nothing.
_MIN_LENGTH = 32.0


@dataclass(frozen=True)
class Nearest:
    """Of n images the most similar ones, and how similar they are.

    similar: int64 (n, NEAREST), images, -1 where there are fewer. similarity: float32 (n, NEAREST),
    -1 to 1, falling. common: float32 (n,), that to the image of `common_rank`.
    """

    similar: np.ndarray
    similarity: np.ndarray
    common: np.ndarray


def common_rank(count: int) -> int:
    """Return the rank, among `count` images, of one that is only alike.

    A thousandth of all: there are more of one kind in a large dataset. It is at least NEAREST, so
    that ten copies of a picture find each other, and at most 50, which bounds the work.
    """
    return min(50, max(NEAREST, count // 1000))


def fingerprints(thumbnails: np.ndarray) -> np.ndarray:
    """Return float32 (n, FREQUENCIES² - 1) of uint8 (n, side, side); each has length 1 or 0."""
    prints = np.empty((len(thumbnails), FREQUENCIES**2 - 1), dtype=np.float32)
    for start in range(0, len(thumbnails), _ROWS):
        pictures = thumbnails[start : start + _ROWS].astype(np.float32)
        waves = dctn(pictures, axes=(1, 2), norm="ortho")[:, :FREQUENCIES, :FREQUENCIES]
        low = waves.reshape(len(pictures), -1)[:, 1:]
        length = np.linalg.norm(low, axis=1, keepdims=True)
        prints[start : start + _ROWS] = np.where(length < _MIN_LENGTH, 0, low / (length + 1e-9))
    return prints


def mirrored(prints: np.ndarray) -> np.ndarray:
    """Return the fingerprints of the mirrored images: odd horizontal frequencies change sign."""
    signs = np.where(np.arange(FREQUENCIES) % 2, -1, 1)
    return prints * np.tile(signs, FREQUENCIES)[1:].astype(np.float32)


def nearest(prints: np.ndarray) -> Nearest:
    """Find each image's most similar ones, itself left out, by fingerprints (n, numbers)."""
    count = len(prints)
    columns = _columns(prints)
    rank = common_rank(count)
    width = min(rank, count - 1)
    similar = np.full((count, NEAREST), -1, dtype=np.int64)
    similarity = np.full((count, NEAREST), -1, dtype=np.float32)
    common = np.full(count, FEW, dtype=np.float32)
    for start in range(0, count if width > 0 else 0, _ROWS):
        scores = prints[start : start + _ROWS] @ columns
        rows = np.arange(len(scores))
        scores[rows, start + rows] = scores[:, count:] = -2
        found, values = _largest(scores, width)
        kept = min(width, NEAREST)
        similar[start + rows, :kept], similarity[start + rows, :kept] = (
            found[:, :kept],
            values[:, :kept],
        )
        if width == rank:
            common[start + rows] = values[:, -1]
    return Nearest(similar, similarity, common)


def at_least(queries: np.ndarray, prints: np.ndarray, similarity: np.ndarray) -> np.ndarray:
    """Find the image most similar to each query, if it is similar enough.

    Args:
        queries: float32 (n, numbers), one for each image; never compared with that image itself.
        prints: float32 (n, numbers), of the images.
        similarity: float32 (n,), what is enough.

    Returns:
        int64 (n,), -1 where there is none.
    """
    best = np.full(len(prints), -1, dtype=np.int64)
    columns = _columns(prints)
    for start in range(0, len(prints), _ROWS):
        scores = queries[start : start + _ROWS] @ columns
        rows = np.arange(len(scores))
        scores[rows, start + rows] = scores[:, len(prints) :] = -2
        chosen = scores.argmax(axis=1)
        enough = scores[rows, chosen] >= similarity[start + rows]
        best[start + rows[enough]] = chosen[enough]
    return best


def _columns(prints: np.ndarray) -> np.ndarray:
    """Return fingerprints as columns, filled up with zeros to whole groups."""
    return np.ascontiguousarray(np.pad(prints, ((0, -len(prints) % _GROUP), (0, 0))).T)


def _largest(scores: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return places and values of each row's `width` largest scores, falling.

    They are within the `width` groups of columns whose largest ones are the largest.
    """
    of_groups = scores.reshape(len(scores), -1, _GROUP).max(axis=2)
    groups = min(width, of_groups.shape[1])
    chosen = np.argpartition(of_groups, -groups, axis=1)[:, -groups:]
    places = (chosen[:, :, np.newaxis] * _GROUP + np.arange(_GROUP)).reshape(len(scores), -1)
    values = np.take_along_axis(scores, places, axis=1)
    part = np.argpartition(values, -width, axis=1)[:, -width:]
    values, places = (np.take_along_axis(each, part, axis=1) for each in (values, places))
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1), np.take_along_axis(values, order, axis=1)
