"""One order for the same images, whatever source they come from."""

from dataclasses import replace

import numpy as np

from heatproof.storage.records import RawDataset


def canonical_order(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the indices that sort a dataset by label, then by the images' bytes.

    Two images that tie are the same image with the same label, so the sorted arrays do not depend
    on the order in which a source delivers them.

    Args:
        images: uint8 (n, height, width, channels).
        labels: int64 (n,), class indices.

    Returns:
        int64 (n,): `images[order], labels[order]` is the dataset in canonical order.
    """
    if not len(images):
        return np.zeros(0, dtype=np.int64)
    flat = np.ascontiguousarray(images).reshape(len(images), -1)
    # A void type compares as bytes do, the first pixel first.
    as_bytes = flat.view(np.dtype((np.void, flat.shape[1]))).ravel()
    by_image = np.argsort(as_bytes, kind="stable")
    return by_image[np.argsort(labels[by_image], kind="stable")].astype(np.int64)


def in_canonical_order(raw: RawDataset) -> RawDataset:
    """Sort both parts of a dataset by label and image, so that the source leaves no trace."""
    train = canonical_order(raw.images, raw.labels)
    test = canonical_order(raw.test_images, raw.test_labels)
    return replace(
        raw,
        images=raw.images[train],
        labels=raw.labels[train],
        validation=None if raw.validation is None else raw.validation[train],
        groups=None if raw.groups is None else raw.groups[train],
        masks=None if raw.masks is None else raw.masks[train],
        test_images=raw.test_images[test],
        test_labels=raw.test_labels[test],
        test_masks=None if raw.test_masks is None else raw.test_masks[test],
    )
