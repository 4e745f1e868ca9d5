"""Which images of a folder have which label: by a table, or by the subfolder they are in."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from heatproof.run.errors import UserError, nearest, printable

ENDINGS = (".png", ".jpg", ".jpeg")
NO_CLASSES = ("__MACOSX", "__pycache__")  # what archivers and Python leave behind
OTHER_IMAGES = (".bmp", ".gif", ".heic", ".tif", ".tiff", ".webp")
SHOWN_MISTAKES = 5


@dataclass(frozen=True)
class Labelled:
    """An image file, its label, and where the label stands, for messages."""

    path: Path
    label: str
    place: str


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
    images = []
    for subfolder in classes:
        label = subfolder.name.strip()
        files = sorted(path for path in subfolder.iterdir() if not path.name.startswith("."))
        members = [path for path in files if path.suffix.lower() in ENDINGS and path.is_file()]
        images += [Labelled(path, label, str(path)) for path in members]
        mistakes += _label_mistakes(label, str(subfolder))
        for path in files:
            if path.is_dir():
                mistakes.append(f"{path}: a folder in a class folder; move its images up into it")
            elif path.suffix.lower() in OTHER_IMAGES:
                mistakes.append(f"{path}: not PNG or JPEG; convert it, or take it away")
            elif path.suffix.lower() in ENDINGS and not path.is_file():
                mistakes.append(f"{path}: a link that leads nowhere, or no file; take it away")
        if not members:
            mistakes.append(f"{subfolder}: no PNG or JPEG in it; add images or remove the folder")
    refuse(mistakes)
    return images


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
    images, mistakes, first_row = [], [], {}
    for number, row in rows:
        place = f"{table}: row {number}"
        if len(row) != len(header):
            mistakes.append(f"{place}: {len(row)} fields, expected {len(header)}; correct the row")
            continue
        name, label = (row[[c.strip() for c in header].index(c)].strip() for c in (key, "label"))
        place = f"{place}: {key} '{name}'"
        files = by_name.get(name, []) if key == "id" else _named_file(folder, name)
        mistakes += _label_mistakes(label, place)
        if len(files) != 1:
            mistakes.append(f"{place}: {_how_missing(files, folder, key, name)}")
            continue
        first = first_row.setdefault(files[0].resolve(), number)
        if first != number:
            mistakes.append(f"{place}: a duplicate of row {first}; remove one of them")
        else:
            images.append(Labelled(files[0], label, place))
    refuse(mistakes)
    if not images:
        raise UserError(f"{table}: the table has no rows; add one for each image")
    return images


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
    expected = f"{name}.png, .jpg or .jpeg" if key == "id" else f"file {name!r}"
    if key == "id" and Path(name).suffix.lower() in ENDINGS:
        return f"there is no {expected} in {folder}; for names with an ending, use `filename`"
    return f"there is no {expected} in {folder}; add the image or remove the row"


def _label_mistakes(label: str, place: str) -> list[str]:
    if not label:
        return [f"{place}: the label is empty; write the class' name"]
    if not label.isprintable():
        return [f"{place}: label {label!r} has characters that cannot be shown; rename the class"]
    return []


def refuse(mistakes: list[str]) -> None:
    """Raise a UserError with the first few mistakes, if there are any."""
    if mistakes:
        left_out = len(mistakes) - SHOWN_MISTAKES
        more = [f"… and {left_out:,} more"] if left_out > 0 else []
        raise UserError(listed(mistakes[:SHOWN_MISTAKES] + more))


def listed(mistakes: list[str]) -> str:
    """Put each mistake on a line, also where a file's name has a line break in it."""
    return "\n       ".join(map(printable, mistakes))
