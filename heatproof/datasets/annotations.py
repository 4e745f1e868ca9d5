"""Which images people drew boxes or masks for, and where these are; `ground_truth` reads them."""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from heatproof.datasets.labelled_files import (
    Labelled,
    Listing,
    is_hidden,
    is_image,
    names,
    outsiders,
    refuse,
)
from heatproof.run.errors import UserError

BOXES, MASKS = "boxes", "masks"
_FOLDERS = ("masks", "mask", "segmentations")  # what folders of masks are called, in any case
_ENDING = "_mask"  # that a mask's name may have beside its image's


def add_masks(listing: Listing, folder: Path, masks: Path, root: Path) -> None:
    """Give images the masks that are called as they are, in the same folders below `masks`.

    Where no two images have one name, masks that lie in `masks` itself are taken too.

    Args:
        listing: of images below `folder`.
        folder: of the images.
        masks: of the masks.
        root: which no mask may lead out of.

    Raises:
        UserError: one does.
    """
    listing.images = _with_masks(listing.images, folder, masks)
    found = [replace(each, path=each.mask) for each in listing.images if each.mask is not None]
    refuse(list(outsiders(found, root)))


def _with_masks(images: Sequence[Labelled], folder: Path, masks: Path) -> list[Labelled]:
    known: dict[Path, dict[str, Path]] = {}
    flat = len({image.path.stem for image in images}) == len(images)

    def called(stem: str, place: Path) -> Path | None:
        if place not in known:
            inside = sorted(place.iterdir()) if place.is_dir() else []
            known[place] = {
                path.stem.removesuffix(_ENDING): path
                for path in inside
                if is_image(path.name) and not is_hidden(path.name)
            }
        return known[place].get(stem)

    def mask(image: Labelled) -> Path | None:
        stem, below = image.path.stem, os.path.relpath(image.path.parent, folder)
        # A table may name images beside `folder`: below `masks` there is no place for theirs.
        beside = Path(below).parts[:1] == ("..",)
        same = None if beside else called(stem, masks / below)
        return same or (called(stem, masks) if flat else None)

    return [replace(image, mask=mask(image)) for image in images]


def mask_folder(folder: Path, images: Path, listed: Callable[[Path], Listing]) -> str | None:
    """Return the name of a folder's subfolder that holds masks of its images, if one does.

    Args:
        folder: where it is looked for.
        images: of the images, the folder itself or another in it.
        listed: lists the images but for those in a folder.
    """
    for place in sorted(path for path in folder.iterdir() if may_hold_masks(path)):
        with suppress(UserError):  # without it there may be no class left
            found = _with_masks(listed(place).images, images, place)
            if any(image.mask for image in found):
                return place.name
    return None


def may_hold_masks(path: Path) -> bool:
    """Return whether a folder is called as those of masks are."""
    return path.name.lower() in _FOLDERS and path.is_dir()


def kinds(images: Iterable[Labelled]) -> tuple[str, ...]:
    """Return what images are annotated with: boxes, masks, both or nothing."""
    found = {BOXES if image.mask is None else MASKS for image in images if image.is_annotated}
    return tuple(sorted(found))


def remarks(images: Sequence[Labelled]) -> list[str]:
    """Say how many images have boxes or masks, in a line; nothing where none has."""
    count = sum(image.is_annotated for image in images)
    if not count:
        return []
    boxes = sum(len(image.boxes) for image in images if image.mask is None)
    in_all = f" ({boxes:,} boxes)" if boxes > count else ""
    without = [image.path.name for image in images if not image.is_annotated]
    rest = f"; none of {names(without)}" if without else ""
    return [
        f"{' and '.join(kinds(images))} of {count:,} of {len(images):,} images{in_all}: maps are "
        f"measured against them{rest}"
    ]
