"""Anyone's own images: a folder with a labels table, or with one subfolder per class.

With a table (`labels: labels.csv`) its columns are `id,label`, where id 12 is the file 12.png,
12.jpg or 12.jpeg, or `filename,label`; images without a row are left out. Without one, the folder
an image is in is its class. Class names are the labels that occur, in alphabetical order.

`labelled_files` says which images these are, and `decoding` what becomes of an image's pixels.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from heatproof.config.schema import Block
from heatproof.datasets.labelled_files import (
    SHOWN_MISTAKES,
    Labelled,
    labelled_by_folder,
    labelled_by_table,
    listed,
    refuse,
)
from heatproof.run.errors import UserError
from heatproof.storage.records import RawDataset

# The whole array is in memory, twice while it is sorted; a stage stays within 3 GiB.
MOST_BYTES = 2**30
# A confusion matrix has the square of it, and stands in JSON and on a page.
MOST_CLASSES = 1000


class Options(Block):
    """`reads`: the folder with everything in it, whose change means fetching again.

    `images`: the images' folder in it; `labels`: the table's file name in it, none for one
    subfolder per class; `size`: [height, width] in pixels.
    """

    source: Literal["image_folder"]
    reads: Annotated[str, Field(min_length=1)]
    images: str = "."
    labels: Annotated[str, Field(min_length=1)] | None = None
    size: Annotated[list[Annotated[int, Field(ge=8, le=512)]], Field(min_length=2, max_length=2)]
    colour: Literal["rgb", "gray"] = "rgb"


def fetch(options: Options) -> RawDataset:
    """Return the labelled images as uint8 (n, height, width, 3 or 1), without a test part.

    Raises:
        UserError: the folder or table is missing or wrong, an image is missing, lies outside the
            folder or cannot be decoded, or there are fewer than two classes.
    """
    root = Path(options.reads)
    if not root.is_dir():
        raise UserError(f"{root}: there is no such folder; correct `reads` in params.yaml")
    folder = _inside(root, options.images, "images")
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder; correct `images` in params.yaml")
    if options.labels is None:
        images = labelled_by_folder(folder)
        where, remedy = folder, "add a subfolder with images of another class"
    else:
        where = _inside(root, options.labels, "labels")
        images = labelled_by_table(where, folder)
        remedy = "add rows with another label"
    refuse(_outsiders(images, root.resolve()))
    names = tuple(sorted({image.label for image in images}))
    if len(names) < 2:
        raise UserError(
            f"{where}: all images are {', '.join(names)!r}; two classes are needed: {remedy}"
        )
    if len(names) > MOST_CLASSES:
        raise UserError(
            f"{where}: {len(names):,} classes ({', '.join(map(repr, names[:3]))} …), more than "
            f"{MOST_CLASSES:,}; label the images by what they have in common"
        )
    number = {name: index for index, name in enumerate(names)}
    labels = np.array([number[image.label] for image in images], dtype=np.int64)
    pixels = _pixels(images, options)
    return RawDataset(pixels, labels, pixels[:0], labels[:0], names)


def _inside(root: Path, name: str, key: str) -> Path:
    """Return root/name, refusing what lies elsewhere: DVC would not see it change."""
    path = root / name
    try:
        inside = path.resolve().is_relative_to(root.resolve())
    except (ValueError, OSError, RuntimeError):  # "\0" in it, or a link in a circle
        raise UserError(f"{str(path)!r}: no such path; correct `{key}` in params.yaml") from None
    if not inside:
        raise UserError(f"{path}: lies outside {root}; correct `{key}` in params.yaml")
    return path


def _outsiders(images: Iterable[Labelled], root: Path) -> list[str]:
    return [
        f"{image.place}: {image.path} leads out of the folder, to {image.path.resolve()}; copy the "
        "image into it"
        for image in images
        if not image.path.resolve().is_relative_to(root)
    ]


def _pixels(images: list[Labelled], options: Options) -> np.ndarray:
    shape = (len(images), *options.size, 3 if options.colour == "rgb" else 1)
    needed = int(np.prod(shape, dtype=np.int64))
    if needed > MOST_BYTES:
        raise UserError(
            f"{options.reads}: {len(images):,} images of {options.size[0]}×{options.size[1]} need "
            f"{needed / 2**30:.1f} GiB, more than {MOST_BYTES / 2**30:.0f} GiB; choose a smaller "
            "`size` in params.yaml"
        )
    # Not before: reading the options, which every stage does, needs no Pillow.
    from heatproof.datasets.decoding import UNREADABLE, as_pixels, opened, why_unreadable

    pixels = np.empty(shape, dtype=np.uint8)
    mistakes: list[str] = []
    for index, image in enumerate(images):
        try:
            upright = opened(image.path)
        except UNREADABLE as error:
            at = "" if image.place == str(image.path) else f"{image.place}: "
            mistakes.append(f"{at}{image.path}: {why_unreadable(image.path, error)}")
            if len(mistakes) == SHOWN_MISTAKES:
                mistakes.append("stopped here; there may be more")
                break
        else:
            pixels[index] = as_pixels(upright, options.size[0], options.size[1], options.colour)
    if mistakes:
        raise UserError(listed(mistakes))
    return pixels
