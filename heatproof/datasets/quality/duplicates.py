"""Images that are there more than once: identical, nearly identical, or mirrored.

Two images are near duplicates if, as grey pictures of 32×32 pixels that are blurred a little and
shifted and stretched onto each other, they correlate by at least 0.97, and if this is no usual
likeness in the dataset: what is missing to 1 is at most 8 % of what is missing between either of
them and its tenth to fiftieth most similar image by fingerprint (`common_rank`). Handwritten ones
on black are all alike, and are not copies. Where the pictures correlate by 0.995 without blur and
shift, there may be any number of similar ones, as there are in the frames of a film.

Measured on cifar10: 3.1 % of the test images have such a copy in the training part; Barz & Denzler
2020 (https://arxiv.org/abs/1902.00423), who looked through what a network found similar, count
3.3 %. On mnist 5 of 10,000 have one by this rule.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from heatproof.datasets.quality.alignment import aligned_correlation, correlation
from heatproof.datasets.quality.fingerprints import (
    NEAREST,
    at_least,
    fingerprints,
    mirrored,
    nearest,
)

MIN_ALIGNED = 0.97
MIN_PIXELS = 0.995
MAX_SHARE = 0.08  # of what is missing between images that are only alike
# Of candidates, by their fingerprints: a crop of 5 % on all sides is among them.
_MIN_SIMILARITY, _CANDIDATE_SHARE = 0.8, 0.35
_PIXELS_SIMILARITY = 0.99  # of those that may correlate by MIN_PIXELS


@dataclass(frozen=True)
class Copies:
    """Groups of images, each with at least two members, by the number of their group.

    group: int64 (n,), -1 for an image that is in none. exact: int64 (n,), the same for images that
    are equal in every pixel. mirrored: int64 (pairs, 2), images whose mirror image the other is.
    """

    group: np.ndarray
    exact: np.ndarray
    mirrored: np.ndarray


def copies(digests: np.ndarray, thumbnails: np.ndarray) -> Copies:
    """Find the copies among n images.

    Args:
        digests: void (n,), equal where images are.
        thumbnails: uint8 (n, side, side), as `thumbnails.overview` makes them.
    """
    _, first, exact = np.unique(digests, return_index=True, return_inverse=True)
    near, turned = near_pairs(thumbnails[first])
    joined = _components(near, len(first))[exact]
    sizes = np.bincount(joined, minlength=1)
    exact_sizes = np.bincount(exact, minlength=1)
    return Copies(
        np.where(sizes[joined] > 1, joined, -1),
        np.where(exact_sizes[exact] > 1, exact, -1),
        first[turned],
    )


def near_pairs(thumbnails: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find near duplicates among n images, none equal to another.

    Returns:
        Two int64 (pairs, 2): near duplicates; and images that are so once one is mirrored.
    """
    prints = fingerprints(thumbnails)
    found = nearest(prints)
    distinct = 1 - found.common
    rows = np.repeat(np.arange(len(prints)), NEAREST)
    pairs = np.stack([rows, found.similar.ravel()], axis=1)
    similarity = found.similarity.ravel()
    pairs, similarity = (each[similarity >= _MIN_SIMILARITY] for each in (pairs, similarity))
    equal = pairs[similarity >= _PIXELS_SIMILARITY]
    equal = equal[_pixels(thumbnails, equal) >= MIN_PIXELS]
    unsure = pairs[1 - similarity <= _CANDIDATE_SHARE * _scarce(distinct, pairs)]
    near = np.concatenate([equal, _verified(thumbnails, thumbnails, unsure, distinct)])
    return _unique(near), _mirrored(thumbnails, prints, near, distinct)


def _mirrored(
    thumbnails: np.ndarray, prints: np.ndarray, near: np.ndarray, distinct: np.ndarray
) -> np.ndarray:
    enough = np.maximum(_MIN_SIMILARITY, 1 - _CANDIDATE_SHARE * distinct)
    best = at_least(mirrored(prints), prints, enough.astype(np.float32))
    rows = np.flatnonzero(best >= 0)
    pairs = _unique(np.stack([rows, best[rows]], axis=1))
    group = _components(near, len(prints))
    pairs = pairs[group[pairs[:, 0]] != group[pairs[:, 1]]]  # a symmetric image and its copy
    return _verified(thumbnails[:, :, ::-1], thumbnails, pairs, distinct)


def _verified(
    first: np.ndarray, second: np.ndarray, pairs: np.ndarray, distinct: np.ndarray
) -> np.ndarray:
    """Return the pairs of a first and a second picture that are near duplicates once aligned."""
    pairs = _unique(pairs)
    alike = aligned_correlation(first[pairs[:, 0]], second[pairs[:, 1]])
    return pairs[(alike >= MIN_ALIGNED) & (1 - alike <= MAX_SHARE * _scarce(distinct, pairs))]


def _pixels(thumbnails: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    parts = np.array_split(pairs, len(pairs) // 4096 + 1)
    return np.concatenate([correlation(thumbnails[p[:, 0]], thumbnails[p[:, 1]]) for p in parts])


def _scarce(distinct: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return, of each pair, the smaller distance to images that are only alike."""
    return distinct[pairs].min(axis=1)


def _unique(pairs: np.ndarray) -> np.ndarray:
    return np.unique(np.sort(pairs, axis=1), axis=0)


def _components(pairs: np.ndarray, count: int) -> np.ndarray:
    """Return the number of each image's group, int64 (count,), where pairs join images."""
    joined = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return connected_components(joined, directed=False)[1].astype(np.int64)
