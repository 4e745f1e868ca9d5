"""Anyone's own images: a folder with one subfolder per class, or with a labels table.

Without a table the folder an image is in is its class (`class_folders`). With one (`labels:
labels.csv`) each row names an image, with its ending or without, and its label (`labels_table`).
A split of the user's own, folders called train, val and test or a column `split`, is kept. Class
names are the labels that occur, in alphabetical order. `decoding` says what becomes of an image's
pixels. What is left out is counted and named in the dataset's remarks. Boxes in the table, those of
Tiny-ImageNet, annotation files of Pascal VOC or COCO (`boxes: annotations`), and masks (`masks:
masks`) say where an image's object is (`ground_truth`).
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from heatproof.config.schema import Block, Fraction, ImageSize, ValueRange
from heatproof.datasets import annotations
from heatproof.datasets.class_folders import labelled_by_folder
from heatproof.datasets.labelled_files import (
    SHOWN_UNUSABLE,
    TEST,
    VALIDATION,
    Labelled,
    Listing,
    class_names,
    first_lines,
    outsiders,
    refuse,
    require_trained,
    stays_inside,
)
from heatproof.datasets.labels_table import labelled_by_table
from heatproof.run.errors import UserError, escaped
from heatproof.storage.records import Origins, RawDataset

if TYPE_CHECKING:
    from heatproof.datasets.reading import ReadImages


class Options(Block):
    """Your own pictures: a folder with one subfolder per class, or with a labels table."""

    source: Literal["image_folder"]
    """Where the images are from."""
    reads: Annotated[str, Field(min_length=1)]
    """The folder with everything in it, whose change means fetching again. All other paths are
    relative to it."""
    images: str = "."
    """The images’ folder."""
    masks: Annotated[str, Field(min_length=1)] | None = None
    """A folder with an image, or an array in a `.npz` file, of the same name for each image, not
    black where its object is."""
    boxes: Annotated[str, Field(min_length=1)] | None = None
    """A file of COCO, or a folder with such files, or with one of Pascal VOC of the same name for
    each image; `.` where they lie beside the images."""
    labels: Annotated[str, Field(min_length=1)] | None = None
    """The labels table’s file name; none for one subfolder per class."""
    size: ImageSize
    """[height, width] in pixels, to which images are brought."""
    colour: Literal["rgb", "gray"] = "rgb"
    """Whether images are read in colour or grey."""
    value_range: ValueRange | None = None
    """[black, white] in images of more than 8 bits; where not given 0 is black, and white the least
    of 255, 1023, 4095, 16383, 65535 (of floats also 1) that holds all values of the dataset."""
    skip_unreadable: Fraction = 0.01
    """The share of images that may be left out because they cannot be read."""


def fetch(options: Options) -> RawDataset:
    """Return the labelled images as uint8 (n, height, width, 3 or 1), with the user's own split.

    Raises:
        UserError: the folder or table is missing or wrong, an image lies outside the folder, too
            many cannot be read, or there are fewer than two classes.
    """
    root = Path(options.reads)
    if not root.is_dir():
        raise UserError(f"{root}: there is no such folder; correct `reads` in params.yaml")
    folder = _inside(root, options.images, "images")
    masks = None if options.masks is None else _inside(root, options.masks, "masks")
    boxes = None if options.boxes is None else _inside(root, options.boxes, "boxes")
    for path, key in ((folder, "images"), (masks, "masks"), (boxes, "boxes")):
        if path is not None and not path.is_dir() and not (key == "boxes" and path.is_file()):
            raise UserError(f"{path}: there is no such folder; correct `{key}` in params.yaml")
    if options.labels is None:
        where = folder
        listing = labelled_by_folder(folder, [each for each in (masks, boxes) if each])
    else:
        where = _inside(root, options.labels, "labels")
        listing = labelled_by_table(where, folder)
    refuse(list(outsiders(listing.images, root)))
    annotations.add(listing, folder, root, masks, boxes)
    classes = class_names(listing, where)
    read = _read(listing.in_parts(), listing, options)
    images, pixels = read.images, read.pixels
    number = {name: index for index, name in enumerate(classes)}
    labels = np.array([number[image.label] for image in images], dtype=np.int64)
    tests = sum(image.part == TEST for image in images)
    part = slice(0, len(images) - tests), slice(len(images) - tests, None)
    require_trained(where, classes, labels[part[0]])
    groups = _groups(where, images)
    if groups is not None:
        groups = groups[part[0]]
        count = len(np.unique(groups))
        listing.remarks.append(f"{count:,} groups of images are kept together")
    validation = np.array([image.part == VALIDATION for image in images[part[0]]], dtype=np.uint8)
    masks_of_part = [None if read.masks is None else read.masks.select(each) for each in part]
    return RawDataset(
        pixels.select(part[0]),
        labels[part[0]],
        pixels.select(part[1]),
        labels[part[1]],
        classes,
        # Those of images to train on count only where these give the test part too.
        masks=None if tests else masks_of_part[0],
        test_masks=masks_of_part[1] if tests else None,
        annotations=annotations.kinds(images),
        validation=validation if validation.any() else None,
        value_range=None if read.value_range is None else np.array(read.value_range, np.float64),
        groups=groups,
        remarks=tuple(map(escaped, listing.all_remarks())),
        origins=Origins(
            np.array([_below(root, image.path) for image in images], np.str_),
            read.sizes,
        ),
    )


def _below(root: Path, path: Path) -> str:
    """Return a path as of `root`. To ask `relpath` takes a tenth of what a small image does."""
    text, above = str(path), f"{root}{os.sep}"
    plain = text.startswith(above) and os.pardir not in text
    return text[len(above) :] if plain else os.path.relpath(path, root)


def _groups(where: Path, images: list[Labelled]) -> np.ndarray | None:
    """Return a number for each image's group, int64 (n,); None where no image has one."""
    if not any(image.group for image in images):
        return None
    parts: dict[str, str] = {}
    refuse([
        f"{where}: group {image.group!r} is in {parts[image.group]} and in {image.part}; put "
        "all of it into one of them"
        for image in images
        if image.group and parts.setdefault(image.group, image.part) != image.part
    ])  # fmt: skip
    # An image without a group is one of its own.
    keys = [image.group or f"\0{index}" for index, image in enumerate(images)]
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def _inside(root: Path, name: str, key: str) -> Path:
    """Return root/name, refusing what lies elsewhere: DVC would not see it change."""
    path = root / name
    try:
        inside = stays_inside(path, root.resolve())
    except (ValueError, OSError, RuntimeError):  # "\0" in it, or a link in a circle
        raise UserError(f"{str(path)!r}: no such path; correct `{key}` in params.yaml") from None
    if not inside:
        raise UserError(f"{path}: lies outside {root}; correct `{key}` in params.yaml")
    return path


def _read(images: list[Labelled], listing: Listing, options: Options) -> "ReadImages":
    height, width = options.size
    # Not before: reading the options, which every stage does, needs no Pillow.
    from heatproof.datasets.reading import read_images

    given = (options.value_range[0], options.value_range[1]) if options.value_range else None
    read = read_images(images, (height, width), options.colour, given)
    unusable = listing.unusable + read.unusable
    total = len(images) + len(listing.unusable)
    share = f"{len(unusable):,} of {total:,} images"
    if len(unusable) > options.skip_unreadable * total:
        allowed = f"{100 * options.skip_unreadable:g} %"
        refuse(unusable, SHOWN_UNUSABLE, f" ({share}; `skip_unreadable` allows {allowed})")
    if unusable:
        listing.remarks.append(f"{share} cannot be used and are left out:")
        listing.remarks += first_lines(unusable)
    listing.remarks += annotations.remarks(read.images, read.not_annotated, read.doubtful)
    if read.value_range and not given:
        black, white = read.value_range
        listing.remarks.append(f"in images of more than 8 bits {black:g} is black, {white:g} white")
    return read
