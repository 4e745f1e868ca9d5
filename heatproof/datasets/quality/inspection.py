"""A dataset inspected: its classes, its copies, its unusual images, and pictures of all of them.

Numbers, and lists of pictures for people: of many copies, classes or unusual images a few are
shown, and all are counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from heatproof.datasets.labelled_files import ALL_PARTS, TEST, TRAIN, VALIDATION
from heatproof.datasets.quality.brightness import KINDS, limits, unusual
from heatproof.datasets.quality.duplicates import Copies, copies
from heatproof.datasets.quality.thumbnails import overview
from heatproof.statistics.numbers import listing, percent, plural, printable
from heatproof.storage.images import StoredImages
from heatproof.storage.records import Dataset, Origins

MAX_SAMPLES, MAX_PER_CLASS = 200, 8  # pictures of all classes, and of one
MAX_CLASSES = 100  # of which pictures are shown
MAX_GROUPS, MAX_MEMBERS = 12, 4  # groups of each kind, and pictures of one
MAX_UNUSUAL = 12
MIN_LEAK = 0.01  # of the test images: fewer near duplicates may be such by chance
MAX_STRETCH = 1.5  # of the ratio of width to height, before it is worth saying
SIDE = 96  # pixels of a shown picture, at most


@dataclass(frozen=True)
class _Images:
    """All images of a dataset, by one number each: training and validation first, then test."""

    dataset: Dataset
    part: np.ndarray
    labels: np.ndarray
    origins: Origins | None

    def shown(self, index: int) -> np.ndarray:
        trained = len(self.dataset.train_labels)
        if index < trained:
            return reduced(self.dataset.train_images[index])
        return reduced(self.dataset.test_images[index - trained])

    def place(self, index: int) -> dict[str, Any]:
        """Return which part an image is in, its number there, and its class."""
        trained = len(self.dataset.train_labels)
        number = index if index < trained else index - trained
        files = {} if self.origins is None else {"file": printable(self.origins.files[index])}
        return {
            "part": ALL_PARTS[self.part[index]],
            "index": int(number),
            "label": int(self.labels[index]),
            **files,
        }


def inspect(dataset: Dataset, origins: Origins | None = None) -> tuple[dict[str, Any], np.ndarray]:
    """Inspect a dataset.

    Args:
        dataset: prepared.
        origins: of all images as they were fetched; of none where the source has no files.

    Returns:
        What data/metrics/inspect has: `parts` and `per_class` count images, the classes in order;
        `copies`, `unusual` and `samples` name images by their row in the pictures. And the
        pictures, uint8 (n, height, width, channels), reduced.
    """
    validating = dataset.validation
    validating = np.zeros(len(dataset.train_labels)) if validating is None else validating
    tests = np.full(len(dataset.test_labels), ALL_PARTS.index(TEST))
    images = _Images(
        dataset,
        np.concatenate([validating, tests]).astype(np.int64),
        np.concatenate([dataset.train_labels, dataset.test_labels]),
        _prepared(origins, dataset),
    )
    seen = overview(dataset.train_images, dataset.test_images)
    found = copies(seen.digests, seen.thumbnails)
    pictures = _Pictures(images)
    low, high = limits(seen.brightness)
    odd = unusual(seen.brightness, seen.contrast)
    classes = len(dataset.class_names)
    content = {
        "class_names": list(dataset.class_names),
        "parts": {name: int((images.part == i).sum()) for i, name in enumerate(ALL_PARTS)},
        "per_class": {
            name: np.bincount(images.labels[images.part == i], minlength=classes).tolist()
            for i, name in enumerate(ALL_PARTS)
        },
        "samples": {
            str(label): pictures.add(rows) for label, rows in _samples(images, classes).items()
        },
        "copies": _copies(images, found, pictures),
        "unusual": {
            kind: {"count": len(rows), "pictures": pictures.add(rows[:MAX_UNUSUAL])}
            for kind, rows in odd.items()
        }
        | {"limits": [low, high], "median": float(np.median(seen.brightness))},
    }
    if images.origins is not None:
        content["sizes"] = _sizes(images.origins.sizes, *dataset.train_images.shape[1:3])
    return content | {"pictures": pictures.places}, pictures.array()


def _prepared(origins: Origins | None, dataset: Dataset) -> Origins | None:
    """Return the origins in the prepared dataset's order; None where they are not known."""
    parts = dataset.train_images, dataset.test_images
    rows = [part.rows for part in parts if isinstance(part, StoredImages)]
    if origins is None or not len(origins.files) or len(rows) < len(parts):
        return None
    return origins.select(np.concatenate(rows))


def _sizes(sizes: np.ndarray, height: int, width: int) -> dict[str, Any]:
    """Describe the files' sizes, int64 (n, 2), beside what networks see.

    enlarged: images that have fewer pixels than that in either direction. stretched: those whose
    ratio of width to height is changed by more than half.
    """
    ratio = sizes[:, 0] / sizes[:, 1] * height / width
    return {
        "min": sizes.min(axis=0).tolist(),
        "max": sizes.max(axis=0).tolist(),
        "median": np.median(sizes, axis=0).astype(int).tolist(),
        "enlarged": int(((sizes[:, 0] < width) | (sizes[:, 1] < height)).sum()),
        "stretched": int((np.maximum(ratio, 1 / ratio) > MAX_STRETCH).sum()),
    }


class _Pictures:
    """The images that are shown, each once."""

    def __init__(self, images: _Images) -> None:
        self._images = images
        self._rows: dict[int, int] = {}

    def add(self, indices: Iterable[int]) -> list[int]:
        """Return the rows of images among the pictures."""
        return [self._rows.setdefault(int(index), len(self._rows)) for index in indices]

    @property
    def places(self) -> list[dict[str, Any]]:
        return [self._images.place(index) for index in self._rows]

    def array(self) -> np.ndarray:
        return np.stack([self._images.shown(index) for index in self._rows])


def _samples(images: _Images, classes: int) -> dict[int, np.ndarray]:
    """Choose the first training images of each class, which are in random order.

    Of more than MAX_CLASSES classes as many are chosen, evenly spread.
    """
    chosen = range(classes)
    if classes > MAX_CLASSES:
        chosen = [round(i * (classes - 1) / (MAX_CLASSES - 1)) for i in range(MAX_CLASSES)]
    each = max(1, min(MAX_PER_CLASS, MAX_SAMPLES // len(chosen)))
    trained = images.part != ALL_PARTS.index(TEST)
    return {label: np.flatnonzero(trained & (images.labels == label))[:each] for label in chosen}


def _copies(images: _Images, found: Copies, pictures: _Pictures) -> dict[str, Any]:
    groups = [_Group(images, found, members) for members in _members(found.group)]
    tests = {index for g in groups for index in g.leaked}
    exact = _with_training(found.exact, images.part)
    kinds = {
        "conflicting": [g for g in groups if g.conflicts],
        "across": [g for g in groups if not g.conflicts and g.leaked],
        "within": [g for g in groups if not g.conflicts and not g.leaked],
    }
    pairs = [_Group(images, found, pair) for pair in found.mirrored]
    trained = len(images.dataset.train_labels)
    return {
        "test_images": len(tests),
        "test_exact": len(exact),
        # Whether it is worth a headline.
        "leak": bool(len(exact) or len(tests) >= MIN_LEAK * len(images.dataset.test_labels) > 0),
        "leaked": sorted(int(index) - trained for index in tests),
        "validation_images": sum(len(g.validating) for g in groups),
        "images": int((found.group >= 0).sum()),
        "exact_images": int((found.exact >= 0).sum()),
        "mirrored_across": sum(bool(pair.leaked) for pair in pairs),
        "groups": {
            kind: _listed(of_kind, pictures)
            for kind, of_kind in (kinds | {"mirrored": pairs}).items()
        },
    }


def _listed(groups: list["_Group"], pictures: _Pictures) -> dict[str, Any]:
    ordered = sorted(groups, key=lambda g: (not g.leaked, not g.exact, -len(g.members), g.first))
    return {
        "count": len(groups),
        "shown": [
            {"images": len(g.members), "exact": g.exact, "pictures": pictures.add(g.shown())}
            for g in ordered[:MAX_GROUPS]
        ],
    }


class _Group:
    """Images that are copies of each other, or two of which one is the other's mirror image."""

    def __init__(self, images: _Images, found: Copies, members: np.ndarray) -> None:
        self.members = members
        self.first = int(members.min())
        self._part = images.part[members]
        exact = found.exact[members]
        self.exact = bool((exact == exact[0]).all() and exact[0] >= 0)
        self.conflicts = len(set(images.labels[members].tolist())) > 1
        in_training = (self._part == ALL_PARTS.index(TRAIN)).any()
        in_any = (self._part != ALL_PARTS.index(TEST)).any()
        self.leaked = (
            set(members[self._part == ALL_PARTS.index(TEST)].tolist()) if in_any else set()
        )
        self.validating = members[self._part == ALL_PARTS.index(VALIDATION)] if in_training else []

    def shown(self) -> list[int]:
        """Return a few members, of every part one before another of any."""
        before = [int((self._part[:i] == part).sum()) for i, part in enumerate(self._part)]
        order = np.lexsort((self.members, -self._part, np.array(before)))
        return self.members[order][:MAX_MEMBERS].tolist()


def _members(group: np.ndarray) -> list[np.ndarray]:
    """Return the images of each group, of numbers (n,) that are -1 for an image in none."""
    rows = np.flatnonzero(group >= 0)
    order = rows[np.argsort(group[rows], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(rows) else []


def _with_training(group: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Return the test images in whose group there is one that is no test image."""
    test = part == ALL_PARTS.index(TEST)
    return np.flatnonzero(test & (group >= 0) & np.isin(group, group[~test]))


def reduced(image: np.ndarray) -> np.ndarray:
    """Return an image, uint8 (height, width, 1 or 3), with at most SIDE pixels a side."""
    height, width, channels = image.shape
    if max(height, width) <= SIDE:
        return np.asarray(image)
    size = (max(1, width * SIDE // max(height, width)), max(1, height * SIDE // max(height, width)))
    whole = Image.fromarray(image[..., 0] if channels == 1 else np.ascontiguousarray(image))
    return np.asarray(whole.resize(size, Image.Resampling.BOX)).reshape(size[1], size[0], channels)


def findings(content: dict[str, Any]) -> list[str]:
    """Return what has to be known of an inspected dataset, in sentences; none if nothing has."""
    of_copies, tests = content["copies"], content["parts"][TEST]
    found = []
    if count := of_copies["test_images"]:
        exact = of_copies["test_exact"]
        found.append(
            f"{'LEAK: ' if of_copies['leak'] else ''}{count:,} of {plural(tests, 'test image')} "
            f"({percent(count / tests, tests)}) {'have' if count > 1 else 'has'} a near duplicate "
            f"among the training images, {exact or 'none'} of them an exact copy. Accuracy on them "
            "measures memorisation."
        )
    if count := of_copies["validation_images"]:
        found.append(
            f"{plural(count, 'validation image')} {'have' if count > 1 else 'has'} a near "
            "duplicate among the images that are trained on."
        )
    if count := of_copies["groups"]["conflicting"]["count"]:
        found.append(
            f"{plural(count, 'group')} of copies {'have' if count > 1 else 'has'} different "
            "classes: a label is wrong, or the classes overlap."
        )
    if count := of_copies["images"]:
        found.append(
            f"{count:,} images are exact or near duplicates of others, "
            f"{of_copies['exact_images'] or 'none'} of them exact."
        )
    unusual = {kind: content["unusual"][kind]["count"] for kind in KINDS}
    odd = [plural(count, f"{kind} image") for kind, count in unusual.items() if count]
    if odd:
        found.append(f"Unusual for this dataset: {listing(odd)}.")
    return found
