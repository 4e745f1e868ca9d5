"""A network that was brought as a program: a SavedModel, or an ONNX file.

Which of them a path is, and what of its files is accepted. `saved_model` and `onnx_file` read one,
`black_box` runs it, and `program_network` makes it a network.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from heatproof.run.errors import UserError

Kind = Literal["saved_model", "onnx"]
Run = Callable[[Any], Any]  # images, a tensor as the program takes them -> scores, (n, classes)
SAVED_MODEL, ONNX = "saved_model.pb", ".onnx"
MOST_BYTES = 4 * 2**30  # of what is brought, as of a Keras file
MOST_CONTENT = 2**31 - 2**20  # of a program: what a message of protobuf may have
MOST_NODES = 200_000  # of a program, its functions in the place of their calls
_MOST_MEMBERS, _DEEPEST = 1000, 20  # of its files, and folders in folders


@dataclass(frozen=True)
class Program:
    """A program as it was read.

    content: what `runner` of its kind's module runs; a softmax, a logarithm of one, or a sigmoid
    at its end is taken off. shape: of its input, None in it where any, None where it does not say.
    dtype: of its input. ends_in: its last operation. parameters: how many numbers were trained.
    """

    kind: Kind
    content: bytes
    shape: tuple[int | None, ...] | None
    dtype: str
    ends_in: str
    parameters: int


def kind_of(path: Path) -> Kind | None:
    """Say which kind of program a file or a folder is; None where it is something else."""
    if path.is_dir():
        if any((path / name).exists() for name in (SAVED_MODEL, "saved_model.pbtxt")):
            return "saved_model"
        return "onnx" if any(path.glob(f"*{ONNX}")) else None
    return "onnx" if path.suffix.lower() == ONNX else None


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file; of a folder that of its files' names and SHA-256."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for member in sorted(_members(path)):
        digest.update(f"{member.relative_to(path).as_posix()} {checksum(member)}\n".encode())
    return digest.hexdigest()


def require_plain(path: Path) -> None:
    """Refuse a folder with links, files for the program to read, or more than fits; a large file.

    And what is neither, as a pipe is.

    Raises:
        UserError: it has them.
    """
    if path.is_file():
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{path}: larger than {MOST_BYTES // 2**30} GiB")
        return
    if not path.is_dir():  # a pipe would be waited for, a device read for ever
        raise UserError(f"{path}: this is no file and no folder; expected a network")
    size = 0
    for count, member in enumerate(_members(path), start=1):
        size += member.stat().st_size
        if size > MOST_BYTES or count > _MOST_MEMBERS:
            raise UserError(
                f"{path}: it has more than {_MOST_MEMBERS:,} files or {MOST_BYTES // 2**30} GiB"
            )
        if member.relative_to(path).parts[0] in ("assets", "assets.extra"):
            raise UserError(
                f"{member}: a file for the network to read, which is refused; expected a network "
                "that needs none"
            )


def _members(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        if len(Path(place).relative_to(folder).parts) > _DEEPEST:
            raise UserError(f"{folder}: it has folders more than {_DEEPEST} deep")
        for name in (*folders, *files):
            member = Path(place) / name
            if member.is_symlink() or (name in files and not member.is_file()):
                raise UserError(
                    f"{member}: a link or a device; expected a folder of plain files alone"
                )
        yield from (Path(place) / name for name in files)
