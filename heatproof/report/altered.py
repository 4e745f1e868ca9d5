"""Results that are not what DVC recorded: looked for where no report can be made of them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from heatproof.config.yaml_file import read_yaml
from heatproof.run.errors import UserError

LOCK = Path("dvc.lock")


def refuse_altered() -> None:
    """Tell damaged files from a bug, of which this says nothing.

    Raises:
        UserError: a file of results is not what dvc.lock records, with the stage that makes it.
    """
    if not LOCK.exists():
        return
    for path, md5, stage in _recorded():
        if path.is_file() and hashlib.md5(path.read_bytes(), usedforsecurity=False).digest() != md5:
            raise UserError(
                f"{path}: the file is not the one that {LOCK} records: it is damaged, or was "
                f"edited; make it again with `dvc repro -f {stage}`"
            )


def _recorded() -> Iterator[tuple[Path, bytes, str]]:
    """Return each file, its checksum and its stage; of folders DVC has another checksum."""
    for stage, entry in read_yaml(LOCK)["stages"].items():
        for out in entry.get("outs", ()):
            if not out["md5"].endswith(".dir"):
                yield Path(out["path"]), bytes.fromhex(out["md5"]), stage
