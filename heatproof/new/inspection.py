"""What pictures are: their classes, sizes and colour, of a file of arrays or a dataset by name."""

import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from heatproof.config.validation import validated
from heatproof.datasets import array_reading, preparation
from heatproof.datasets.labelled_files import TEST, TRAIN, VALIDATION, require_trained
from heatproof.new.folder import plain
from heatproof.statistics.numbers import plural

_SHOWN_CLASSES = 12
# Where the largest class has more than so many times the pictures of the smallest, something is to
# be done about it.
UNBALANCED = 3


@dataclass(frozen=True)
class Found:
    """What was found.

    counts: pictures of each class. sizes: (width, height) of those that were looked at, in pixels.
    grey: whether none of them has a colour. tested, trained: of the user's own split, pictures to
    test with, and of each class to train with; none where there is no split. groups: how many, of
    patients or scenes, of which none may be on two sides; 0 where none are known.
    """

    counts: dict[str, int]
    sizes: list[tuple[int, int]]
    grey: bool
    tested: int = 0
    trained: dict[str, int] = field(default_factory=dict)
    groups: int = 0

    @property
    def images(self) -> int:
        """How many pictures there are."""
        return sum(self.counts.values())

    def to_train_with(self, test_fraction: float) -> dict[str, int]:
        """Return how many pictures of each class there are to train with.

        Args:
            test_fraction: of each class, to test with where the user has no split.
        """
        if self.tested:
            return self.trained
        return {
            name: count - max(1, round(test_fraction * count))
            for name, count in self.counts.items()
        }

    def to_test_with(self, test_fraction: float) -> list[int]:
        """Return how many pictures of each class there are to test with.

        Of the user's own split these are proportional to all: its parts are alike.

        Args:
            test_fraction: of each class, to test with where the user has no split.
        """
        if self.tested:
            share = self.tested / self.images
            return [max(1, round(share * count)) for count in self.counts.values()]
        training = self.to_train_with(test_fraction)
        return [count - training[name] for name, count in self.counts.items()]

    def require_enough(self, where: Path, each_class: bool) -> None:
        """Refuse what the first stages would: too few images of a class.

        Args:
            where: they are, for the message.
            each_class: whether of each there must be some to train on.

        Raises:
            UserError: naming the classes.
        """
        counts = self.trained if self.tested else self.counts
        labels = np.repeat(
            np.arange(len(self.counts)), [counts.get(name, 0) for name in self.counts]
        )
        if self.tested and each_class:
            require_trained(where, tuple(self.counts), labels)
        preparation.require_classes(where, tuple(self.counts), labels, self.tested > 0)

    @property
    def extremes(self) -> tuple[str, str] | None:
        """The largest and the smallest class, where these are very unequal."""
        smallest, *_, largest = sorted(self.counts, key=self.counts.__getitem__)
        unequal = self.counts[largest] > UNBALANCED * self.counts[smallest]
        return (largest, smallest) if unequal else None

    @property
    def short_side(self) -> int:
        """The median of the shorter sides, in pixels."""
        return round(statistics.median(min(size) for size in self.sizes))

    @property
    def only_size(self) -> tuple[int, int] | None:
        """The width and height of all pictures, if they have one size."""
        return self.sizes[0] if len(set(self.sizes)) == 1 else None

    def description(self) -> list[str]:
        """Return what was found, in lines."""
        ordered = sorted(self.counts.items(), key=lambda item: -item[1])
        shown = ", ".join(f"{name} {count:,}" for name, count in ordered[:_SHOWN_CLASSES])
        more = len(ordered) - _SHOWN_CLASSES
        width, height = zip(*self.sizes, strict=True)
        size = (
            f"all {width[0]}×{height[0]} pixels" if self.only_size
            else f"{min(width)}×{min(height)} to {max(width)}×{max(height)} pixels, the shorter "
            f"side {self.short_side} (median)"
        )  # fmt: skip
        lines = [
            f"{plural(self.images, 'picture')} of {plural(len(ordered), 'class', 'classes')}: "
            f"{shown}{f' and {more:,} more' if more > 0 else ''}",
            f"{size}; {'grey' if self.grey else 'in colour'}",
        ]
        if self.extremes:
            largest, smallest = self.extremes
            lines.append(
                f"unbalanced: '{largest}' has {self.counts[largest]:,} pictures, '{smallest}' only "
                f"{self.counts[smallest]:,}; look at the balanced accuracy, not at the accuracy"
            )
        return lines


@dataclass(frozen=True)
class Pictures:
    """Where pictures come from, and what they are.

    fetch: the options of their source, but for size and colour. remarks: what was left out, or is
    else worth saying.
    """

    found: Found
    fetch: dict[str, Any]
    remarks: list[str]


def of_file(file: Path, value_range: tuple[float, float] | None = None) -> Pictures:
    """Look at a file of arrays, HDF5 or .npz: its classes, and how its images lie in it.

    Raises:
        UserError: as `sources.array_file.fetch`.
    """
    with array_reading.opened(file) as content:
        height, width, channels = content.shape
        parts = content.labels
        test = parts.get(TEST, parts.get(VALIDATION, ()))
        trained = content.counted(TRAIN) if len(test) and TRAIN in parts else {}
        found = Found(content.counts, [(width, height)], channels == 1, len(test), trained)
        remarks = [*content.remarks, *([] if value_range else content.usual_range()[1])]

    fetch = {"source": "array_file", "reads": str(plain(file))}
    return Pictures(found, fetch | given(value_range), remarks)


def given(value_range: tuple[float, float] | None) -> dict[str, list[float]]:
    """Return the option that says which values are black and white, if it is given."""
    return {"value_range": list(value_range)} if value_range else {}


def of_dataset(name: str, size: int | None) -> Pictures:
    """Download a dataset of tensorflow-datasets, if need be, and look at it.

    Raises:
        UserError: it cannot be had, or its images are of several sizes and none is given.
    """
    from heatproof.datasets.sources import tfds

    fetch = {"source": "tfds", "name": name, "reads": "data/code/fetch.txt"}
    given = {"size": [size, size]} if size else {}
    raw = tfds.fetch(validated(Path("--tfds"), "", tfds.Options, fetch | given))
    labels = np.concatenate([raw.labels, raw.test_labels])
    counts = np.bincount(labels, minlength=len(raw.class_names)).tolist()
    height, width, channels = raw.images.shape[1:]
    own = slice(None) if raw.validation is None else raw.validation == 0
    trained = np.bincount(raw.labels[own], minlength=len(raw.class_names)).tolist()
    found = Found(
        dict(zip(raw.class_names, counts, strict=True)),
        [(width, height)],
        channels == 1,
        len(raw.test_labels),
        dict(zip(raw.class_names, trained, strict=True)),
    )
    kept = [f"the dataset's own test part is kept: {found.tested:,} pictures"] * bool(found.tested)
    return Pictures(found, fetch, [*raw.remarks, *kept])
