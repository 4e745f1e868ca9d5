"""Anyone's own images: a folder with a labels table, or with one subfolder per class.

With a table (`labels: labels.csv`) its columns are `id,label`, where id 12 is the file 12.png,
12.jpg or 12.jpeg, or `filename,label`; images without a row are left out. Without one, the folder
an image is in is its class. Class names are the labels that occur, in alphabetical order.

`decoding` says what becomes of an image's pixels.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from stages.artifacts import RawDataset
from stages.command import nearest
from stages.errors import UserError, printable
from stages.schema import Block

ENDINGS = (".png", ".jpg", ".jpeg")
NO_CLASSES = ("__MACOSX", "__pycache__")  # what archivers and Python leave behind
OTHER_IMAGES = (".bmp", ".gif", ".heic", ".tif", ".tiff", ".webp")
SHOWN_MISTAKES = 5
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


@dataclass(frozen=True)
class Labelled:
    """An image file, its label, and where that was said, for messages."""

    path: Path
    label: str
    said: str


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
        found = labelled_by_folder(folder)
        where, remedy = folder, "add a subfolder with images of another class"
    else:
        where = _inside(root, options.labels, "labels")
        found = labelled_by_table(where, folder)
        remedy = "add rows with another label"
    _refuse(_outsiders(found, root.resolve()))
    names = tuple(sorted({image.label for image in found}))
    if len(names) < 2:
        raise UserError(f"{where}: all images are {names[0]!r}; two classes are needed: {remedy}")
    if len(names) > MOST_CLASSES:
        raise UserError(
            f"{where}: {len(names):,} classes ({', '.join(map(repr, names[:3]))} …), more than "
            f"{MOST_CLASSES:,}; label the images by what they have in common"
        )
    number = {name: index for index, name in enumerate(names)}
    labels = np.array([number[image.label] for image in found], dtype=np.int64)
    pixels = _pixels(found, options)
    return RawDataset(pixels, labels, pixels[:0], labels[:0], names)


def labelled_by_folder(folder: Path) -> list[Labelled]:
    """List the images in `folder`'s subfolders, whose names are the labels.

    Raises:
        UserError: there is no subfolder, or one holds no image, or images lie where none belong.
    """
    inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    inside = [path for path in inside if path.name not in NO_CLASSES]
    classes = [path for path in inside if path.is_dir()]
    if not classes:
        raise UserError(
            f"{folder}: there are no subfolders; put the images into one subfolder per class, or "
            "name a labels table in params.yaml (`labels`)"
        )
    mistakes = [
        f"{path}: an image beside the class folders; move it into one of them"
        for path in inside
        if path.suffix.lower() in ENDINGS and not path.is_dir()
    ]
    found = []
    for place in classes:
        label = place.name.strip()
        files = sorted(path for path in place.iterdir() if not path.name.startswith("."))
        images = [path for path in files if path.suffix.lower() in ENDINGS and path.is_file()]
        found += [Labelled(path, label, str(path)) for path in images]
        mistakes += _label_mistakes(label, str(place))
        for path in files:
            if path.is_dir():
                mistakes.append(f"{path}: a folder in a class folder; move its images up into it")
            elif path.suffix.lower() in OTHER_IMAGES:
                mistakes.append(f"{path}: not PNG or JPEG; convert it, or take it away")
            elif path.suffix.lower() in ENDINGS and not path.is_file():
                mistakes.append(f"{path}: a link that leads nowhere, or no file; take it away")
        if not images:
            mistakes.append(f"{place}: no PNG or JPEG in it; add images or remove the folder")
    _refuse(mistakes)
    return found


def labelled_by_table(table: Path, folder: Path) -> list[Labelled]:
    """List the images of `folder` that the table labels, in its order.

    Raises:
        UserError: naming the table and the rows that are wrong: not UTF-8, unknown columns, a
            wrong number of fields, no label, an image that is missing or named twice.
    """
    rows = _rows(table)
    _, header = next(rows, (1, []))
    key = _key_column(table, [name.strip() for name in header])
    by_name = _files_by_id(folder) if key == "id" else {}
    found, mistakes, first_row = [], [], {}
    for number, row in rows:
        said = f"{table}: row {number}"
        if len(row) != len(header):
            mistakes.append(f"{said}: {len(row)} fields, expected {len(header)}; correct the row")
            continue
        name, label = (row[[c.strip() for c in header].index(c)].strip() for c in (key, "label"))
        said = f"{said}: {key} '{name}'"
        files = by_name.get(name, []) if key == "id" else _named_file(folder, name)
        mistakes += _label_mistakes(label, said)
        if len(files) != 1:
            mistakes.append(f"{said}: {_how_missing(files, folder, key, name)}")
            continue
        first = first_row.setdefault(files[0].resolve(), number)
        if first != number:
            mistakes.append(f"{said}: a duplicate of row {first}; remove one of them")
        else:
            found.append(Labelled(files[0], label, said))
    _refuse(mistakes)
    if not found:
        raise UserError(f"{table}: the table has no rows; add one for each image")
    return found


def _rows(table: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the table's rows that are not blank, with their line numbers in the file."""
    if not table.is_file():
        raise UserError(f"{table}: there is no such file; correct `labels` in params.yaml")
    content = table.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{table}: line {line} is not UTF-8 (byte 0x{content[error.start]:02x}); save the "
            "table as UTF-8"
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    try:
        for row in reader:
            if any(field.strip() for field in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise UserError(
            f"{table}: line {reader.line_num}: not valid CSV ({error}); correct it"
        ) from None


def _key_column(table: Path, header: list[str]) -> str:
    """Return the column that names the image: id or filename."""
    expected = "expected `id,label` or `filename,label`"
    if not header:
        raise UserError(f"{table}: the file is empty; {expected}, then a row for each image")
    for name in header:
        for mark, called in ((";", "semicolons"), ("\t", "tabs")):
            if mark in name:
                raise UserError(f"{table}: separated by {called}; save it with commas: {expected}")
        if name not in ("id", "filename", "label"):
            close = nearest(name.lower(), ["id", "filename", "label"])
            raise UserError(f"{table}: unknown column '{name}'{close}; {expected}")
    if sorted(header) not in (["id", "label"], ["filename", "label"]):
        raise UserError(f"{table}: the columns are `{','.join(header)}`; {expected}")
    return "id" if "id" in header else "filename"


def _files_by_id(folder: Path) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in ENDINGS and path.is_file():
            files.setdefault(path.stem, []).append(path)
    return files


def _named_file(folder: Path, name: str) -> list[Path]:
    # "\0" and over-long names are refused by the operating system with an exception.
    path = folder / name
    try:
        return [path] if name and path.is_file() else []
    except (ValueError, OSError):
        return []


def _how_missing(files: list[Path], folder: Path, key: str, name: str) -> str:
    if files:
        shown = " and ".join(path.name for path in files)
        return f"{shown} are both in {folder}; remove one, or use a filename column"
    looked_for = f"{name}.png, .jpg or .jpeg" if key == "id" else f"file {name!r}"
    if key == "id" and Path(name).suffix.lower() in ENDINGS:
        return f"there is no {looked_for} in {folder}; for names with an ending, use `filename`"
    return f"there is no {looked_for} in {folder}; add the image or remove the row"


def _label_mistakes(label: str, said: str) -> list[str]:
    if not label:
        return [f"{said}: the label is empty; write the class' name"]
    if not label.isprintable():
        return [f"{said}: label {label!r} has characters that cannot be shown; rename the class"]
    return []


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
        f"{image.said}: {image.path} leads out of the folder, to {image.path.resolve()}; copy the "
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
    from stages.datasets.decoding import UNREADABLE, as_pixels, opened

    pixels = np.empty(shape, dtype=np.uint8)
    mistakes: list[str] = []
    for index, image in enumerate(images):
        try:
            upright = opened(image.path)
        except UNREADABLE as error:
            at = "" if image.said == str(image.path) else f"{image.said}: "
            mistakes.append(f"{at}{image.path}: {_why(image.path, error)}")
            if len(mistakes) == SHOWN_MISTAKES:
                mistakes.append("stopped here; there may be more")
                break
        else:
            pixels[index] = as_pixels(upright, options.size[0], options.size[1], options.colour)
    if mistakes:
        raise UserError(_lines(mistakes))
    return pixels


def _why(path: Path, error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "permission denied; make the file readable"
    if path.stat().st_size == 0:
        return "the file is empty; replace it or take it away"
    from PIL import Image

    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return "far too many pixels; make the image smaller or take it away"
    return "cannot be decoded as PNG or JPEG, it is damaged or something else; replace it"


def _refuse(mistakes: list[str]) -> None:
    """Raise a UserError with the first few mistakes, if there are any."""
    if mistakes:
        left_out = len(mistakes) - SHOWN_MISTAKES
        more = [f"… and {left_out:,} more"] if left_out > 0 else []
        raise UserError(_lines(mistakes[:SHOWN_MISTAKES] + more))


def _lines(mistakes: list[str]) -> str:
    """Put each mistake on a line, also where a file's name has a line break in it."""
    return "\n       ".join(map(printable, mistakes))
