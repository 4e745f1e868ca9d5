"""Images whose label is the folder they are in, also below train/, val/ and test/."""

import os
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from heatproof.datasets.labelled_files import (
    PARTS,
    TRAIN,
    Box,
    Labelled,
    Listing,
    files_below,
    is_hidden,
    is_image,
    label_mistakes,
    names,
    refuse,
    stays_inside,
)
from heatproof.run.errors import UserError

_WORDNET = re.compile(r"n\d{8}")  # how ImageNet and Tiny-ImageNet call classes


def labelled_by_folder(folder: Path, beside: Collection[Path] = ()) -> Listing:
    """List the images in `folder`'s subfolders, whose names are the labels, but for `beside`.

    Subfolders called train, val and test (see `PARTS`) are parts of the user's own split, which
    hold the class folders. Images deeper in a class folder are of its class. Tiny-ImageNet's
    `val_annotations.txt`, `<class>_boxes.txt` and `words.txt` are read too.

    Raises:
        UserError: there is no subfolder, one holds no image, or its name is no class' name.
    """
    listing = Listing()
    inside = sorted(
        path for path in folder.iterdir() if not is_hidden(path.name) and path not in beside
    )
    folders = [path for path in inside if path.is_dir()]
    if not folders:
        above = folder.parent if folder.name not in ("", "..") else folder.resolve().parent
        if _is_one_class(folder, above):
            raise UserError(
                f"{folder}: it holds images and no subfolders, as folders beside it do, so that it "
                f"seems to be one of the classes; did you mean {above}?"
            )
        raise UserError(
            f"{folder}: there are no subfolders; put the images into one subfolder per class, or "
            "name a labels table (`heatproof new --labels`; in a study, `labels` in params.yaml)"
        )
    parts = _parts(folders)
    if parts:
        listing.split = True
        others = [path.name for path in folders if path not in parts]
        if others:
            listing.remarks.append(f"folders beside {_shown(parts)} are left out: {names(others)}")
        _add_loose(listing, inside)
        for path, part in parts.items():
            _add_part(listing, path, part)
    else:
        _add_classes(listing, inside, TRAIN)
    _name_by_words(listing, folder / "words.txt")
    return listing


def _is_one_class(folder: Path, above: Path) -> bool:
    """Whether a folder of images lies beside others."""

    def holds_images(path: Path) -> bool:
        return any(is_image(each.name) for each in path.iterdir())

    with suppress(OSError):  # what is beside it may not be ours to read
        beside = (
            path for path in above.iterdir()
            if path.is_dir() and not is_hidden(path.name) and not path.samefile(folder)
        )  # fmt: skip
        return holds_images(folder) and any(map(holds_images, beside))
    return False


def _parts(folders: list[Path]) -> dict[Path, str]:
    """Return the folders of a split by its part; none if these are class folders."""
    parts = {path: PARTS[path.name.lower()] for path in folders if path.name.lower() in PARTS}
    found = sorted(parts.values())
    if found == [TRAIN] and len(folders) == 1 and any(p.is_dir() for p in folders[0].iterdir()):
        return parts
    if TRAIN not in found or len(found) < 2:
        return {}
    if len(set(found)) < len(found):
        raise UserError(
            f"{folders[0].parent}: {_shown(parts)} are two folders of the same part; join them, or "
            "rename one"
        )
    return parts


def _shown(parts: dict[Path, str]) -> str:
    return ", ".join(path.name for path in parts)


def _add_part(listing: Listing, folder: Path, part: str) -> None:
    """Add a folder of a split: its class folders, or what its annotations say."""
    inside = sorted(path for path in folder.iterdir() if not is_hidden(path.name))
    annotations = folder / f"{folder.name}_annotations.txt"
    if annotations.is_file() and stays_inside(annotations, folder.resolve()):
        _add_annotated(listing, folder, annotations, part)
    elif part == TRAIN or any(path.is_dir() for path in inside):
        _add_classes(listing, inside, part)
    else:
        count = sum(is_image(path.name) for path in inside)
        listing.remarks.append(f"{folder}: {count:,} images without a class are left out")


def _add_classes(listing: Listing, inside: list[Path], part: str) -> None:
    mistakes = []
    _add_loose(listing, inside)
    for subfolder in (path for path in inside if path.is_dir()):
        label = subfolder.name.strip()
        before, unusable = len(listing.images), len(listing.unusable)
        deeper, direct = set(), False
        boxes = _boxes(subfolder / f"{label}_boxes.txt", mistakes)
        above = len(str(subfolder)) + 1
        for path, readable in files_below(subfolder):
            if not readable:
                reason = "a link that leads nowhere, or no file; take it away"
                reason = "a link to a folder; put the images here" if path.is_dir() else reason
                listing.unusable.append(f"{path}: {reason}")
            elif is_image(path.name):
                own = boxes.get(path.name, ())
                listing.images.append(Labelled(path, label, str(path), part, boxes=own))
                first, separator, _ = str(path)[above:].partition(os.sep)
                direct = direct or not separator
                deeper |= {first} if separator else set()
            elif not (boxes and path.name == f"{label}_boxes.txt"):
                listing.no_images.append(path)
        mistakes += label_mistakes(label, str(subfolder))
        if len(listing.images) == before:
            empty = f"{subfolder}: no image in it; add images or remove the folder"
            mistakes += listing.unusable[unusable:] or [empty]
        elif len(deeper) > 1 and not direct:
            mistakes.append(
                f"{subfolder}: images only in its folders ({names(sorted(deeper))}); if those are "
                "the classes, name this folder in params.yaml (`images`), else move the images up"
            )
        elif deeper and direct:
            listing.remarks.append(
                f"{subfolder}: images in its folders ({names(sorted(deeper))}) are of its class"
            )
    refuse(mistakes)


def _add_loose(listing: Listing, inside: list[Path]) -> None:
    """Note the files beside class folders: without a label they cannot be used."""
    for path in inside:
        if not path.is_dir():
            if is_image(path.name):
                listing.unusable.append(f"{path}: beside the class folders; move it into one")
            else:
                listing.no_images.append(path)


def _add_annotated(listing: Listing, folder: Path, annotations: Path, part: str) -> None:
    """Add images as Tiny-ImageNet lists them: file name, class and a box per line, with tabs."""
    mistakes = []
    text = annotations.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        name, _, rest = line.partition("\t")
        label, *corners = rest.split("\t")
        path, label = folder / "images" / Path(name).name, label.strip()
        place = f"{annotations}: line {number}"
        mistakes += label_mistakes(label, place)
        if path.is_file():
            boxes = _whole_pixels(corners, place, mistakes)
            listing.images.append(Labelled(path, label, place, part, boxes=boxes))
        else:
            listing.unusable.append(f"{place}: there is no image {path}")
    refuse(mistakes)


def _boxes(file: Path, mistakes: list[str]) -> dict[str, tuple[Box, ...]]:
    """Read Tiny-ImageNet's boxes of a class: an image's name and its first and last pixels."""
    found: dict[str, tuple[Box, ...]] = {}
    if file.is_file() and stays_inside(file, file.parent.resolve()):
        text = file.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            name, *corners = line.split("\t")
            boxes = _whole_pixels(corners, f"{file}: line {number}", mistakes)
            found[name] = found.get(name, ()) + boxes
    return found


def _whole_pixels(corners: list[str], place: str, mistakes: list[str]) -> tuple[Box, ...]:
    """Return the box of a line's first and last pixels, if it has some."""
    if not any(each.strip() for each in corners):
        return ()
    try:
        left, top, right, bottom = map(int, corners)
    except ValueError:
        mistakes.append(f"{place}: expected the box as four whole numbers: x0, y0, x1, y1")
        return ()
    if left > right or top > bottom:
        mistakes.append(f"{place}: the box {left} {top} {right} {bottom} ends before it begins")
        return ()
    return ((left, top, right + 1, bottom + 1),)


def _name_by_words(listing: Listing, words: Path) -> None:
    """Call classes that are WordNet's numbers by their words, where `words` has them."""
    labels = {image.label for image in listing.images}
    known = words.is_file() and stays_inside(words, words.parent.resolve())
    if not (known and all(map(_WORDNET.fullmatch, labels))):
        return
    lines = words.read_text(encoding="utf-8", errors="replace").splitlines()
    meaning = {number: text.split(",")[0].strip() for number, _, text in
               (line.partition("\t") for line in lines) if number in labels}  # fmt: skip
    # Some words have two meanings: a crane is a bird and a machine.
    unique = len(set(meaning.values())) == len(labels) and all(meaning.values())
    if unique and all(word.isprintable() for word in meaning.values()):
        listing.images = [replace(image, label=meaning[image.label]) for image in listing.images]
        listing.no_images = [path for path in listing.no_images if path != words]
        listing.remarks.append(f"classes are called as in {words}")
