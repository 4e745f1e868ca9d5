"""What lies in a folder of pictures: layout, masks, boxes, and which of them can be read."""

from collections import Counter
from contextlib import suppress
from pathlib import Path

from heatproof.datasets import annotations
from heatproof.datasets.class_folders import labelled_by_folder
from heatproof.datasets.labelled_files import (
    TEST,
    TRAIN,
    Labelled,
    Listing,
    class_names,
    first_lines,
    outsiders,
    refuse,
)
from heatproof.datasets.labels_table import folder_of_most, labelled_by_table
from heatproof.datasets.sources import image_folder
from heatproof.new.folder import plain
from heatproof.new.inspection import Found, Pictures, given
from heatproof.new.sample import Looked, look
from heatproof.run.errors import UserError


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
    groups = _groups(images)
    looked = look(images, value_range)
    if not looked.sizes:
        raise UserError(f"{looked.unreadable[0]}; none of {looked.decoded:,} pictures can be read")
    return Pictures(
        Found(
            dict(Counter(image.label for image in images)),
            looked.sizes,
            looked.grey,
            sum(image.part == TEST for image in images),
            dict(Counter(image.label for image in images if image.part == TRAIN)),
            groups,
        ),
        {
            "source": "image_folder",
            "reads": str(plain(place)),
            **({"images": below} if below else {}),
            **annotated,
            **({"labels": labels} if labels else {}),
            **given(value_range),
        },
        [
            _layout(labels, below, listing),
            *([f"{groups:,} groups of pictures are kept together"] if groups else []),
            *annotations.remarks(images, looked.not_annotated, looked.doubtful),
            *listing.all_remarks(),
            *_readable(looked, len(images), listing.unusable),
        ],
    )


def _layout(labels: str | None, below: str, listing: Listing) -> str:
    if labels:
        return f"layout: the labels table {labels}{f', images in {below}/' if below else ''}"
    return f"layout: one folder per class{', in those of a split' if listing.split else ''}"


def _readable(looked: Looked, images: int, unusable: list[str]) -> list[str]:
    """Say which pictures `fetch` will leave out or refuse, and how far this was looked for."""
    checked = f"all {images:,} pictures were decoded"
    if looked.decoded < images:
        checked = (
            f"{looked.decoded:,} of {images:,} pictures were decoded, of the others it was read "
            "what they begin with"
        )
    lines = [*unusable, *looked.unreadable]
    if not lines:
        return [f"{checked}: none is damaged"]
    total = images + len(unusable)
    allowed = image_folder.Options.model_fields["skip_unreadable"].default
    consequence = "`fetch` leaves them out"
    if len(lines) > allowed * total:
        consequence = (
            f"more than {100 * allowed:g} %, so that `fetch` will refuse them all: take them away, "
            "or raise `skip_unreadable` in params.yaml"
        )
    return [
        f"{len(lines):,} of {total:,} pictures cannot be used ({checked}); {consequence}:",
        *first_lines(lines),
    ]


def _groups(images: list[Labelled]) -> int:
    if not any(image.group for image in images):
        return 0
    return len({image.group or str(image.path) for image in images})


def _annotated(
    place: Path, below: str, labels: str | None, listing: Listing
) -> tuple[Listing, dict[str, str]]:
    """Return the images with their masks and boxes, and the options that say where these lie."""
    options: dict[str, str] = {}
    classes = {image.label for image in listing.images}
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
            refused += [] if where.name in classes else [f"not taken: {error}"]
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
