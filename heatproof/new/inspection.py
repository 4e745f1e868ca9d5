"""What lies in a folder or file of pictures: classes, sizes, colour, brightness."""

import statistics
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from heatproof.config.validation import validated
from heatproof.datasets import annotations, array_reading, preparation
from heatproof.datasets.class_folders import labelled_by_folder
from heatproof.datasets.decoding import UNREADABLE, opened, quietly, why_unreadable
from heatproof.datasets.labelled_files import (
    TEST,
    TRAIN,
    VALIDATION,
    Labelled,
    Listing,
    class_names,
    outsiders,
    refuse,
    require_trained,
)
from heatproof.datasets.labels_table import folder_of_most, labelled_by_table
from heatproof.run.errors import UserError
from heatproof.statistics.numbers import plural

LOOKED_AT = 500  # pictures that are decoded, spread over all
# Two channels of a grey picture differ by less, out of 255, after JPEG.
_GREY = 3
_SHOWN_CLASSES, _SHOWN_UNUSABLE = 12, 20
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

    fetch = {"source": "array_file", "reads": str(file.absolute())}
    return Pictures(found, fetch | _given(value_range), remarks)


def _given(value_range: tuple[float, float] | None) -> dict[str, list[float]]:
    return {"value_range": list(value_range)} if value_range else {}


def of_folder(
    place: Path, labels: str | None, value_range: tuple[float, float] | None = None
) -> Pictures:
    """Look at a folder of pictures: count the classes, and decode some.

    Args:
        place: the folder.
        labels: the labels table's name in it, if there is one.
        value_range: black and white of images of more than 8 bits, if given.

    Raises:
        UserError: the folder or its labels table are wrong, there are fewer than two classes, or
            none of the pictures can be read.
    """
    if not place.is_dir():
        raise UserError(f"--images {place}: there is no such folder")
    if labels is not None and not (place / labels).is_file():
        raise UserError(f"--labels {labels}: there is no such file in {place}")
    below, listing = _labelled(place, labels)
    refuse(list(outsiders(listing.images, place)))
    listing, annotated = _annotated(place, below, labels, listing)
    class_names(listing, place / labels if labels else place)
    images = listing.in_parts()
    step = -(-len(images) // LOOKED_AT)
    sizes, grey, why = [], True, ""
    for image in images[::step]:
        try:
            picture = opened(image.path, value_range)
        except UNREADABLE as error:  # `fetch` lists them all
            with quietly():
                why = why or f"{image.path}: {why_unreadable(image.path, error)}"
            continue
        sizes.append(picture.size)
        grey = grey and _is_grey(picture)
    if not sizes:
        raise UserError(f"{why}; none of {len(images[::step]):,} pictures can be read")
    return Pictures(
        Found(
            dict(Counter(image.label for image in images)),
            sizes,
            grey,
            sum(image.part == TEST for image in images),
            dict(Counter(image.label for image in images if image.part == TRAIN)),
            _groups(images),
        ),
        {
            "source": "image_folder",
            "reads": str(place.absolute()),
            **({"images": below} if below else {}),
            **annotated,
            **({"labels": labels} if labels else {}),
            **_given(value_range),
        },
        [*annotations.remarks(images), *listing.all_remarks(), *listing.unusable[:_SHOWN_UNUSABLE]],
    )


def _groups(images: list[Labelled]) -> int:
    if not any(image.group for image in images):
        return 0
    return len({image.group or str(image.path) for image in images})


def _annotated(
    place: Path, below: str, labels: str | None, listing: Listing
) -> tuple[Listing, dict[str, str]]:
    """Return the images with their masks and boxes, and the options that say where these lie."""
    options: dict[str, str] = {}
    refused = []
    for kind, where in annotations.candidates(place, listing):
        with_it = {name: place / path for name, path in options.items()} | {kind: where}
        try:
            found = (
                labelled_by_table(place / labels, place / below) if labels
                else labelled_by_folder(place, with_it.values())
            )  # fmt: skip
            annotations.add(found, place / below, place, **with_it)
        except UserError as error:
            # A class may be called as masks are.
            refused += [f"not taken: {error}"] if kind == annotations.BOXES else []
            continue
        listing, options = found, options | {kind: str(where.relative_to(place))}
    listing.remarks += refused
    return listing, options


def _labelled(place: Path, labels: str | None) -> tuple[str, Listing]:
    """Return the labelled images, and the subfolder that a table means, if it is one.

    Raises:
        UserError: of a table, as for the folder in which most of its images are.
    """
    if labels is None:
        try:
            return "", labelled_by_folder(place)
        except UserError:
            # What is wrong may be that a folder of masks or boxes is no class.
            beside = list(filter(annotations.may_hold_annotations, place.iterdir()))
            for each in [*([path] for path in beside), beside]:
                with suppress(UserError):
                    return "", labelled_by_folder(place, each)
            raise
    folders = (path for path in place.iterdir() if path.is_dir())
    subfolders = sorted(folders, key=lambda each: (annotations.may_hold_annotations(each), each))
    folder = folder_of_most(place / labels, [place, *subfolders])
    return "" if folder == place else folder.name, labelled_by_table(place / labels, folder)


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
    return Pictures(found, fetch, list(raw.remarks))


def _is_grey(picture: Image.Image) -> bool:
    small = picture.convert("RGB").resize((32, 32))
    pixels = np.asarray(small, dtype=np.int64)
    return bool((pixels.max(axis=-1) - pixels.min(axis=-1)).max() < _GREY)
