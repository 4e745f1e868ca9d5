"""Image files with their labels: what a folder or a table gives, and what of it is left out."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from heatproof.run.errors import UserError, escaped

# TIFF files whose first picture is a preview, and the photograph itself something else.
RAW_ENDINGS = (".dng", ".cr2", ".nef", ".nrw", ".arw", ".pef", ".srw", ".3fr", ".iiq")
# Files with these endings are images: read, or else named with what is wrong with them.
ENDINGS = (
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".mpo", ".webp", ".bmp",
    ".dib", ".gif", ".tif", ".tiff", ".avif", ".avifs", ".jp2", ".j2k", ".jpf", ".jpx", ".j2c",
    ".jpc", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm",
    # Not decoded here.
    ".heic", ".heif", ".jxl", ".svg", ".psd", ".exr", ".hdr", ".ico", ".tga", ".dcm", ".eps",
    ".fits", *RAW_ENDINGS, ".cr3", ".orf", ".raf", ".rw2",
)  # fmt: skip
NOT_LOOKED_AT = ("__MACOSX", "__pycache__")  # what archivers and Python leave behind
SHOWN_MISTAKES = 5
SHOWN_UNUSABLE = 20
SHOWN_NAMES = 3
# A confusion matrix has the square of it, and stands in JSON and on a page.
MAX_CLASSES = 1000

TRAIN, VALIDATION, TEST = ALL_PARTS = ("training", "validation", "test")
PARTS = {  # what each is called by people
    "train": TRAIN, "training": TRAIN,
    "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION, "dev": VALIDATION,
    "test": TEST, "testing": TEST,
}  # fmt: skip


# Left, top, right and bottom edge, in pixels of the file: a box of the first pixel is 0, 0, 1, 1.
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Labelled:
    """An image file, its label, where the label stands, for messages, and its part of the split.

    group: whom or what it shows, so that no part has what another has; empty where not known.
    boxes: of its objects, and mask: a file that shows them, where they are known.
    """

    path: Path
    label: str
    place: str
    part: str = TRAIN
    group: str = ""
    boxes: tuple[Box, ...] = ()
    mask: Path | None = None

    @property
    def is_annotated(self) -> bool:
        """Whether it is known where its objects are."""
        return bool(self.boxes) or self.mask is not None


@dataclass
class Listing:
    """What was found: images, images that cannot be used with the reason, and remarks on the rest.

    `split`: whether the images' parts are the user's own.
    """

    images: list[Labelled] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)
    no_images: list[Path] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    split: bool = False

    def in_parts(self) -> list[Labelled]:
        """Return the images, those to test with last: what is to validate with, if none are.

        A remark says so. What decides which epoch is best is no test beside.
        """
        counts = Counter(image.part for image in self.images)
        as_test = TEST if counts[TEST] else VALIDATION
        if self.split and counts[as_test]:
            kept = (f"{counts[part]:,} {part}" for part in ALL_PARTS if counts[part])
            instead = "" if counts[TEST] else "; there is no test part: validation is used as it"
            self.remarks.insert(0, f"the images' own split is kept: {', '.join(kept)}{instead}")
        return [
            replace(image, part=TEST) if image.part == as_test else image
            for image in sorted(self.images, key=lambda image: image.part == as_test)
        ]

    def all_remarks(self) -> list[str]:
        """Return the remarks, one line each, with what is left out as no image."""
        if not self.no_images:
            return self.remarks
        count = f"{len(self.no_images):,} file{'s are' if len(self.no_images) > 1 else ' is'}"
        return [*self.remarks, f"{count} no image: {names(p.name for p in self.no_images)}"]


def class_names(listing: Listing, where: Path) -> tuple[str, ...]:
    """Return the labels that occur in a folder or a table, in alphabetical order.

    Raises:
        UserError: there are fewer than two, or too many.
    """
    labels = sorted({image.label for image in listing.images})
    if not labels:
        refuse(listing.unusable, SHOWN_UNUSABLE)
    require_class_count(labels, where)
    return tuple(labels)


def require_class_count(labels: Sequence[str], where: Path) -> None:
    """Refuse fewer than two classes, or too many, of a folder or a file. Raises UserError."""
    another = "a subfolder with images of another class"
    remedy = another if where.is_dir() else "rows with another label"
    if not labels:
        raise UserError(f"{where}: no image has a class; add {remedy}")
    if len(labels) < 2:
        raise UserError(
            f"{where}: all images are {labels[0]!r}; two classes are needed: add {remedy}"
        )
    if len(labels) > MAX_CLASSES:
        raise UserError(
            f"{where}: {len(labels):,} classes ({', '.join(map(repr, labels[:3]))} …), more than "
            f"{MAX_CLASSES:,}; label the images by what they have in common"
        )


def require_trained(where: Path, classes: tuple[str, ...], labels: np.ndarray) -> None:
    """Refuse classes of which there is nothing to train on; labels are those of that part."""
    missing = np.flatnonzero(np.bincount(labels, minlength=len(classes)) == 0)
    if len(missing):
        raise UserError(
            f"{where}: no training image of {names(repr(classes[i]) for i in missing)}; add "
            "some, or remove the class from the other parts"
        )


def is_image(name: str) -> bool:
    """Return whether a file is an image by its name's ending."""
    return name.lower().endswith(ENDINGS)


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is none of the user's own."""
    return name.startswith(".") or name in NOT_LOOKED_AT


def names(all_names: Iterable[str]) -> str:
    """Return the first few names and how many more there are."""
    listed_names = list(all_names)
    more = len(listed_names) - SHOWN_NAMES
    shown = ", ".join(listed_names[:SHOWN_NAMES])
    return f"{shown} and {more:,} more" if more > 0 else shown


def outsiders(images: Iterable[Labelled], root: Path) -> Iterator[str]:
    """Say of each image that lies outside a folder that it does, and what to do.

    Links into DVC's cache are no way out: what they lead to is named by its checksum.
    """
    root = root.resolve()
    # A folder is looked at once, not once for each of its images: whether it is inside, its links.
    folders: dict[str, tuple[bool, set[str]]] = {}
    for image in images:
        folder, name = os.path.split(image.path)
        if folder not in folders:
            inside = Path(folder).resolve().is_relative_to(root)
            folders[folder] = inside, _links(folder) if inside else set()
        inside, links = folders[folder]
        if inside and name not in links:
            continue
        if not (inside and stays_inside(image.path, root)):
            yield (
                f"{image.place}: {image.path} leads out of the folder, to {image.path.resolve()}; "
                "copy the image into it (in DVC's cache it is damaged: delete it, then `dvc pull`)"
            )


def _links(folder: str) -> set[str]:
    with os.scandir(folder or os.curdir) as entries:
        return {entry.name for entry in entries if entry.is_symlink()}


def stays_inside(path: Path, root: Path) -> bool:
    """Return whether a path leads to a file in a resolved folder, or into a DVC cache.

    An object of a DVC cache has a path that is the MD5 of its content.
    """
    target = path.resolve()
    name = target.parent.name + target.name
    if target.is_relative_to(root) or not re.fullmatch("[0-9a-f]{32}", name):
        return target.is_relative_to(root)
    if not target.is_file():
        return False
    with target.open("rb") as file:
        return (
            hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
            == name
        )


def label_mistakes(label: str, place: str) -> list[str]:
    """Say what is wrong with a label, if anything."""
    if not label:
        return [f"{place}: the label is empty; write the class' name"]
    if not label.isprintable():
        return [f"{place}: label {label!r} has characters that cannot be shown; rename the class"]
    return []


def refuse(mistakes: list[str], shown: int = SHOWN_MISTAKES, ending: str = "") -> None:
    """Raise a UserError with the first few mistakes, and an ending, if there are any mistakes."""
    if mistakes:
        lines = first_lines(mistakes, shown)
        lines[-1] += ending
        # One line each, also where a file's name has a line break in it.
        raise UserError("\n       ".join(map(escaped, lines)))


def first_lines(lines: Sequence[str], count: int = SHOWN_UNUSABLE) -> list[str]:
    """Return the first few lines, and one that says how many more there are."""
    more = [f"… and {len(lines) - count:,} more"] if len(lines) > count else []
    return [*lines[:count], *more]


def files_below(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Yield the files in a folder and its subfolders, in order, and whether each can be read.

    Links to folders cannot: they may lead anywhere, also in circles.
    """
    with os.scandir(folder) as entries:
        inside = sorted(
            (entry for entry in entries if not is_hidden(entry.name)), key=lambda entry: entry.name
        )
    folders = []
    for entry in inside:
        if entry.is_dir(follow_symlinks=False):
            folders.append(entry)
        else:
            path = Path(entry.path)
            # A link may lead in a circle, which is_file of an entry fails at.
            yield path, entry.is_file(follow_symlinks=False) or path.is_file()
    for entry in folders:
        yield from files_below(Path(entry.path))
