"""The pictures of a concept, and those that it is told from: its counterparts.

A concept is only what its pictures have and its counterparts have not. So counterparts are as like
the pictures as can be: the same kind of image, without the concept.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heatproof.concepts.options import MIN_PICTURES, Concept, ConceptCell, ConceptOptions
from heatproof.concepts.planting import PLANTED, planted
from heatproof.datasets import photos
from heatproof.datasets.decoding import as_pixels
from heatproof.datasets.labelled_files import files_below, is_image, stays_inside
from heatproof.run.errors import UserError, nearest, require_known, shown_value
from heatproof.statistics.numbers import plural
from heatproof.storage import artifacts
from heatproof.storage.images import Images
from heatproof.storage.records import Dataset

_YES, _NO = ("1", "yes", "true"), ("0", "no", "false")
_FILES = ("file", "filename", "path", "image")  # what a table's column of file names is called
_PLANTING = 3  # stream of the seed


@dataclass(frozen=True)
class Pictures:
    """A concept by its pictures.

    shown: uint8 (m, height, width, channels), that show it. counterparts: uint8 (n, …), that do
    not.
    pool: concepts of the same one have the same counterparts. source: where they are from, in
    words.
    """

    shown: np.ndarray
    counterparts: np.ndarray
    pool: str
    source: str


def of_concept(
    name: str, cell: ConceptCell, place: str, data: Dataset, options: ConceptOptions, seed: int
) -> Pictures:
    """Return the pictures of a concept.

    Args:
        name: of the concept.
        cell: whose concept it is.
        place: where params.yaml says so, for messages.
        data: the cell's dataset.
        options: how many pictures.
        seed: of what is planted.

    Raises:
        UserError: they are not there, are too few, or do not fit the network.
    """
    concept, shape = cell.concepts[name], data.train_images.shape[1:]
    for key, names in (("decides", concept.decides), ("without", concept.without)):
        for each in names or ():
            what = f"{place}.{key}: {shown_value(each)} is no class of {cell.dataset}"
            require_known(what, each, data.class_names)
    for decided in concept.decides or ():
        if data.class_names.index(decided) not in data.test_labels:
            raise UserError(
                f"{place}.decides: there is no test image of {shown_value(decided)}, so that "
                "nothing can be found for it; leave it out"
            )
    if concept.planted is not None:
        made = _planted(concept, place, data, options, seed)
    elif concept.class_name is not None:
        made = _of_class(concept, cell, place, data, options)
    else:
        made = _of_files(concept, Path(cell.reads), place, shape, data, options)
    require_enough(made, place)
    return made


def given(shown: np.ndarray, counterparts: np.ndarray | None, data: Dataset,
          options: ConceptOptions) -> Pictures:  # fmt: skip
    """Return a concept of pictures at hand, uint8; training images are told from them if none are.

    Raises:
        UserError: they are too few.
    """
    if counterparts is None:
        counterparts = _first(data.train_images, np.arange(len(data.train_images)), options)
    made = Pictures(
        shown[: options.pictures], counterparts[: options.counterparts], "given", "pictures"
    )
    require_enough(made, "pictures")
    return made


def require_enough(made: Pictures, place: str) -> None:
    """Refuse a concept of too few pictures.

    Raises:
        UserError: saying where they are listed, how many there are and how many there should be.
    """
    for what, pictures in (("picture", made.shown), ("counterpart", made.counterparts)):
        if len(pictures) < MIN_PICTURES:
            raise UserError(
                f"{place}: {plural(len(pictures), what)}, expected at least {MIN_PICTURES}: a "
                "direction fitted to fewer is chance; add some, or remove the concept"
            )


def _lacking(data: Dataset, *classes: Sequence[str] | None) -> tuple[np.ndarray, str]:
    """Return the training images of no such class, int64 (n,), and the name of this pool."""
    left_out = sorted({data.class_names.index(name) for names in classes for name in names or ()})
    rows = np.flatnonzero(~np.isin(data.train_labels, left_out))
    return rows, f"training without {left_out}" if left_out else "training"


def _planted(
    concept: Concept, place: str, data: Dataset, options: ConceptOptions, seed: int
) -> Pictures:
    assert concept.planted is not None
    kind = concept.planted
    channels = data.train_images.shape[-1]
    if PLANTED[kind].colour and channels != 3:
        grey = [name for name, each in PLANTED.items() if not each.colour]
        raise UserError(
            f"{place}.planted = {kind}: the images are grey, which have no tint; expected one of "
            f"{', '.join(grey)}"
        )
    # Images of a class that it decides have it already, planted or not. Of few training images a
    # quarter are taken: the others are counterparts.
    rows, pool = _lacking(data, concept.decides, concept.without)
    size = min(options.pictures, len(rows) // 4)
    others = _first(data.train_images, rows[size:], options)
    generator = np.random.default_rng([seed, _PLANTING, list(PLANTED).index(kind)])
    shown = planted(data.train_images[rows[:size]], kind, generator)
    label = PLANTED[kind].label
    return Pictures(shown, others, pool, f"training images with {label} put into them")


def _of_class(
    concept: Concept, cell: ConceptCell, place: str, data: Dataset, options: ConceptOptions
) -> Pictures:
    assert concept.class_name is not None
    dataset = concept.dataset or cell.dataset
    other = data if dataset == cell.dataset else artifacts.read_dataset(dataset)
    what = f"{place}.class_name = {shown_value(concept.class_name)}: {dataset} has no such class"
    require_known(what, concept.class_name, other.class_names)
    if other.train_images.shape[1:] != data.train_images.shape[1:]:
        sizes = ["×".join(map(str, each.train_images.shape[1:])) for each in (other, data)]
        raise UserError(
            f"{place}.dataset = {dataset}: its images are {sizes[0]}, the network takes "
            f"{sizes[1]}; name a dataset of the same size, or put pictures into a folder (`images`)"
        )
    own = other.train_labels == other.class_names.index(concept.class_name)
    shown = other.train_images[np.flatnonzero(own)[: options.pictures]]
    counterparts = _first(other.train_images, np.flatnonzero(~own), options)
    pool = f"{dataset} without {concept.class_name}"
    return Pictures(
        shown, counterparts, pool, f"training images of {dataset}, {concept.class_name}"
    )


def _of_files(
    concept: Concept,
    reads: Path,
    place: str,
    shape: Sequence[int],
    data: Dataset,
    options: ConceptOptions,
) -> Pictures:
    assert concept.images is not None
    folder = reads / concept.images
    inside = folder.resolve().is_relative_to(reads.resolve())
    if not folder.is_dir() or not inside:
        wrong = f"there is no folder {folder}" if inside else f"{folder} is not below {reads}"
        raise UserError(
            f"{place}.images = {shown_value(concept.images)}: {wrong}; expected a folder of "
            "pictures below `reads`"
        )
    if concept.table is None:
        root = reads.resolve()
        files = [
            path
            for path, readable in files_below(folder)
            if readable and is_image(path.name) and stays_inside(path, root)
        ]
        if not files:
            raise UserError(
                f"{place}.images = {shown_value(concept.images)}: there is no picture in {folder}; "
                f"expected at least {MIN_PICTURES} files such as .png and .jpg"
            )
        rows, pool = _lacking(data, concept.without)
        counterparts = _first(data.train_images, rows, options)
        shown = _read(files[: options.pictures], shape)
        return Pictures(shown, counterparts, pool, f"pictures of the folder {folder.name}")
    having, lacking = _by_attribute(concept, reads, folder, place)
    return Pictures(
        _read(having[: options.pictures], shape),
        _read(lacking[: options.counterparts], shape),
        f"{concept.images} without {concept.attribute}",
        f"pictures with {concept.attribute} in {concept.table}",
    )


def _by_attribute(
    concept: Concept, reads: Path, folder: Path, place: str
) -> tuple[list[Path], list[Path]]:
    """Return the files that have an attribute, and those that have not, in the table's order."""
    assert concept.table is not None and concept.attribute is not None
    table = reads / concept.table
    try:
        rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError):
        raise UserError(
            f"{place}.table = {shown_value(concept.table)}: {table} cannot be read; expected a CSV "
            "file in UTF-8, below `reads`"
        ) from None
    columns = list(rows[0]) if rows else []
    named = next((column for column in columns if column.lower() in _FILES), None)
    if named is None:
        raise UserError(
            f"{table}: no column is called {' or '.join(_FILES)}; name the files in one"
        )
    if concept.attribute not in columns:
        raise UserError(
            f"{place}.attribute = {shown_value(concept.attribute)}: {table} has no such column"
            f"{nearest(concept.attribute, columns)}"
        )
    found: tuple[list[Path], list[Path]] = [], []
    root = reads.resolve()
    for line, row in enumerate(rows, 2):
        value, path = (row[concept.attribute] or "").strip().lower(), folder / (row[named] or "")
        if value not in (*_YES, *_NO):
            raise UserError(
                f"{table}, line {line}: {concept.attribute} = {shown_value(value)}: expected "
                f"{' or '.join((*_YES, *_NO))}; correct it"
            )
        if not path.is_file() or not stays_inside(path, root):
            raise UserError(f"{table}, line {line}: there is no file {path} in {reads}")
        # Once: a picture that the direction was fitted to may not be one that it is tried on.
        if path not in found[value in _NO]:
            found[value in _NO].append(path)
    return found


def _read(files: Sequence[Path], shape: Sequence[int]) -> np.ndarray:
    """Read pictures as the network takes them, uint8 (n, *shape)."""
    height, width, channels = shape
    colour = "rgb" if channels == 3 else "gray"
    made = [as_pixels(photos.read(path), height, width, colour) for path in files]
    return np.stack(made) if made else np.zeros((0, *shape), np.uint8)


def _first(images: Images, rows: np.ndarray, options: ConceptOptions) -> np.ndarray:
    """Return the first of some images: processed order is random."""
    return images[rows[: options.counterparts]]
