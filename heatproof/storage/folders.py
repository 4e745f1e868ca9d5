"""Folders that are replaced as a whole, or named by the environment, and names of files."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from heatproof.run.errors import UserError


def file_name(name: str) -> str:
    """Return a file name for a cell or dataset: its own where that is plain, else percent-encoded.

    The percent sign is replaced, so that the name is the same in a folder and in a link.
    """
    encoded = quote(name, safe="").replace("~", "%7E").replace("%", "~")
    return f"~2E{encoded[1:]}" if encoded.startswith(".") else encoded


def named_by(variable: str) -> Path | None:
    """Return the folder that an environment variable names, None where it is not set.

    Raises:
        UserError: it names no folder.
    """
    named = os.environ.get(variable)
    if not named:
        return None
    if not Path(named).is_dir():
        raise UserError(f"{variable}={named}: there is no such folder; correct or unset it")
    return Path(named)


def replace_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a new folder and move it to `folder`; if interrupted, the earlier folder stays.

    Raises:
        UserError: `folder` exists and is not a folder.
        OSError: the place cannot be written to, or the disk is full.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: expected a folder, found a file; move this file away")
    new, old = (folder.with_name(f".{folder.name}.{word}") for word in ("new", "old"))
    if old.exists() and not folder.exists():
        old.rename(folder)  # an earlier run was killed between the two renames below
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        fill(new)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except BaseException:
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(new, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
