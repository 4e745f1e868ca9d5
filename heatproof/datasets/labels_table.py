"""Images whose labels are in a table: CSV, with tabs or semicolons too, further columns allowed."""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from heatproof.datasets.box_columns import BoxColumns
from heatproof.datasets.labelled_files import (
    PARTS,
    TRAIN,
    Labelled,
    Listing,
    is_hidden,
    is_image,
    label_mistakes,
    names,
    refuse,
)
from heatproof.run.errors import UserError, nearest

# What columns are called, in any case; the first that is there counts.
IMAGE_COLUMNS = ("filename", "file", "path", "image", "image_id", "id")
LABEL_COLUMNS = ("label", "class", "target")
SPLIT_COLUMNS = ("split",)
GROUP_COLUMNS = ("group", "group_id", "patient", "patient_id")
_MAX_MISTAKES = 10_000
_EXPECTED = "expected `id,label` or `filename,label`"


@dataclass
class _Folder:
    """Which files are in a folder, and which images have a name without its ending."""

    place: Path
    files: set[str] = field(default_factory=set)
    stems: dict[str, list[str]] = field(default_factory=dict)


class _Folders:
    """The folders that a table's names lead to, each read once: a table may have a million rows."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._by_name: dict[str, _Folder] = {}
        self._by_place: dict[Path, _Folder] = {}

    def images(self, name: str) -> list[Path]:
        """Return the file of a name, or the images that have it without their endings."""
        above, _, last = name.rpartition("/")
        if above not in self._by_name:
            self._by_name[above] = self._read(self._root / above)
        inside = self._by_name[above]
        found = [last] if last in inside.files else inside.stems.get(last, [])
        return [inside.place / each for each in found]

    def without_row(self, listed: Iterable[Labelled]) -> list[str]:
        """Return the names of the images in these folders that are not listed."""
        used = {str(image.path) for image in listed}
        return [
            name
            for folder in self._by_place.values()
            for name in sorted(folder.files)
            if is_image(name) and str(folder.place / name) not in used
        ]

    def _read(self, place: Path) -> _Folder:
        try:
            with os.scandir(place) as entries:
                resolved = place.resolve()
                # One path per image, however the table names its folder.
                if resolved in self._by_place:
                    return self._by_place[resolved]
                files = {entry.name for entry in entries if entry.is_file()}
                inside = self._by_place[resolved] = _Folder(place, files)
                for name in sorted(files):
                    if is_image(name) and not is_hidden(name):
                        inside.stems.setdefault(name.rpartition(".")[0], []).append(name)
            return self._by_place[resolved]
        # There is none, or the operating system refuses its name: "\0", over-long, a circle.
        except (ValueError, OSError, RuntimeError):
            return _Folder(place)


@dataclass(frozen=True)
class _Columns:
    """Where in a row the image's name, its label, its part, group and boxes stand; all names."""

    image: int
    label: int
    part: int | None
    group: int | None
    boxes: BoxColumns
    header: list[str]


def labelled_by_table(table: Path, folder: Path) -> Listing:
    """List the images of `folder` that the table labels, in its order.

    A table of boxes has a row for each of an image's objects, all with the same label.

    Raises:
        UserError: naming the table and the rows that are wrong: not UTF-8, no column for images or
            labels, a wrong number of fields, no label, an image that is missing or named twice.
    """
    rows = _rows(table)
    columns = _columns(table, next(rows, (1, []))[1])
    key = columns.header[columns.image]
    folders = _Folders(folder)
    mistakes: list[str] = []
    first_row: dict[str, tuple[int, int]] = {}
    listing = Listing(split=columns.part is not None)
    for number, row in rows:
        if len(mistakes) >= _MAX_MISTAKES:
            refuse(mistakes, ending="; no further row was read")
        if len(row) != len(columns.header):
            mistakes.append(
                f"{table}: row {number}: {len(row)} fields, expected {len(columns.header)}; "
                "correct the row"
            )
            continue
        name, label = row[columns.image].strip(), row[columns.label].strip()
        place = f"{table}: row {number}: {key} '{name}'"
        found = folders.images(name)
        mistakes += label_mistakes(label, place)
        part = TRAIN if columns.part is None else PARTS.get(row[columns.part].strip().lower(), "")
        if not part:
            mistakes.append(
                f"{place}: split '{row[columns.part or 0]}'; expected train, val or test"
            )
        if len(found) != 1:
            mistakes.append(f"{place}: {_how_missing(found, folder, name)}")
            continue
        try:
            boxes = columns.boxes.boxes(row)
        except ValueError as error:
            mistakes.append(f"{place}: {error}")
            continue
        group = "" if columns.group is None else row[columns.group].strip()
        image = Labelled(found[0], label, place, part, group, boxes)
        first, index = first_row.setdefault(str(found[0]), (number, len(listing.images)))
        if first == number:
            listing.images.append(image)
            continue
        other = listing.images[index]
        if not boxes or not other.boxes:
            mistakes.append(f"{place}: a duplicate of row {first}; remove one of them")
        elif (label, part, group) != (other.label, other.part, other.group):
            mistakes.append(f"{place}: '{label}' here, '{other.label}' in row {first}; one image "
                            "has one label, one part and one group")  # fmt: skip
        else:
            listing.images[index] = replace(other, boxes=other.boxes + boxes)
    refuse(mistakes)
    if not listing.images:
        raise UserError(f"{table}: the table has no rows; add one for each image")
    _remark(listing, columns, folders)
    return listing


def folder_of_most(table: Path, folders: Sequence[Path]) -> Path:
    """Return the folder in which most of the table's images are, the first of several.

    Raises:
        UserError: as `labelled_by_table`, of what is wrong before the first row.
    """
    rows = _rows(table)
    image = _columns(table, next(rows, (1, []))[1]).image
    named = [row[image].strip() for _, row in rows if len(row) > image]
    best, fewest = folders[0], len(named)
    for folder in folders:
        inside = _Folders(folder)
        missing = (name for name in named if len(inside.images(name)) != 1)
        # No further than needed to know that it is no better.
        count = sum(1 for _ in islice(missing, fewest))
        if count < fewest:
            best, fewest = folder, count
    return best


def _remark(listing: Listing, columns: _Columns, folders: _Folders) -> None:
    used = {columns.image, columns.label, columns.part, columns.group, *columns.boxes.columns}
    unused = [name for index, name in enumerate(columns.header) if index not in used]
    if unused:
        listing.remarks.append(f"columns of the table that are not used: {', '.join(unused)}")
    without = folders.without_row(listing.images)
    if without:
        listing.remarks.append(
            f"{len(without):,} images have no row and are left out: {names(without)}"
        )


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
    header = text.lstrip().partition("\n")[0]
    mark = max(",\t;", key=header.count)  # a comma where there is none of them
    reader = csv.reader(
        io.StringIO(text, newline=""), strict=True, skipinitialspace=True, delimiter=mark
    )
    try:
        for row in reader:
            if any(field.strip() for field in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise UserError(
            f"{table}: line {reader.line_num}: not valid CSV ({error}); correct it"
        ) from None


def _columns(table: Path, header: list[str]) -> _Columns:
    header = [name.strip() for name in header]
    folded = [name.lower() for name in header]
    if not header:
        raise UserError(f"{table}: the file is empty; {_EXPECTED}, then a row for each image")
    twice = sorted({name for name in folded if folded.count(name) > 1})
    if twice:
        raise UserError(f"{table}: two columns are called '{twice[0]}'; {_EXPECTED}")
    image, label, part, group = (
        next((folded.index(name) for name in known if name in folded), None)
        for known in (IMAGE_COLUMNS, LABEL_COLUMNS, SPLIT_COLUMNS, GROUP_COLUMNS)
    )
    if image is None or label is None:
        known = LABEL_COLUMNS if image is not None else IMAGE_COLUMNS
        close = next(filter(None, (nearest(name, list(known)) for name in folded)), "")
        raise UserError(
            f"{table}: no column for {'labels' if known is LABEL_COLUMNS else 'images'} in "
            f"`{','.join(header)}`{close}; {_EXPECTED} (images: {', '.join(IMAGE_COLUMNS)}; "
            f"labels: {', '.join(LABEL_COLUMNS)})"
        )
    return _Columns(image, label, part, group, BoxColumns(folded), header)


def _how_missing(found: list[Path], folder: Path, name: str) -> str:
    if found:
        shown = " and ".join(path.name for path in found)
        return f"{shown} are both in {found[0].parent}; remove one, or write which in the table"
    return f"there is no such image in {folder}; add it or remove the row"
