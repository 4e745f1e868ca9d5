"""From what a source gives to a dataset ready for training, and its description."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from heatproof.datasets.pixels import mean_and_std, pixel_counts
from heatproof.datasets.split import group_split, train_validation_split
from heatproof.run.errors import UserError
from heatproof.storage.images import selected
from heatproof.storage.records import Dataset, RawDataset

SHOWN_CLASSES = 5


def require_classes(
    where: Path, class_names: Sequence[str], labels: np.ndarray, tested: bool
) -> None:
    """Refuse what no network can be trained and tested on.

    Args:
        where: the images are, for the message.
        class_names: of all classes.
        labels: int64 (n,), of the images that are not of the source's own test part.
        tested: whether there is such a part.
    """
    counts = np.bincount(labels, minlength=len(class_names))
    if np.count_nonzero(counts) < 2:
        raise UserError(
            f"{where}: the training images are all of one class; a network "
            "needs at least two: check the labels of the dataset"
        )
    if tested:
        return
    small = [label for label, n in zip(class_names, counts, strict=True) if n < 2]
    if small:
        more = f" and {len(small) - SHOWN_CLASSES:,} more" if len(small) > SHOWN_CLASSES else ""
        raise UserError(
            f"{where}: fewer than two images of "
            f"{', '.join(map(repr, small[:SHOWN_CLASSES]))}{more}; each class needs one to train "
            "on and one to test with: add images or remove the class"
        )


def split(raw: RawDataset, test_fraction: float, seed: int) -> Dataset:
    """Split off a stratified test part where the source brings none, and shuffle both parts.

    Where images have groups, none is on two sides.

    Args:
        raw: in canonical order, so that the outcome depends on its content only.
        test_fraction: of the images, for the test part, where there is none.
        seed: of NumPy's PCG64 generator.
    """
    if len(raw.test_labels):
        generator = np.random.default_rng(seed)
        train, test = (generator.permutation(len(part)) for part in (raw.labels, raw.test_labels))
        test_images, test_labels = selected(raw.test_images, test), raw.test_labels[test]
        masks = raw.test_masks
    else:
        train, test = _held_out(raw.labels, raw.groups, test_fraction, seed)
        test_images, test_labels = selected(raw.images, test), raw.labels[test]
        masks = raw.masks
    groups = None if raw.groups is None else raw.groups[train]
    if groups is not None and raw.validation is None:
        _require_two(groups)  # of which one is to validate with
    return Dataset(
        selected(raw.images, train),
        raw.labels[train],
        test_images,
        test_labels,
        raw.class_names,
        None if masks is None else selected(masks, test),
        None if raw.validation is None else raw.validation[train],
        groups,
        value_range=raw.value_range,
        annotations=raw.annotations,
    )


def _held_out(
    labels: np.ndarray, groups: np.ndarray | None, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    if groups is None:
        return train_validation_split(labels, fraction, seed)
    _require_two(groups)
    return group_split(labels, groups, fraction, seed)


def _require_two(groups: np.ndarray) -> None:
    if len(np.unique(groups)) < 2:
        raise UserError(
            "all images to train on are of one group, so that none is left to validate or test "
            "with: correct the table's groups, or leave that column out"
        )


def description(dataset: Dataset) -> dict[str, object]:
    """Return what a reader wants to know of a dataset: sizes, classes, mean and std a channel."""
    images, height, width, channels = dataset.train_images.shape
    mean, std = mean_and_std(pixel_counts(dataset.train_images))
    return {
        "train_images": images,
        "test_images": len(dataset.test_labels),
        "classes": len(dataset.class_names),
        "height": height,
        "width": width,
        "channels": channels,
        "mean": mean,
        "std": std,
        "train_per_class": _per_class(dataset.train_labels, dataset.class_names),
        "test_per_class": _per_class(dataset.test_labels, dataset.class_names),
    }


def _per_class(labels: np.ndarray, names: tuple[str, ...]) -> dict[str, int]:
    return dict(zip(names, np.bincount(labels, minlength=len(names)).tolist(), strict=True))
