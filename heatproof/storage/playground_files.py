"""A cell's network for the report's live page: data/playground/<cell>.json."""

from pathlib import Path
from typing import Any

from heatproof.storage import paths
from heatproof.storage.formats import read_record, write_record

REFUSED = "refused"


def read(cell: str, study: Path = Path()) -> dict[str, Any]:
    """Read a network as `playground.export.record` gives it, or `REFUSED`: why there is none.

    Raises:
        UserError: the file is missing or damaged.
    """
    return read_record(study / paths.playground(cell), f"playground@{cell}")


def write(cell: str, content: dict[str, Any]) -> None:
    """Write a network, or why there is none."""
    write_record(paths.playground(cell), content, f"playground@{cell}")
