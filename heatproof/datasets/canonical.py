"""One order for the same images, whatever source they come from."""

from dataclasses import replace
from functools import partial

import numpy as np

from heatproof.storage.images import Images, StoredImages, selected
from heatproof.storage.records import RawDataset

# Of all images together, compared at a time. Few images that differ have their first bytes alike.
COMPARED_BYTES = 2**25


def canonical_order(images: Images, labels: np.ndarray, *ties: np.ndarray) -> np.ndarray:
    """Return the indices that sort a dataset by label, then by the images' bytes.

    Two images that tie are the same image with the same label, so these sorted arrays do not depend
    on the order in which a source delivers them. What else belongs to each image does, unless it
    breaks the ties. Of images in a file, as many bytes are read as it takes to tell them apart.

    Args:
        images: uint8 (n, height, width, channels).
        labels: int64 (n,), class indices.
        ties: any type that sorts, (n,) each: what the same images with the same label are sorted
            by, the first that differs.

    Returns:
        int64 (n,): `images[order], labels[order]` is the dataset in canonical order.
    """
    if not len(labels):
        return np.zeros(0, dtype=np.int64)
    place = _places(labels, np.zeros(len(labels)))
    size = int(np.prod(images.shape[1:]))
    step = max(1, COMPARED_BYTES // len(labels))
    tied = np.arange(len(labels))
    parts = [
        partial(_part, images, start, min(start + step, size)) for start in range(0, size, step)
    ]
    for values in [*parts, *(partial(np.take, each) for each in ties)]:
        tied = tied[np.bincount(place[tied], minlength=len(labels))[place[tied]] > 1]
        if not len(tied):
            break
        place[tied] += _places(values(tied), place[tied])
    return np.argsort(place, kind="stable").astype(np.int64)


def _places(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return of each value how many of its group are smaller, int64 (n,)."""
    order = np.argsort(values, kind="stable")
    order = order[np.argsort(groups[order], kind="stable")]
    numbers = np.arange(len(order))
    other_group, other_value = (
        np.append(True, each[order[1:]] != each[order[:-1]]) for each in (groups, values)
    )
    first_of_group = np.maximum.accumulate(np.where(other_group, numbers, 0))
    first_alike = np.maximum.accumulate(np.where(other_group | other_value, numbers, 0))
    places = np.empty(len(order), dtype=np.int64)
    places[order] = first_alike - first_of_group
    return places


def _part(images: Images, start: int, stop: int, rows: np.ndarray) -> np.ndarray:
    """Return bytes `start` to `stop` of some images, (m,), as values that sort as these do."""
    if isinstance(images, StoredImages):
        part = images.part(rows, start, stop)
    else:
        part = np.ascontiguousarray(images.reshape(len(images), -1)[rows, start:stop])
    # A void type compares as bytes do, the first pixel first.
    return part.view(np.dtype((np.void, part.shape[1]))).ravel()


def in_canonical_order(raw: RawDataset) -> RawDataset:
    """Sort both parts of a dataset by label and image, so that the source leaves no trace.

    Copies of an image come in the order of their split, then of their files' names: a user's
    groups and masks come with files only.
    """
    trained = len(raw.labels)
    names = [] if raw.origins is None else [raw.origins.files]
    split = [] if raw.validation is None else [raw.validation]
    train = canonical_order(raw.images, raw.labels, *split, *(each[:trained] for each in names))
    test = canonical_order(raw.test_images, raw.test_labels, *(each[trained:] for each in names))
    every = np.concatenate([train, len(train) + test])
    return replace(
        raw,
        origins=None if raw.origins is None else raw.origins.select(every),
        images=selected(raw.images, train),
        labels=raw.labels[train],
        validation=None if raw.validation is None else raw.validation[train],
        groups=None if raw.groups is None else raw.groups[train],
        masks=None if raw.masks is None else selected(raw.masks, train),
        test_images=selected(raw.test_images, test),
        test_labels=raw.test_labels[test],
        test_masks=None if raw.test_masks is None else selected(raw.test_masks, test),
    )
