"""Which images people drew boxes or masks for, and where these are; `ground_truth` reads them."""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from heatproof.datasets import annotation_files
from heatproof.datasets.annotation_files import Object
from heatproof.datasets.labelled_files import (
    Box,
    Labelled,
    Listing,
    files_below,
    first_lines,
    is_hidden,
    is_image,
    names,
    outsiders,
    refuse,
)
from heatproof.run.errors import UserError

BOXES, MASKS = "boxes", "masks"
# What folders of masks are called, and those of boxes, in any case.
_FOLDERS = {
    MASKS: ("masks", "mask", "segmentations"),
    BOXES: ("annotations", "annotation", "boxes", "bboxes"),
}
_MASK_ENDING = "_mask"  # that a mask's name may have beside its image's
_ARRAY, _VOC, _COCO = ".npz", ".xml", ".json"  # endings


def add(
    listing: Listing,
    folder: Path,
    root: Path,
    masks: Path | None = None,
    boxes: Path | None = None,
) -> None:
    """Give images the masks and boxes that are called as they are, in the same folders below these.

    Where no two images have one name, what lies in `masks` or `boxes` itself is taken too.

    Args:
        listing: of images below `folder`.
        folder: of the images.
        root: which no file may lead out of.
        masks: of masks, images or arrays in `.npz` files, if there are some.
        boxes: of Pascal VOC's files or COCO's, or COCO's file, if there are some.

    Raises:
        UserError: a file leads out or is damaged, or there are none of these images.
    """
    if masks is not None:
        _add_masks(listing, folder, masks, root)
    if boxes is not None:
        _add_boxes(listing, folder, boxes, root)


def _add_masks(listing: Listing, folder: Path, place: Path, root: Path) -> None:
    files = _called_alike(listing.images, folder, place, _may_be_mask)
    if not any(files):
        raise UserError(
            f"{place}: no masks of these images; expected an image, or an array in a .npz file, "
            "called as each is"
        )
    _require_inside(files, root)
    listing.images = [
        replace(image, mask=file) for image, file in zip(listing.images, files, strict=True)
    ]


def _add_boxes(listing: Listing, folder: Path, place: Path, root: Path) -> None:
    files = _called_alike(listing.images, folder, place, _ends_in(_VOC))
    jsons = [place] if place.is_file() else sorted(filter(_ends_in(_COCO), place.iterdir()))
    _require_inside([*files, *jsons], root)
    described: dict[str, list[Object]] = {}
    for json in jsons:
        for name, objects in annotation_files.coco(json).items():
            described.setdefault(os.path.normpath(name), []).extend(objects)
    in_json = _names_in(described, listing.images, folder)
    if not any(files) and not any(in_json):
        raise UserError(
            f"{place}: no boxes of these images; expected a .json file of COCO, or an .xml file of "
            "Pascal VOC for each image, called as it is"
        )
    images = []
    for image, xml, name in zip(listing.images, files, in_json, strict=True):
        objects = annotation_files.pascal_voc(xml) if xml else described.get(name or "", [])
        boxes = _of_its_class(image, objects)
        images.append(replace(image, boxes=boxes) if boxes else image)
    listing.images = images
    used = {*filter(None, files), *jsons}
    listing.no_images = [path for path in listing.no_images if path not in used]
    unknown = sorted(described.keys() - set(in_json))
    if unknown:
        listing.remarks.append(
            f"{place}: {len(unknown):,} of its images are not in {folder}: {names(unknown)}"
        )


def _names_in(
    described: Collection[str], images: Sequence[Labelled], folder: Path
) -> list[str | None]:
    """Return under which name each image is described: its path, or its name where none has two."""
    flat = len({image.path.name for image in images}) == len(images)
    found: list[str | None] = []
    for image in images:
        path = os.path.relpath(image.path, folder)
        known = path if path in described else image.path.name if flat else None
        found.append(known if known in described else None)
    return found


def _of_its_class(image: Labelled, objects: Sequence[Object]) -> tuple[Box, ...]:
    """Return the boxes of an image's objects: those called as its class is, or all if none is."""
    called = {image.label.casefold(), image.path.parent.name.casefold()}
    own = tuple(box for name, box in objects if name.strip().casefold() in called)
    return own or tuple(box for _, box in objects)


def _require_inside(files: Iterable[Path | None], root: Path) -> None:
    refuse(list(outsiders([Labelled(file, "", str(file)) for file in files if file], root)))


def _ends_in(*endings: str) -> Callable[[Path], bool]:
    return lambda path: path.suffix.lower() in endings and not is_hidden(path.name)


def _may_be_mask(path: Path) -> bool:
    return (is_image(path.name) or path.name.lower().endswith(_ARRAY)) and not is_hidden(path.name)


def _called_alike(
    images: Sequence[Labelled], folder: Path, place: Path, wanted: Callable[[Path], bool]
) -> list[Path | None]:
    """Return each image's wanted file below `place`: in the same folder there, or in `place`."""
    known: dict[Path, dict[str, Path]] = {}
    flat = len({image.path.stem for image in images}) == len(images)

    def called(stem: str, place: Path) -> Path | None:
        if place not in known:
            inside = filter(wanted, sorted(place.iterdir()) if place.is_dir() else [])
            known[place] = {path.stem.removesuffix(_MASK_ENDING): path for path in inside}
        return known[place].get(stem)

    def file(image: Labelled) -> Path | None:
        stem, below = image.path.stem, os.path.relpath(image.path.parent, folder)
        # A table may name images beside `folder`: below `place` there is no place for theirs.
        beside = Path(below).parts[:1] == ("..",)
        same = None if beside else called(stem, place / below)
        return same or (called(stem, place) if flat else None)

    return [file(image) for image in images]


def candidates(folder: Path, listing: Listing) -> list[tuple[str, Path]]:
    """Return where masks and boxes of a folder's images may be, by what it is called and holds."""
    inside = sorted(path for path in folder.iterdir() if not is_hidden(path.name))
    found = [(MASKS, path) for path in inside if _is_called(path, MASKS)]
    found += [(BOXES, path) for path in inside if _may_have_boxes(path)]
    # One of Pascal VOC beside each image.
    return found + [(BOXES, folder)] * any(map(_ends_in(_VOC), listing.no_images))


def _may_have_boxes(path: Path) -> bool:
    if not path.is_dir():
        return _ends_in(_COCO)(path) and annotation_files.may_be_coco(path)
    files = (file for file, _ in files_below(path)) if _is_called(path, BOXES) else ()
    return any(map(_ends_in(_VOC, _COCO), files))


def may_hold_annotations(path: Path) -> bool:
    """Return whether a folder is called as those of masks or boxes are."""
    return _is_called(path, MASKS) or _is_called(path, BOXES)


def _is_called(path: Path, kind: str) -> bool:
    return path.name.lower() in _FOLDERS[kind] and path.is_dir()


def kinds(images: Iterable[Labelled]) -> tuple[str, ...]:
    """Return what images are annotated with: boxes, masks, both or nothing."""
    found = {BOXES if image.mask is None else MASKS for image in images if image.is_annotated}
    return tuple(sorted(found))


def remarks(
    images: Sequence[Labelled], unusable: Sequence[str], doubtful: Sequence[str]
) -> list[str]:
    """Say how many images have boxes or masks, and what is wrong with these; nothing of none.

    Args:
        images: all of them.
        unusable: lines on boxes and masks that cannot be used.
        doubtful: lines on those that may be wrong.
    """
    count = sum(image.is_annotated for image in images)
    if not count:
        return []
    boxes = sum(len(image.boxes) for image in images if image.mask is None)
    in_all = f" ({boxes:,} boxes)" if boxes > count else ""
    without = [image.path.name for image in images if not image.is_annotated]
    rest = f"; none of {names(without)}" if without else ""
    lines = [
        f"{' and '.join(kinds(images))} of {count:,} of {len(images):,} images{in_all}: maps are "
        f"measured against them{rest}"
    ]
    for told, what in ((unusable, "cannot be used"), (doubtful, "may be wrong")):
        if told:
            lines += [f"{len(told):,} of them {what}:", *first_lines(told)]
    return lines
